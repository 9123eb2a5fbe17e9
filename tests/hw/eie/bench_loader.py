"""cocotb tests of the loader; started by test_loader.py."""

import random

import cocotb

from hw.eie.format import PASS_WORDS, Error
from sim.stalls import PROFILES
from tests.hw.eie.frames import activations
from tests.hw.eie.loading import (
    CONFIG,
    LAST_PE,
    LIMIT,
    MEMORIES,
    POINTERS,
    SPMAT,
    LoaderBench,
    small_program,
    values,
)


@cocotb.test(**LIMIT)
@cocotb.parametrize(stalls=PROFILES)
async def test_values(dut, stalls):
    """Programs and activations of all sizes arrive where they belong."""
    rng = random.Random(f"values {stalls}")
    loader = await LoaderBench.start(dut, stalls=stalls)
    await loader.load(rng, memories=MEMORIES, passes=CONFIG.max_passes)
    most = CONFIG.n_pe * CONFIG.file_depth
    for inputs in sorted({1, 2, 3, 4, 5, most - 1, most}):
        await loader.load(rng, inputs=inputs)
        for _ in range(2):
            assert not await loader.check(activations(values(rng, inputs)))
            assert int(dut.inputs_valid.value)
    most = CONFIG.n_pe * (CONFIG.act_depth - 2)
    for inputs in (1, most - 1, most):
        await loader.load(rng, inputs=inputs, in_sram=1, in_base=2)
        assert not await loader.check(activations(values(rng, inputs)))


@cocotb.test(**LIMIT, skip=CONFIG.lean)
async def test_cycles(dut):
    """Every section takes what the docstring promises."""
    rng = random.Random("cycles")
    loader = await LoaderBench.start(dut)
    memories = [(SPMAT, 0, 0, 9), (POINTERS, LAST_PE, 0, 5), (SPMAT, 0, 0, 0)]
    cost = 4 + PASS_WORDS + 9 + (5 if CONFIG.is_wide else 2 * 5) + 0
    await loader.load(rng, memories=memories)
    assert loader.taken[-1] - loader.taken[0] == cost + 3 * 5 - 1
    for inputs in (1, 4, 7):
        await loader.load(rng, inputs=inputs)
        await loader.check(activations(values(rng, inputs)))
        cost = inputs + -inputs % CONFIG.n_pe
        assert loader.taken[-1] - loader.taken[0] == cost + 3 - 1
    assert dut.inputs_valid.value == 1


@cocotb.test(**LIMIT)
async def test_valid_rises(dut):
    """One cycle after the last word; by then the last write is out."""
    rng = random.Random("rises")
    loader = await LoaderBench.start(dut)
    rises = {}

    async def watch(name):
        while True:
            await loader.bench.until(lambda: int(getattr(dut, name).value) == 0, 10_000, "low")
            await loader.bench.until(lambda: int(getattr(dut, name).value) == 1, 10_000, "high")
            rises[name] = loader.bench.cycle

    for name in ("program_valid", "inputs_valid"):
        cocotb.start_soon(watch(name))
    await loader.load(rng, memories=[(SPMAT, 0, 0, 3)], inputs=1)
    assert rises["program_valid"] == loader.taken[-1] + 1
    await loader.check(activations([5]))
    assert rises["inputs_valid"] == loader.taken[-1] + 1


@cocotb.test(**LIMIT)
async def test_enable(dut):
    """Low, it keeps frames from beginning, but not from ending."""
    rng = random.Random("enable")
    loader = await LoaderBench.start(dut)
    dut.enable.value = 0
    frame = small_program(rng)
    await loader.source.send(b"".join(word.to_bytes(8, "little") for word in frame))
    await loader.bench.step(20)
    assert not loader.taken and not int(dut.loading.value)
    dut.enable.value = 1
    await loader.bench.step(8 if CONFIG.lean else 1)
    dut.enable.value = 0
    await loader.bench.until(lambda: int(dut.program_valid.value), 2000, "program")
    assert len(loader.taken) == len(frame)
    await loader.source.send(bytes(8 * 5))
    await loader.bench.step(20)
    assert not int(dut.loading.value)


@cocotb.test(**LIMIT)
@cocotb.parametrize(stalls=["never", "heavy"])
async def test_hold(dut, stalls):
    """No write follows a cycle of hold, and nothing gets lost by it."""
    rng = random.Random("hold")
    loader = await LoaderBench.start(dut, stalls=stalls)
    held = []

    async def hold():
        while True:
            await loader.bench.edge
            held.append(int(dut.hold.value))
            assert not (len(held) > 1 and held[-2] and int(dut.io__valid.value))
            dut.hold.value = rng.random() < 0.5

    cocotb.start_soon(hold())
    for inputs in (3, CONFIG.n_pe + 1):
        await loader.load(rng, memories=MEMORIES, inputs=inputs)
        for _ in range(10):
            assert not await loader.check(activations(values(rng, inputs)))


@cocotb.test(**LIMIT)
async def test_consume(dut):
    rng = random.Random("consume")
    loader = await LoaderBench.start(dut)
    await loader.load(rng, inputs=2)
    await loader.check(activations([1, 2]))
    assert int(dut.inputs_valid.value)
    dut.consume.value = 1
    await loader.bench.step()
    dut.consume.value = 0
    await loader.bench.step(2)
    assert not int(dut.inputs_valid.value) and int(dut.program_valid.value)
    await loader.check(activations([3, 4]))
    assert int(dut.inputs_valid.value)
    await loader.load(rng, inputs=2)
    assert not int(dut.inputs_valid.value)


@cocotb.test(**LIMIT)
async def test_reset_in_mid_frame(dut):
    """Reset at any time, and the first frame after it is judged for itself."""
    rng = random.Random("reset")
    loader = await LoaderBench.start(dut)
    good, frame = small_program(rng), activations(values(rng, 3))
    for _ in range(25):
        await loader.check(good)
        loader.source.send_nowait(b"".join(word.to_bytes(8, "little") for word in good))
        await loader.bench.step(rng.randrange(1, 40))
        loader.source.assert_reset(True)
        loader.source.clear()
        await loader.bench.reset()
        loader.source.assert_reset(False)
        loader.forget()
        assert not int(dut.program_valid.value) and not int(dut.loading.value)
        assert await loader.check(frame) == Error.FORMAT
        assert not await loader.check(good)
        assert not await loader.check(frame)
