"""cocotb tests of an EIE on a board, over its serial line only; started by test_machine.py."""

import random

import cocotb
import numpy as np
from serial_host import SerialHost

from hw.bus.format import MAX_PAYLOAD, MAX_WORDS, Command, Reply
from hw.bus.layout import FRAME_MAGIC
from hw.eie.config import EieConfig
from hw.eie.format import Control, Error, Register, Status
from sim.runner import bench_parameters
from sw.compress.frame import activation_frame, program_frame
from sw.compress.layout import build_program
from sw.compress.random import random_inputs, random_quantised
from sw.golden.eie import GoldenEie
from sw.host.eie import EieHost
from sw.host.link import with_crc

LIMIT = {"timeout_time": 100, "timeout_unit": "ms"}
"""A test that waits for ever fails instead."""

CONFIG = EieConfig(**bench_parameters()["config"])


class Case:
    """A random network with its program, inputs and what it must answer."""

    def __init__(self, sizes, density, seed, batch=3):
        rng = np.random.default_rng(seed)
        network = random_quantised(rng, sizes, density)
        self.program = build_program(network, CONFIG)
        self.inputs = random_inputs(rng, network, batch)
        self.outputs = GoldenEie(network)(self.inputs).numpy()

    async def infer(self, host):
        for vector, outputs in zip(self.inputs, self.outputs, strict=True):
            np.testing.assert_array_equal(await host.run(host.driver.infer(vector)), outputs)
        assert not await host.run(host.driver.errors())

    async def check(self, host):
        await host.run(host.driver.load(self.program))
        await self.infer(host)


SMALL = Case([9, 7, 5], 0.5, seed=11)
TOO_LONG = with_crc(bytes([Command.SEND, 9, MAX_PAYLOAD + 1]) + bytes(MAX_PAYLOAD + 1))


@cocotb.test(**LIMIT)
async def test_registers(dut):
    host = await SerialHost.start(dut, EieHost())
    assert await host.run(host.driver.read(Register.ID)) == FRAME_MAGIC
    config = await host.run(host.driver.read(Register.CONFIG))
    assert config == CONFIG.n_pe | CONFIG.file_depth << 16
    await host.run(host.driver.write(Register.WATCHDOG, 12345))
    assert await host.run(host.driver.read(Register.WATCHDOG)) == 12345
    assert (await host.ask(Command.READ, b"\xf0\x0f")).status == Reply.BUS
    assert (await host.ask(Command.WRITE, bytes(4) + b"\x14\x00")).status == Reply.BUS
    assert await host.run(host.driver.read(Register.WATCHDOG)) == 12345


@cocotb.test(**LIMIT)
@cocotb.parametrize(case=[([5, 3], 1.0), ([20, 9, 1], 0.4), ([3, 30, 12], 0.2)])
async def test_networks(dut, case):
    """Load an image, predict, read the result: what the golden model says, for several inputs."""
    host = await SerialHost.start(dut, EieHost())
    await Case(*case, seed=1).check(host)
    await Case(*case, seed=2).check(host)


@cocotb.test(**LIMIT)
async def test_damaged_on_the_way(dut):
    """Requests and replies lose bits at random, and all is done exactly once nevertheless."""
    host = await SerialHost.start(dut, EieHost(), damage=0.25)
    await SMALL.check(host)
    assert host.repeats > 4


async def _refused(host, data, status, stop=1):
    """Bytes that are answered ``status``, and after which a loaded machine works on."""
    reply = await host.raw(data, stop=stop)
    assert (reply.status, reply.payload) == (status, b"")
    assert int(host.dut.fault.value) == (status not in (Reply.COMMAND, Reply.BUS))


@cocotb.test(**LIMIT)
async def test_bad_packets(dut):
    """Each is answered with its error, between the words of one activation frame."""
    host = await SerialHost.start(dut, EieHost())
    await host.run(host.driver.load(SMALL.program))
    words = activation_frame(SMALL.inputs[0]).astype("<u8")
    good = with_crc(bytes([Command.SEND_LAST, 77, 8]) + bytes(8))
    bad = [
        (good[:-1] + bytes([good[-1] ^ 1]), Reply.CRC),
        (good[:6] + bytes([good[6] ^ 0x80]) + good[7:], Reply.CRC),
        (good[:-3], Reply.TRUNCATED),
        (good[:2], Reply.TRUNCATED),
        (good[:1], Reply.TRUNCATED),
        (TOO_LONG, Reply.LENGTH),
        (with_crc(bytes([0, 77, 0])), Reply.COMMAND),
        (with_crc(bytes([99, 78, 2, 1, 2])), Reply.COMMAND),
    ]
    for number, (data, status) in enumerate(bad):
        if number < len(words) - 1:
            assert (await host.ask(Command.SEND, words[number].tobytes())).status == Reply.OK
        await _refused(host, data, status)
    await _refused(host, b"\x55", Reply.FRAMING, stop=0)
    for command, size in [
        (Command.READ, 3),
        (Command.WRITE, 4),
        (Command.SEND, 0),
        (Command.SEND_LAST, 12),
        (Command.RECEIVE, 1),
        (Command.RESET, 2),
    ]:
        assert (await host.ask(command, bytes(size))).status == Reply.LENGTH
    rest = words[min(len(bad), len(words) - 1) :]
    assert (await host.ask(Command.SEND_LAST, rest.tobytes())).status == Reply.OK
    await host.run(host.driver.write(Register.CONTROL, Control.START))
    await host.run(host.driver.receive())
    assert not await host.run(host.driver.errors())
    await SMALL.infer(host)


