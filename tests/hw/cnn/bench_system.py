"""cocotb tests of the whole streaming network; started by test_system.py."""

import cocotb

from hw.cnn.format import CUT_RESULT, Error, Register, Status
from sim.stalls import PROFILES
from tests.hw.cnn.host import Host
from tests.hw.cnn.networks import CLASSES
from tests.hw.cnn.system_cases import CASE, IMAGES, LIMIT, OTHER, RUN, STOP, WORDS, Watch, loaded


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
