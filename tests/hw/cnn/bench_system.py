"""cocotb tests of the whole streaming network; started by test_system.py."""

import random

import cocotb
import numpy as np
from host import Host
from networks import CLASSES, Case

from hw.cnn.format import CUT_RESULT, FRAME_VERSION, Control, Error, Register, Status
from sim.stalls import PROFILES
from sw.dataflow.frame import image_frames, network_frame, network_sections
from sw.frame import sections_to_words

LIMIT = {"timeout_time": 10000, "timeout_unit": "us"}
"""A test that waits for ever fails instead."""

CASE, OTHER = Case(1), Case(2)
IMAGES = image_frames(CASE.pixels)
WORDS = IMAGES.shape[1]
RUN, STOP = Control.RUN, Control.STOP


def network_of(case):
    compiled = case.compiled
    return network_frame(compiled.config, compiled.weights, compiled.parameters)


class Watch:
    """Cycles of words on the streams, and of words that were offered and not taken."""

    def __init__(self, host):
        self.host, self.dut = host, host.dut
        self.words = {"s_axis": [], "m_axis": []}
        self.waits = []
        cocotb.start_soon(self._run())

    async def _run(self):
        while True:
            await self.host.bench.edge
            for name, words in self.words.items():
                valid, ready = (
                    int(getattr(self.dut, f"{name}__t{each}").value) for each in ("valid", "ready")
                )
                if valid and ready:
                    words.append(self.host.bench.cycle)
                if name == "m_axis" and valid and not ready:
                    self.waits.append(self.host.bench.cycle)

    async def taken(self, count):
        """Until so many words have been taken in all."""
        words = self.words["s_axis"]
        await self.host.bench.until(lambda: len(words) >= count, 2000, "words taken")


async def loaded(dut, **options):
    host = await Host.start(dut, **options)
    await host.load(CASE.compiled)
    return host


@cocotb.test(**LIMIT)
@cocotb.parametrize(stalls=PROFILES)
async def test_images(dut, stalls):
    host = await loaded(dut, stalls=stalls)
    await host.run()
    for _ in range(2):
        await host.check(CASE)
    counters = await host.counters()
    assert counters["FRAMES_IN"] == counters["FRAMES_OUT"] == 2 * len(CASE.pixels)
    assert await host.status() == Status.LOADED | Status.RUNNING
    assert not await host.errors() and not int(dut.irq.value)


@cocotb.test(**LIMIT)
async def test_identity(dut):
    host = await Host.start(dut)
    assert (await host.read(Register.ID)).to_bytes(4, "little") == b"KCNN"
    units = len(CASE.compiled.config.nodes)
    assert await host.read(Register.CONFIG) == units | CLASSES << 16
    assert await host.status() == Status(0)


@cocotb.test(**LIMIT)
async def test_counters(dut):
    """Cycles as seen at the ports."""
    host = await loaded(dut)
    watch = Watch(host)
    await host.run()
    await host.check(CASE, 1)
    counters = await host.counters()
    entered, left = watch.words["s_axis"], watch.words["m_axis"]
    assert counters["LATENCY"] == left[-1] - entered[0]
    assert (counters["INTERVAL"], counters["STALLS_OUT"]) == (0, 0)
    idle = counters["STALLS_IN"]
    await host.bench.step(500)
    assert await host.read(Register.STALLS_IN) > idle + 500
    assert int(dut.irq.value) == 0

    host.sink.clear_pause_generator()
    host.sink.pause = True
    first = len(entered)
    host.offer_images(CASE.pixels[:2])
    await host.bench.step(600)
    host.sink.pause = False
    for _ in range(2):
        await host.receive()
    counters = await host.counters()
    result = CLASSES // 2 + 2
    assert counters["LATENCY"] == left[-1] - entered[first + WORDS]
    assert counters["INTERVAL"] == left[-1] - left[-1 - result]
    assert counters["STALLS_OUT"] == len(watch.waits) > 300
    assert (counters["FRAMES_IN"], counters["FRAMES_OUT"]) == (3, 3)

    # One is as busy as its configuration says; nobody is two things at once.
    for unit, node in enumerate(CASE.compiled.config.nodes):
        busy, starved, blocked = await host.unit_counters(unit)
        assert busy == 3 * node.unit.cycles, node.name
        assert starved > 0 and busy + starved + blocked <= await host.read(Register.CYCLES)
    await host.stop()
    cycles = await host.read(Register.CYCLES)
    await host.bench.step(20)
    assert await host.read(Register.CYCLES) == cycles
    await host.run()
    assert await host.read(Register.CYCLES) < 20
    assert (await host.counters())["FRAMES_OUT"] == 0
    assert await host.unit_counters(0) != (0, 0, 0)


