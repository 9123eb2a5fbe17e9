"""cocotb tests of the bridge; started by test_bridge.py. The bench is link and machine."""

import logging
import random
import struct

import cocotb
from cocotbext.axi import (
    AxiLiteBus,
    AxiLiteRam,
    AxiStreamBus,
    AxiStreamSink,
    AxiStreamSource,
)

from hw.bus.format import MAX_WORDS, Command, Reply
from sim.runner import bench_parameters
from sim.stalls import PROFILES, Stalls
from sim.streams import Bench

PATIENCE = bench_parameters()["patience"]
LIMIT = {"timeout_time": 2, "timeout_unit": "ms"}


class Requests:
    """Puts requests as :class:`hw.bus.packet.PacketLink` does, a byte in two cycles."""

    @classmethod
    async def start(cls, dut, *, stalls="never"):
        self = cls()
        self.dut = dut
        for name in ("request__begin", "request__payload__valid"):
            getattr(dut, name).value = 0
        self.bench = await Bench.start(dut)
        logging.getLogger(f"cocotb.{dut._name}").setLevel(logging.ERROR)
        for name in ("m_axil", "m_axis", "s_axis"):
            logging.getLogger(f"cocotb.{dut._name}.{name}_").setLevel(logging.ERROR)
        self.ram = AxiLiteRam(AxiLiteBus.from_prefix(dut, "m_axil_"), dut.clk, size=1 << 12)
        self.sink = AxiStreamSink(AxiStreamBus.from_prefix(dut, "m_axis_"), dut.clk)
        self.source = AxiStreamSource(AxiStreamBus.from_prefix(dut, "s_axis_"), dut.clk)
        write, read = self.ram.write_if, self.ram.read_if
        channels = [write.aw_channel, write.w_channel, write.b_channel]
        channels += [read.ar_channel, read.r_channel]
        for k, part in enumerate((*channels, self.sink, self.source)):
            part.set_pause_generator(iter(Stalls(stalls, k).stalled, None))
        self.resets = 0
        cocotb.start_soon(self._count_resets())
        return self

    async def _count_resets(self):
        while True:
            await self.bench.edge
            self.resets += int(self.dut.reset.value)

    async def ask(self, command, payload=b""):
        """Status and payload of the reply."""
        dut, edge = self.dut, self.bench.edge
        dut.request__begin.value = 1
        dut.request__command.value = command
        dut.request__length.value = len(payload)
        await edge
        dut.request__begin.value = 0
        answer, rest, fetched = bytearray(), list(payload), False
        for _ in range(20_000):
            fetched = bool(rest) and not fetched
            dut.request__payload__valid.value = int(fetched)
            if fetched:
                dut.request__payload__payload.value = rest[0]
            await edge
            if int(dut.request__answer__valid.value):
                answer.append(int(dut.request__answer__payload.value))
            if int(dut.request__done.value):
                dut.request__payload__valid.value = 0
                return Reply(int(dut.request__status.value)), bytes(answer)
            if fetched and int(dut.request__payload__ready.value):
                rest.pop(0)
            else:
                fetched = False
        raise AssertionError("no end of the request")


def words(count, seed=0):
    return random.Random(seed).randbytes(8 * count)


@cocotb.test(**LIMIT)
@cocotb.parametrize(stalls=PROFILES)
async def test_registers(dut, stalls):
    link = await Requests.start(dut, stalls=stalls)
    for k in range(20):
        address, value = 4 * (37 * k % 1024), 0x01020304 * (k + 3) & 0xFFFFFFFF
        assert await link.ask(Command.WRITE, struct.pack("<IH", value, address)) == (Reply.OK, b"")
        assert link.ram.read(address, 4) == struct.pack("<I", value)
        other = struct.pack("<I", value ^ 0x55AA)
        link.ram.write(address, other)
        assert await link.ask(Command.READ, struct.pack("<H", address)) == (Reply.OK, other)


