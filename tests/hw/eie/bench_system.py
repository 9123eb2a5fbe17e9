"""cocotb tests of the whole engine; started by test_system.py."""

import random
from dataclasses import replace

import cocotb
import numpy as np
from cocotbext.axi import AxiResp
from host import Host

from hw.eie.config import EieConfig
from hw.eie.format import Control, Counter, Error, IoTarget, Register, SectionKind, Status
from sim.runner import bench_parameters
from sim.stalls import PROFILES
from sw.compress.frame import activation_frame, program_frame, program_sections
from sw.compress.layout import build_program
from sw.compress.random import random_inputs, random_quantised
from sw.frame import Section, sections_to_words
from sw.golden.eie import GoldenEie

LIMIT = {"timeout_time": 10000, "timeout_unit": "us"}
"""A test that waits for ever fails instead."""

CONFIG = EieConfig(**bench_parameters()["config"])
CASES = [([5, 3], 1.0), ([20, 9, 1], 0.4), ([3, 30, 12], 0.2), ([50, 17, 6], 0.1)]
START = Control.START


class Case:
    """A random network with its program, inputs and what it must answer."""

    def __init__(self, sizes, density, seed, batch=3):
        rng = np.random.default_rng(seed)
        self.network = random_quantised(rng, sizes, density)
        self.program = build_program(self.network, CONFIG)
        self.inputs = random_inputs(rng, self.network, batch)
        self.outputs = GoldenEie(self.network)(self.inputs).numpy()
        self.frame = program_frame(self.program)

    async def check(self, host):
        """Everything loaded afresh; every answer right; no error."""
        await host.load(self.program)
        await self.infer(host)

    async def infer(self, host):
        for vector, outputs in zip(self.inputs, self.outputs, strict=True):
            np.testing.assert_array_equal(await host.infer(self.program, vector), outputs)
        assert not await host.errors()


SIZES, DENSITY = ([9, 31, 1], 1.0) if CONFIG.is_wide else ([9, 7, 5], 0.5)
SMALL = Case(SIZES, DENSITY, seed=11, batch=2)
"""A wide array's has groups, and a layer split over the PEs."""
assert any(each.group for each in SMALL.program.passes) == CONFIG.is_wide
assert any(each.split for each in SMALL.program.passes) == CONFIG.is_wide


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


@cocotb.test(**LIMIT)
async def test_refused(dut):
    """START and READ_BACK only when they can be done."""
    host = await Host.start(dut)

    async def refused(bits):
        await host.command(bits)
        return await host.errors() == Error.REFUSED

    assert await refused(START)
    await host.load(SMALL.program)
    assert await refused(START)
    await host.send(activation_frame(SMALL.inputs[0]))
    assert await refused(START | Control.ABORT)
    if CONFIG.lean:
        assert await refused(Control.READ_BACK)
        assert (await host.axil.read(Register.READ_LENGTH, 4)).resp == AxiResp.SLVERR
        return
    await host.write(Register.READ_LENGTH, 0)
    assert await refused(Control.READ_BACK)
    await host.write(Register.READ_LENGTH, 1)
    await host.write(Register.READ_ADDRESS, IoTarget.SOURCE_FILE << 28)
    assert await refused(Control.READ_BACK)
    await host.write(Register.READ_ADDRESS, IoTarget.SPMAT << 28)
    await host.command(START)
    assert await refused(START) and await refused(Control.READ_BACK)
    np.testing.assert_array_equal(await host.outputs(SMALL.program), SMALL.outputs[0])
    assert await refused(START)
    assert len(await host.read_back(IoTarget.SPMAT, 0, 0, 1)) == 1


