"""cocotb tests of the whole engine; started by test_system.py."""

import random

import cocotb
import numpy as np
from cocotbext.axi import AxiResp

from hw.eie.format import Control, Counter, Error, IoTarget, Register, Status
from sim.stalls import PROFILES
from sw.compress.frame import activation_frame
from tests.hw.eie.host import Host
from tests.hw.eie.system_cases import CONFIG, LIMIT, SMALL, START, Case

CASES = [([5, 3], 1.0), ([20, 9, 1], 0.4), ([3, 30, 12], 0.2), ([50, 17, 6], 0.1)]


@cocotb.test(**LIMIT)
@cocotb.parametrize(case=range(len(CASES)), stalls=PROFILES)
async def test_networks(dut, case, stalls):
    host = await Host.start(dut, stalls=stalls)
    await Case(*CASES[case], seed=case).check(host)


@cocotb.test(**LIMIT)
async def test_pipelined(dut):
    """The host may offer the next activations right after START: they wait for the results."""
    host = await Host.start(dut)
    host.offer(SMALL.frame)
    host.offer(activation_frame(SMALL.inputs[0]))
    for k, outputs in enumerate(SMALL.outputs):
        await host.until(lambda status: Status.LOADED in status and Status.INPUTS in status)
        await host.command(START)
        if k + 1 < len(SMALL.inputs):
            host.offer(activation_frame(SMALL.inputs[k + 1]))
        np.testing.assert_array_equal(await host.outputs(SMALL.program), outputs)
    assert not await host.errors()


@cocotb.test(**LIMIT)
async def test_replaced(dut):
    """Activations that come before START take the place of those that are there."""
    host = await Host.start(dut)
    await host.load(SMALL.program)
    await host.send(activation_frame(SMALL.inputs[0]))
    np.testing.assert_array_equal(
        await host.infer(SMALL.program, SMALL.inputs[1]), SMALL.outputs[1]
    )


@cocotb.test(**LIMIT)
async def test_start_meets_frame(dut):
    """A frame that begins around START comes before it, and START is refused, or waits for it."""
    host = await Host.start(dut)
    await host.load(SMALL.program)
    first, second = activation_frame(SMALL.inputs[0]), activation_frame(SMALL.inputs[1])
    before = []
    lead = 8 if CONFIG.lean else 0  # a lean array's frame begins when its first word has been read
    for delay in range(-lead, 12):
        await host.send(first)
        if delay < 0:
            host.offer(second)
        await host.bench.step(max(-delay, 0))
        starting = cocotb.start_soon(host.command(START))
        await host.bench.step(max(delay, 0))
        if delay >= 0:
            host.offer(second)
        await starting
        await host.source.wait()
        before.append(await host.errors() == Error.REFUSED)
        if not before[-1]:
            np.testing.assert_array_equal(await host.outputs(SMALL.program), SMALL.outputs[0])
        await host.until(lambda status: Status.INPUTS in status)
        await host.command(START)
        np.testing.assert_array_equal(await host.outputs(SMALL.program), SMALL.outputs[1])
        assert not await host.errors()
    assert before[0] and not before[-1]
    assert before == sorted(before, reverse=True)


@cocotb.test(**LIMIT)
async def test_status(dut):
    """STATUS and irq along one inference."""
    host = await Host.start(dut)
    assert not await host.status() and not int(dut.irq.value)
    await host.load(SMALL.program)
    assert await host.status() == Status.LOADED
    await host.send(activation_frame(SMALL.inputs[0]))
    assert await host.status() == Status.LOADED | Status.INPUTS
    host.sink.clear_pause_generator()
    host.sink.pause = True
    await host.command(START)
    assert await host.status() == Status.LOADED | Status.BUSY
    await host.bench.until(lambda: int(dut.irq.value), 5000, "irq")
    assert await host.status() == Status.LOADED | Status.DONE | Status.READING
    host.offer(activation_frame(SMALL.inputs[1]))
    await host.bench.step(50)
    assert await host.status() == Status.LOADED | Status.DONE | Status.READING
    host.sink.pause = False
    np.testing.assert_array_equal(await host.outputs(SMALL.program), SMALL.outputs[0])
    await host.until(lambda status: status == Status.LOADED | Status.INPUTS | Status.DONE)
    assert int(dut.irq.value)
    await host.command(START)
    assert not int(dut.irq.value)
    np.testing.assert_array_equal(await host.outputs(SMALL.program), SMALL.outputs[1])


