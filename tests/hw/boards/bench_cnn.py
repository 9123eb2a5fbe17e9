"""cocotb tests of a streaming network on a board, over its serial line only; started by
test_machine.py."""

import cocotb
from serial_host import SerialHost

from hw.bus.format import Command, Reply
from hw.cnn.format import MACHINE, Control, Error, Register, Status
from sw.dataflow.frame import image_frames
from sw.host.cnn import CnnHost
from tests.hw.cnn.networks import CLASSES, Case

LIMIT = {"timeout_time": 100, "timeout_unit": "ms"}
"""A test that waits for ever fails instead."""

CASE, OTHER = Case(1), Case(2)
IMAGE = image_frames(CASE.pixels)[0]


async def infer(host, case):
    for pixels, logits, place in zip(case.pixels, case.logits, case.classes, strict=True):
        found, found_place = await host.run(host.driver.infer(pixels))
        assert found.tolist() == logits.tolist()
        assert found_place == place
    assert not await host.run(host.driver.errors())


async def check(host, case):
    await host.run(host.driver.load(case.compiled))
    await infer(host, case)


@cocotb.test(**LIMIT)
async def test_registers(dut):
    host = await SerialHost.start(dut, CnnHost())
    assert await host.run(host.driver.read(Register.ID)) == MACHINE
    units = len(CASE.compiled.config.nodes)
    assert await host.run(host.driver.read(Register.CONFIG)) == units | CLASSES << 16
    assert (await host.ask(Command.READ, b"\xf0\x0f")).status == Reply.BUS


@cocotb.test(**LIMIT)
async def test_networks(dut):
    """Load, infer, and again with other weights: what the golden model says."""
    host = await SerialHost.start(dut, CnnHost())
    await check(host, CASE)
    await check(host, OTHER)
    frames = await host.run(host.driver.read(Register.FRAMES_OUT))
    assert frames == len(OTHER.pixels)


@cocotb.test(**LIMIT)
async def test_damaged_on_the_way(dut):
    """Requests and replies lose bits at random, and every image is taken once nevertheless."""
    host = await SerialHost.start(dut, CnnHost(), damage=0.25)
    await check(host, CASE)
    assert host.repeats > 4


@cocotb.test(**LIMIT)
async def test_refused(dut):
    """RUN without a network raises the interrupt, until the error is cleared."""
    host = await SerialHost.start(dut, CnnHost())
    await host.run(host.driver.write(Register.CONTROL, Control.RUN))
    assert int(dut.irq.value)
    assert await host.run(host.driver.errors()) == Error.REFUSED
    assert not int(dut.irq.value)
    await check(host, CASE)


@cocotb.test(**LIMIT)
async def test_images_ahead(dut):
    """While nobody fetches results the machine takes images until it is full, and loses none."""
    host = await SerialHost.start(dut, CnnHost())
    await host.run(host.driver.load(CASE.compiled))
    sent, words = 0, image_frames(CASE.pixels).astype("<u8")
    for image in (*words, *words):
        reply = await host.ask(Command.SEND_LAST, image.tobytes())
        if reply.status != Reply.OK:
            break
        sent += 1
    assert reply.status == Reply.STALLED and sent > 0
    rest = image[reply.payload[0] :]
    for number in range(sent + 1):
        if number == 1:
            assert (await host.ask(Command.SEND_LAST, rest.tobytes())).status == Reply.OK
        found = await host.run(host.driver.receive())
        logits = found[:-1].astype("<u8").view("<i4")[:CLASSES]
        assert logits.tolist() == CASE.logits[number % len(words)].tolist()
    await infer(host, CASE)


@cocotb.test(**LIMIT)
async def test_reset_in_mid_work(dut):
    """RESET in the middle of a network, of an image, of results; then all works afresh."""
    host = await SerialHost.start(dut, CnnHost())
    for stage in ("network", "image", "results"):
        await host.run(host.driver.load(CASE.compiled))
        if stage == "network":
            await host.run(host.driver.write(Register.CONTROL, Control.STOP))
            assert (await host.ask(Command.SEND, bytes(80))).status == Reply.OK
        elif stage == "image":
            assert (await host.ask(Command.SEND, IMAGE[:1].tobytes())).status == Reply.OK
        else:
            await host.run(host.driver.send(IMAGE))
            await host.quiet()
        await host.run(host.driver.reset())
        assert Status(await host.run(host.driver.read(Register.STATUS))) == Status(0)
        assert (await host.ask(Command.RECEIVE)).payload == b"\0"
        await check(host, CASE)