@cocotb.test(**LIMIT)
async def test_noise(dut):
    """Whatever bytes come, the machine keeps its program and answers afterwards."""
    host = await SerialHost.start(dut, EieHost())
    await host.run(host.driver.load(SMALL.program))
    rng = random.Random(3)
    for _ in range(20):
        await host.line.send(rng.randbytes(rng.randrange(1, 40)))
        await host.quiet()
        assert await host.run(host.driver.read(Register.ID)) == FRAME_MAGIC
    await SMALL.infer(host)


@cocotb.test(**LIMIT)
async def test_corrupted_frames(dut):
    """A frame that is wrong inside is refused by the engine, and the program before it stays or
    goes as the engine's loader has it."""
    host = await SerialHost.start(dut, EieHost())
    await host.run(host.driver.load(SMALL.program))
    frame = activation_frame(SMALL.inputs[0])
    frame[1] ^= np.uint64(1 << 17)
    await host.run(host.driver.send(frame))
    assert await host.run(host.driver.errors()) == Error.CRC
    await SMALL.infer(host)
    frame = program_frame(SMALL.program)
    frame[-2] ^= np.uint64(1)
    await host.run(host.driver.send(frame))
    assert Error.CRC in await host.run(host.driver.errors())
    assert Status.LOADED not in Status(await host.run(host.driver.read(Register.STATUS)))
    await SMALL.check(host)


@cocotb.test(**LIMIT)
async def test_repeated_request(dut):
    """The same number again: the same reply, and nothing is done twice; number 0 is."""
    host = await SerialHost.start(dut, EieHost())
    await host.run(host.driver.load(SMALL.program))
    await host.run(host.driver.send(activation_frame(SMALL.inputs[0])))
    await host.run(host.driver.write(Register.CONTROL, Control.START))
    await host.line.send(host.link.again())
    assert (await host.reply()).status == Reply.OK
    first = await host.ask(Command.RECEIVE)
    assert len(first.payload) > 8
    for _ in range(2):
        await host.line.send(host.link.again())
        assert await host.reply() == first
    await host.line.send(host.link.request(Command.RECEIVE, sequence=0))
    assert (await host.reply()).payload == b"\0"
    assert not await host.run(host.driver.errors())


@cocotb.test(**LIMIT)
async def test_stalled(dut):
    """While results wait the engine takes no frame: SEND gives up, and says how much it sent."""
    host = await SerialHost.start(dut, EieHost())
    await host.run(host.driver.load(SMALL.program))
    await host.run(host.driver.send(activation_frame(SMALL.inputs[0])))
    await host.run(host.driver.write(Register.CONTROL, Control.START))
    await host.quiet()
    reply = await host.ask(Command.SEND, bytes(8 * MAX_WORDS))
    assert (reply.status, reply.payload) == (Reply.STALLED, b"\0")
    assert len(await host.run(host.driver.receive())) == -(-SMALL.program.outputs // 4)
    await SMALL.infer(host)


@cocotb.test(**LIMIT)
async def test_reset_in_mid_work(dut):
    """RESET in the middle of a frame, of an inference, of results; then all works afresh."""
    host = await SerialHost.start(dut, EieHost())
    for stage in ("frame", "inference", "results"):
        await host.run(host.driver.load(SMALL.program))
        if stage == "frame":
            words = program_frame(SMALL.program)[:10].astype("<u8")
            assert (await host.ask(Command.SEND, words.tobytes())).status == Reply.OK
        else:
            await host.run(host.driver.send(activation_frame(SMALL.inputs[0])))
            await host.run(host.driver.write(Register.CONTROL, Control.START))
            if stage == "results":
                await host.quiet()
        await host.run(host.driver.reset())
        assert await host.run(host.driver.read(Register.STATUS)) == 0
        assert (await host.ask(Command.RECEIVE)).payload == b"\0"
        await SMALL.check(host)


@cocotb.test(**LIMIT)
async def test_hard_reset(dut):
    """The board's own reset in the middle of a packet."""
    host = await SerialHost.start(dut, EieHost())
    await host.run(host.driver.load(SMALL.program))
    await host.line.send(host.link.request(Command.SEND, bytes(64))[:20])
    await host.bench.reset()
    assert await host.run(host.driver.read(Register.STATUS)) == 0
    await SMALL.check(host)