@cocotb.test(**LIMIT)
async def test_cycles(dut):
    """CYCLES is what the host sees between START and irq, and the passes' cycles lead up to it."""
    host = await Host.start(dut)
    await SMALL.check(host)
    await host.send(activation_frame(SMALL.inputs[0]))
    seen = {}

    async def watch():
        await host.bench.until(lambda: not int(dut.irq.value), 100, "start")
        seen["start"] = host.bench.cycle
        await host.bench.until(lambda: int(dut.irq.value), 5000, "irq")
        seen["irq"] = host.bench.cycle

    watching = cocotb.start_soon(watch())
    await host.command(START)
    await watching
    await host.outputs(SMALL.program)
    cycles = await host.read(Register.CYCLES)
    assert 0 <= seen["irq"] - seen["start"] - cycles <= 2
    if CONFIG.lean:
        return
    passes = []
    for number in range(len(SMALL.program.passes)):
        await host.write(Register.PASS_SELECT, number)
        passes.append(await host.read(Register.PASS_CYCLES))
    assert passes == sorted(passes) and passes[0] > 0 and cycles - 2 <= passes[-1] <= cycles
    if CONFIG.counters:
        entries = [await host.counter(Counter.ENTRIES, pe) for pe in range(CONFIG.n_pe)]
        assert 0 < sum(entries) <= SMALL.program.entries
        busy = [await host.counter(Counter.BUSY, pe) for pe in range(CONFIG.n_pe)]
        assert sum(busy) <= sum(entries) <= CONFIG.lanes * sum(busy)


@cocotb.test(**LIMIT, skip=CONFIG.lean)
@cocotb.parametrize(stalls=["never", "bursty"])
async def test_read_back(dut, stalls):
    """Memories hold what the program says; a read-back changes nothing. A unit of pointers is a
    pair, in a wide array a word."""
    host = await Host.start(dut, stalls=stalls)
    await host.load(SMALL.program)
    unit, dtype = (4, "<u8") if CONFIG.is_wide else (2, "<u4")
    filling = -SMALL.program.pointers.shape[1] % unit
    pointers = np.pad(SMALL.program.pointers, ((0, 0), (0, filling)))
    units = pointers.astype("<u2").view(dtype)
    for pe in sorted({0, CONFIG.n_pe - 1}):
        for target, rows in ((IoTarget.POINTERS, units), (IoTarget.SPMAT, SMALL.program.spmat)):
            found = await host.read_back(target, pe, 0, rows.shape[1])
            np.testing.assert_array_equal(found, rows[pe])
    await SMALL.infer(host)
    outputs = SMALL.outputs[-1]
    for pe in range(min(CONFIG.n_pe, len(outputs), 3)):
        mine = outputs[pe :: CONFIG.n_pe].astype(np.uint16)
        base = SMALL.program.out_base
        found = await host.read_back(IoTarget.ACTIVATION_SRAM, pe, base, len(mine))
        np.testing.assert_array_equal(found, mine)
    await SMALL.infer(host)


@cocotb.test(**LIMIT, skip=CONFIG.lean)
async def test_read_back_aborted(dut):
    """What comes out before an abort, and with it, is right."""
    host = await Host.start(dut, stalls="light")
    await host.load(SMALL.program)
    words = SMALL.program.spmat[0]
    rng = random.Random("aborted")
    for _ in range(12):
        await host.write(Register.READ_ADDRESS, IoTarget.SPMAT << 28)
        await host.write(Register.READ_LENGTH, len(words))
        await host.command(Control.READ_BACK)
        await host.bench.step(rng.randrange(12))
        await host.command(Control.ABORT)
        packet = np.frombuffer(await host.receive(), "<u8")
        np.testing.assert_array_equal(packet, words[: len(packet)])
    await SMALL.infer(host)


@cocotb.test(**LIMIT, skip=CONFIG.lean)
async def test_counters_in_between(dut):
    """Counters are read while a frame comes in, while computing and while results leave."""
    host = await Host.start(dut, stalls="light")
    going = True

    async def read():
        rng, count = random.Random("between"), 0
        while going:
            counter, pe = rng.choice(list(Counter)), rng.randrange(CONFIG.n_pe)
            await host.write(Register.COUNTER_SELECT, counter | pe << 8)
            reply = await host.axil.read(Register.COUNTER_DATA, 4)
            assert reply.resp == (AxiResp.OKAY if CONFIG.counters else AxiResp.SLVERR)
            count += 1
        return count

    reading = cocotb.start_soon(read())
    await host.source.send(SMALL.frame.astype("<u8").tobytes())
    await host.source.wait()
    for vector, outputs in zip(SMALL.inputs, SMALL.outputs, strict=True):
        await host.source.send(activation_frame(vector).astype("<u8").tobytes())
        await host.until(lambda status: Status.LOADED in status and Status.INPUTS in status)
        await host.command(START)
        np.testing.assert_array_equal(await host.outputs(SMALL.program), outputs)
    going = False
    assert await reading > 10
    for pe in range(CONFIG.n_pe):
        rows = SMALL.program.spmat
        found = await host.read_back(IoTarget.SPMAT, pe, 0, rows.shape[1])
        np.testing.assert_array_equal(found, rows[pe])