@cocotb.test(**LIMIT)
async def test_descriptors(dut):
    """A program with one descriptor out of range never becomes LOADED."""
    host = await Host.start(dut)
    for field, value in {
        "spmat_base": CONFIG.spmat_depth - 4,
        "entry_base": CONFIG.spmat_depth + 1,
        "ptr_base": CONFIG.ptr_depth - 1,
        "columns": 0xFFFF,
        "bias_rows": 255,
        "drain_rows": 255,
        "group": 7,
    }.items():
        sections = program_sections(SMALL.program)
        *good, last = SMALL.program.passes
        passes = [*good, replace(last, **{field: value})]
        words = [word for each in passes for word in each.words]
        sections[1] = Section(SectionKind.PASSES, np.array(words, np.uint64))
        await host.send(sections_to_words(sections))
        await host.send(activation_frame(SMALL.inputs[0]))
        await host.bench.step(40 * len(passes))
        assert await host.status() == Status.INPUTS, field
        assert await host.errors() == Error.DESCRIPTOR, field
        await host.command(START)
        assert await host.errors() == Error.REFUSED
    await SMALL.check(host)


@cocotb.test(**LIMIT)
@cocotb.parametrize(stalls=["never", "light"])
async def test_watchdog(dut, stalls):
    """An inference that takes too long is stopped: no results, irq, and the next one is right."""
    host = await Host.start(dut, stalls=stalls)
    await SMALL.check(host)
    cycles = await host.read(Register.CYCLES)
    for limit in (1, 2, cycles // 2, cycles - 3):
        await host.write(Register.WATCHDOG, limit)
        await host.send(activation_frame(SMALL.inputs[0]))
        await host.command(START)
        await host.bench.until(lambda: int(dut.irq.value), limit + 50, "irq")
        assert await host.status() == Status.LOADED
        assert await host.errors() == Error.WATCHDOG
        await host.bench.step(2)
        assert not int(dut.irq.value) and host.sink.empty()
        await host.write(Register.WATCHDOG, 2 * cycles)
        await SMALL.infer(host)


@cocotb.test(**LIMIT)
@cocotb.parametrize(stalls=["never", "light"])
async def test_abort(dut, stalls):
    """ABORT at any time of an inference leaves an idle machine that goes on as if nothing was."""
    host = await Host.start(dut, stalls=stalls)
    await SMALL.check(host)
    cycles = await host.read(Register.CYCLES)
    rng = random.Random(f"abort {stalls}")
    stopped = 0
    for _ in range(25):
        await host.send(activation_frame(SMALL.inputs[0]))
        await host.command(START)
        await host.bench.step(rng.randrange(1, cycles + 30))
        await host.command(Control.ABORT)
        status = await host.until(
            lambda status: not (Status.BUSY | Status.READING) & status, what="idle"
        )
        if Status.DONE in status:
            packet = await host.receive()
            right = SMALL.outputs[0].astype("<i2").tobytes()
            assert packet == right[: len(packet)]
        else:
            stopped += 1
            assert host.sink.empty() and not int(dut.irq.value)
        assert not await host.errors()
        await SMALL.infer(host)
    assert stopped > 5


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


@cocotb.test(**LIMIT)
async def test_reset_in_mid_work(dut):
    """Reset during loading, computing and sending; then all is as at power-on."""
    host = await Host.start(dut, stalls="light")
    rng = random.Random("reset")
    for k in range(15):
        if k % 3:
            await SMALL.check(host)
            await host.send(activation_frame(SMALL.inputs[0]))
            await host.command(START)
            await host.bench.step(rng.randrange(1, 150))
        else:
            host.offer(SMALL.frame)
            await host.bench.step(rng.randrange(1, len(SMALL.frame)))
        await host.reset()
        assert not await host.status() and not await host.errors()
        await host.command(START)
        assert await host.errors() == Error.REFUSED
    await SMALL.check(host)


def damaged(rng, frame):
    """The frame with bytes changed, words lost or added, or an end too early."""
    words = list(frame)
    match rng.randrange(6):
        case 0:
            del words[rng.randrange(1, len(words)) :]
        case 1:
            del words[rng.randrange(len(words))]
        case 2:
            words.insert(rng.randrange(len(words)), rng.getrandbits(64))
        case _:
            for _ in range(rng.choice((1, 1, 1, 2, 9))):
                k = rng.randrange(len(words))
                byte = rng.randrange(1, 256) << 8 * rng.randrange(8)
                words[k] = int(words[k]) ^ byte
    return np.array(words, np.uint64)


@cocotb.test(**LIMIT)
async def test_fuzz_images(dut):
    """300 damaged frames: each raises an error, none lets START through, a good one always does."""
    host = await Host.start(dut)
    rng = random.Random("images")
    for k in range(300):
        activations = k % 3 == 0
        if activations:
            await host.load(SMALL.program)
        good = activation_frame(SMALL.inputs[0]) if activations else SMALL.frame
        frame = damaged(rng, good)
        await host.send(frame)
        assert await host.errors() & ~Error.INPUT_RANGE
        await host.command(START)
        assert await host.errors() == Error.REFUSED
        assert not Status.BUSY & await host.status() and host.sink.empty()
        if k % 20 == 0:
            await SMALL.check(host)
    await SMALL.check(host)


@cocotb.test(**LIMIT)
@cocotb.parametrize(seed=[0, 1])
async def test_fuzz_contents(dut, seed):
    """Frames with right CRCs and wrong contents: answers may be wrong, the machine is not stuck."""
    host = await Host.start(dut)
    rng = random.Random(f"contents {seed}")
    raised = Error(0)
    await host.write(Register.WATCHDOG, 3000)
    for k in range(60):
        sections = program_sections(SMALL.program)
        for _ in range(rng.choice((1, 1, 3, 20))):
            k = rng.randrange(len(sections))
            payload = sections[k].payload.copy()
            at = rng.randrange(len(payload))
            payload[at] ^= np.uint64(rng.getrandbits(64) & rng.getrandbits(64))
            sections[k] = replace(sections[k], payload=payload)
        await host.send(sections_to_words(sections))
        await host.send(activation_frame(SMALL.inputs[0]))
        await host.bench.step(40 * len(SMALL.program.passes))
        status = await host.status()
        errors = await host.errors()
        if Status.LOADED in status and Status.INPUTS in status:
            await host.command(START)
            await host.bench.until(lambda: int(dut.irq.value), 3100, "irq")
            await host.until(lambda status: not (Status.BUSY | Status.READING) & status)
            errors |= await host.errors()
        else:
            assert errors
        raised |= errors
        while not host.sink.empty():
            host.sink.recv_nowait()
        if k % 10 == 0:
            await SMALL.check(host)
    assert raised & (Error.POINTER | Error.DESCRIPTOR | Error.ROW)
    await SMALL.check(host)


@cocotb.test(**LIMIT)
@cocotb.parametrize(seed=[0, 1])
async def test_fuzz_registers(dut, seed):
    """Random accesses to all of the page among frames: all are answered, and good work goes on."""
    host = await Host.start(dut, stalls="light")
    rng = random.Random(f"registers {seed}")
    everywhere = [int(register) for register in Register]
    for k in range(400):
        address = rng.choice((rng.choice(everywhere), rng.randrange(0, 0x1000)))
        value = rng.choice((rng.getrandbits(3), rng.getrandbits(12), rng.getrandbits(32)))
        length = rng.choice((4, 4, 4, 1)) if address % 4 == 0 else 1
        if rng.random() < 0.6:
            reply = await host.axil.write(address, (value % 256**length).to_bytes(length, "little"))
        else:
            reply = await host.axil.read(address, length)
        assert reply.resp in (AxiResp.OKAY, AxiResp.SLVERR)
        if rng.random() < 0.1 and host.source.empty():
            host.offer(rng.choice((SMALL.frame, activation_frame(SMALL.inputs[1]))))
        if k % 50 == 49:
            await host.command(Control.ABORT)
            await host.until(
                lambda status: not (Status.BUSY | Status.READING | Status.LOADING) & status
            )
            await host.source.wait()
            await host.until(lambda status: Status.LOADING not in status)
            while not host.sink.empty():
                host.sink.recv_nowait()
            await host.write(Register.WATCHDOG, 10_000)
            await host.errors()
            await SMALL.check(host)