@cocotb.test(**LIMIT)
async def test_run_while_running(dut):
    """Counters begin anew, and nothing else happens."""
    host = await loaded(dut)
    await host.run()
    host.offer_images(CASE.pixels)
    await host.result(CLASSES)
    await host.run()
    for logits in CASE.logits[1:]:
        found, _ = await host.result(CLASSES)
        assert found.tolist() == logits.tolist()
    assert not await host.errors()
    assert (await host.counters())["FRAMES_OUT"] <= len(CASE.pixels) - 1


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
@cocotb.parametrize(stalls=["never", "light"])
async def test_other_network(dut, stalls):
    """After STOP another network takes the place of the one before."""
    host = await loaded(dut, stalls=stalls)
    for case in (CASE, OTHER, CASE):
        await host.load(case.compiled)
        await host.run()
        await host.check(case)
        await host.stop()
    assert (CASE.logits != OTHER.logits).all()
    assert not await host.errors()


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
@cocotb.parametrize(taken=range(1, 2 * WORDS + 1))
async def test_stop_in_mid_image(dut, taken):
    """RUN follows at once: what is left of the packet is dropped, the images after it are right."""
    host = await loaded(dut)
    host.source.clear_pause_generator()
    watch = Watch(host)
    await host.run()
    host.offer_images(CASE.pixels)
    await watch.taken(taken)
    host.source.pause = True
    await host.command(STOP)
    await host.command(RUN)
    lost = -(-len(watch.words["s_axis"]) // WORDS)
    host.source.pause = False
    await host.source.wait()
    await host.bench.step(400)
    assert not await host.errors()
    counters = await host.counters()
    assert counters["FRAMES_IN"] == counters["FRAMES_OUT"] == len(CASE.pixels) - lost
    while host.sink.count() > len(CASE.pixels) - lost:
        await host.receive()
    for logits in CASE.logits[lost:]:
        found, _ = await host.result(CLASSES)
        assert found.tolist() == logits.tolist()
    await host.check(CASE)


@cocotb.test(**LIMIT)
async def test_stop_between_images(dut):
    """The network stays; without RUN an image is a network frame that is none."""
    host = await loaded(dut)
    for _ in range(2):
        await host.run()
        await host.check(CASE)
        await host.stop()
        assert await host.status() == Status.LOADED
    await host.send(IMAGES[0])
    assert await host.errors() == Error.FORMAT
    assert await host.status() == Status(0)


@cocotb.test(**LIMIT)
@cocotb.parametrize(words=range(CLASSES // 2 + 2))
async def test_stop_in_mid_result(dut, words):
    """A result whose first word the host has seen ends with the word for it."""
    host = await loaded(dut)
    host.sink.clear_pause_generator()
    host.sink.pause = True
    await host.run()
    host.offer_images(CASE.pixels[:2])
    watch = Watch(host)
    await host.source.wait()
    await host.bench.until(lambda: int(dut.m_axis__tvalid.value), 2000, "result")
    host.sink.pause = words == 0
    left = watch.words["m_axis"]
    await host.bench.until(lambda: len(left) >= words, 2000, "words of the result")
    host.sink.pause = True
    await host.bench.step(300)
    seen = len(left)
    await host.command(STOP)
    await host.bench.step(10)
    host.sink.pause = False
    packets = [await host.receive()]
    await host.bench.step(50)
    while not host.sink.empty():
        packets.append(bytes(host.sink.recv_nowait().tdata))
    # The last one was cut, unless its last word had been offered.
    whole = 4 * CLASSES + 8
    assert len(packets[-1]) < whole or seen % 3 == 2
    if len(packets[-1]) < whole:
        assert packets[-1][-8:] == CUT_RESULT.to_bytes(8, "little")
    await host.run()
    await host.check(CASE)
    assert not await host.errors()


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
