"""cocotb tests of the whole streaming network where something is wrong, or cut short; started by
test_system.py."""

import random

import cocotb
import numpy as np

from hw.cnn.format import FRAME_VERSION, Error, Status
from sw.dataflow.frame import network_sections
from sw.frame import sections_to_words
from tests.hw.cnn.host import Host
from tests.hw.cnn.system_cases import (
    CASE,
    IMAGES,
    LIMIT,
    OTHER,
    RUN,
    STOP,
    WORDS,
    loaded,
    network_of,
)


@cocotb.test(**LIMIT)
async def test_refused(dut):
    """RUN without a whole network, or with STOP; it leaves everything as it was."""
    host = await Host.start(dut)

    async def refused(bits=RUN):
        await host.command(bits)
        assert Status.RUNNING not in await host.status()
        assert int(dut.irq.value)
        assert await host.errors() == Error.REFUSED
        assert not int(dut.irq.value)

    await refused()
    words = network_of(CASE)
    host.source.clear_pause_generator()
    host.offer(words)
    await host.bench.step(len(words) // 2)
    host.source.pause = True
    await host.until(lambda status: status == Status.LOADING)
    await refused()
    host.source.pause = False
    await host.until(lambda status: status == Status.LOADED)
    await refused(RUN | STOP)
    await host.run()
    await host.check(CASE)


FAULTS = {
    "crc": Error.CRC,
    "version": Error.FORMAT,
    "order": Error.FORMAT,
    "missing": Error.FORMAT,
    "fingerprint": Error.CONFIG,
    "length": Error.RANGE,
    "early": Error.FORMAT,
    "late": Error.FORMAT,
}


def faulty(fault):
    """A network frame with something wrong."""
    compiled = CASE.compiled
    sections = network_sections(compiled.config, compiled.weights, compiled.parameters)
    words = sections_to_words(sections)
    match fault:
        case "crc":
            words[-3] ^= np.uint64(1)
        case "version":
            sections[0].payload[0] ^= np.uint64(FRAME_VERSION << 32)
        case "fingerprint":
            sections[0].payload[1] ^= np.uint64(1)
        case "order":
            sections[1:3] = sections[2:0:-1]
        case "missing":
            del sections[2]
        case "length":
            object.__setattr__(sections[1], "payload", sections[1].payload[:-1])
        case "early":
            return words[:-1]
        case "late":
            return np.append(words, words[:1])
    return words if fault == "crc" else sections_to_words(sections)


@cocotb.test(**LIMIT)
@cocotb.parametrize(stalls=["never", "light"])
async def test_faulty_networks(dut, stalls):
    """Each names its error and leaves the machine without a network, ready for the next."""
    host = await Host.start(dut, stalls=stalls)
    for fault, error in FAULTS.items():
        await host.load(CASE.compiled)
        await host.send(faulty(fault))
        assert await host.status() == Status(0), fault
        assert int(dut.irq.value)
        assert await host.errors() == error, fault
        await host.command(RUN)
        assert await host.errors() == Error.REFUSED
    await host.load(CASE.compiled)
    await host.run()
    await host.check(CASE)


@cocotb.test(**LIMIT)
@cocotb.parametrize(length=[1, WORDS - 1, WORDS + 1, 3 * WORDS], stalls=["never", "heavy"])
async def test_wrong_image(dut, length, stalls):
    """FRAME; results before it come, all words after it are taken, nothing else comes until STOP
    and RUN."""
    host = await loaded(dut, stalls=stalls)
    await host.run()
    await host.check(CASE, 2)
    host.offer(np.resize(IMAGES[0], length))
    host.offer_images(CASE.pixels)
    await host.source.wait()
    await host.bench.step(400)
    assert host.sink.empty()
    assert await host.status() == Status.LOADED | Status.RUNNING
    assert int(dut.irq.value)
    assert await host.errors() == Error.FRAME
    counters = await host.counters()
    assert (counters["FRAMES_IN"], counters["FRAMES_OUT"]) == (2, 2)
    await host.stop()
    await host.run()
    await host.check(CASE)
    assert not await host.errors()


@cocotb.test(**LIMIT)
async def test_network_while_running(dut):
    """It is no image: it does no harm to the network that is loaded."""
    host = await loaded(dut)
    await host.run()
    host.offer(network_of(OTHER))
    await host.source.wait()
    assert await host.errors() == Error.FRAME
    await host.stop()
    assert await host.status() == Status.LOADED
    await host.run()
    await host.check(CASE)


@cocotb.test(**LIMIT)
@cocotb.parametrize(seed=range(4))
async def test_never_hangs(dut, seed):
    """Whatever is sent and commanded, all words are taken, and the machine works afterwards."""
    rng = random.Random(seed)
    host = await loaded(dut, stalls="light" if seed % 2 else "never")
    network = network_of(CASE)
    for _ in range(60):
        kind = rng.randrange(6)
        if kind < 2:
            host.offer(IMAGES[rng.randrange(len(IMAGES))])
        elif kind == 2:
            length = rng.randrange(1, 2 * WORDS)
            host.offer([rng.getrandbits(64) for _ in range(length)])
        elif kind == 3:
            host.offer(network if rng.random() < 0.5 else network[: rng.randrange(1, 30)])
        elif kind == 4:
            await host.command(RUN)
        else:
            await host.command(STOP)
        if rng.random() < 0.3:
            await host.bench.step(rng.randrange(100))
    await host.source.wait()
    await host.command(STOP)
    await host.load(CASE.compiled)
    await host.bench.step(50)
    while not host.sink.empty():
        host.sink.recv_nowait()
    await host.errors()
    await host.run()
    await host.check(CASE)
    assert not await host.errors()


@cocotb.test(**LIMIT)
@cocotb.parametrize(delay=[3, 20, 47, 90])
async def test_reset_in_mid_work(dut, delay):
    """Within a network frame and within images; afterwards everything begins anew."""
    host = await Host.start(dut)
    host.offer(network_of(CASE))
    await host.bench.step(delay)
    await host.reset()
    assert await host.status() == Status(0)
    await host.load(CASE.compiled)
    await host.run()
    host.offer_images(CASE.pixels)
    await host.bench.step(delay)
    await host.reset()
    assert await host.status() == Status(0)
    assert not any((await host.counters()).values())
    await host.load(CASE.compiled)
    await host.run()
    await host.check(CASE)