@cocotb.test(**LIMIT)
@cocotb.parametrize(stalls=PROFILES, count=[1, 2, MAX_WORDS])
async def test_send(dut, stalls, count):
    link = await Requests.start(dut, stalls=stalls)
    first, second = words(count, 1), words(count, 2)
    assert await link.ask(Command.SEND, first) == (Reply.OK, bytes([count]))
    assert link.sink.empty()
    assert await link.ask(Command.SEND_LAST, second) == (Reply.OK, bytes([count]))
    await link.bench.step(2)
    assert bytes(link.sink.recv_nowait().tdata) == first + second
    assert link.sink.empty()


@cocotb.test(**LIMIT)
async def test_send_stalled(dut):
    """It says how many words the stream has taken, which is what the stream has."""
    link = await Requests.start(dut)
    link.sink.clear_pause_generator()
    link.sink.pause = True
    await link.bench.step(2)
    begin = link.bench.cycle
    assert await link.ask(Command.SEND_LAST, words(3)) == (Reply.STALLED, b"\0")
    assert PATIENCE <= link.bench.cycle - begin <= PATIENCE + 30
    asking = cocotb.start_soon(link.ask(Command.SEND_LAST, words(5)))
    await link.bench.step(30)
    link.sink.pause = False
    await link.bench.step(30)
    link.sink.pause = True
    status, taken = await asking
    assert status == Reply.STALLED and 1 <= taken[0] < 5
    link.sink.pause = False
    assert await link.ask(Command.SEND_LAST, words(5)[8 * taken[0] :]) == (
        Reply.OK,
        bytes([5 - taken[0]]),
    )
    await link.bench.step(2)
    assert bytes(link.sink.recv_nowait().tdata) == words(5)


@cocotb.test(**LIMIT)
@cocotb.parametrize(
    stalls=PROFILES, size=[2, 8, 10, 8 * MAX_WORDS - 4, 8 * MAX_WORDS, 8 * MAX_WORDS + 2]
)
async def test_receive(dut, stalls, size):
    """Whole packets, at most ``MAX_WORDS`` words a reply; the last one's TKEEP says its bytes."""
    link = await Requests.start(dut, stalls=stalls)
    sent = [random.Random(k).randbytes(size) for k in range(2)]
    for data in sent:
        link.source.send_nowait(data)
    for data in sent:
        got, keep = b"", 0
        while not keep:
            status, answer = await link.ask(Command.RECEIVE)
            assert status == Reply.OK and len(answer) % 8 == 1
            got, keep = got + answer[:-1], answer[-1]
        assert keep == (1 << ((size - 1) % 8 + 1)) - 1
        assert len(got) == -(-size // 8) * 8 and got[:size] == data


@cocotb.test(**LIMIT)
async def test_receive_nothing(dut):
    """The reply comes when the patience is over, and no word that comes later is lost."""
    link = await Requests.start(dut)
    begin = link.bench.cycle
    assert await link.ask(Command.RECEIVE) == (Reply.OK, b"\0")
    assert PATIENCE <= link.bench.cycle - begin <= PATIENCE + 10
    link.source.send_nowait(words(2))
    assert await link.ask(Command.RECEIVE) == (Reply.OK, words(2) + b"\xff")


@cocotb.test(**LIMIT)
async def test_reset(dut):
    link = await Requests.start(dut)
    assert await link.ask(Command.RESET) == (Reply.OK, b"")
    await link.bench.step(5)
    assert link.resets == 1


@cocotb.test(**LIMIT)
async def test_refused(dut):
    """Other commands, and other sizes: nothing is done."""
    link = await Requests.start(dut)
    for command in (0, 7, 8, 99, 255):
        assert await link.ask(command, b"ab") == (Reply.COMMAND, b"")
    sizes = {
        Command.READ: (0, 1, 3, 6),
        Command.WRITE: (0, 4, 5, 7),
        Command.SEND: (0, 1, 7, 9),
        Command.SEND_LAST: (0, 12),
        Command.RECEIVE: (1, 8),
        Command.RESET: (1,),
    }
    for command, lengths in sizes.items():
        for length in lengths:
            assert await link.ask(command, bytes(length)) == (Reply.LENGTH, b"")
    await link.bench.step(20)
    assert link.sink.empty() and not link.resets
    assert not int(dut.m_axil__awvalid.value) and not int(dut.m_axil__arvalid.value)
    assert await link.ask(Command.READ, b"\0\0") == (Reply.OK, bytes(4))
