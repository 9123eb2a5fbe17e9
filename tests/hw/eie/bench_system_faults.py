"""cocotb tests of the whole engine where something is wrong, or cut short; started by
test_system.py."""

import random
from dataclasses import replace

import cocotb
import numpy as np
from cocotbext.axi import AxiResp

from hw.eie.format import Control, Error, IoTarget, Register, SectionKind, Status
from sw.compress.frame import activation_frame, program_sections
from sw.frame import Section, sections_to_words
from tests.hw.eie.host import Host
from tests.hw.eie.system_cases import CONFIG, LIMIT, SMALL, START


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
