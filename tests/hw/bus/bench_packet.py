"""cocotb tests of the packet link; started by test_packet.py. The bench carries requests out."""

import random

import cocotb

from hw.bus.format import MAX_PAYLOAD, Reply
from sim.runner import bench_parameters
from sim.streams import PROFILES, Bench
from sw.host.link import with_crc

PATIENCE = bench_parameters()["patience"]
LIMIT = {"timeout_time": 2, "timeout_unit": "ms"}


def request(command, sequence, payload=b""):
    return with_crc(bytes([command, sequence, len(payload)]) + payload)


def reply(status, sequence, payload=b""):
    return with_crc(bytes([status, sequence, len(payload)]) + payload)


class LinkBench:
    """Answers each request with its payload reversed and status BUS, after ``wait`` cycles."""

    @classmethod
    async def start(cls, dut, *, stalls="never", wait=0, takes=True):
        self = cls()
        self.dut, self.wait, self.takes = dut, wait, takes
        for name in ("i__valid", "error", "request__payload__ready", "request__answer__valid"):
            getattr(dut, name).value = 0
        dut.request__done.value = 0
        self.bench = await Bench.start(dut)
        self.bench.watch("o", 8, stalls=stalls)
        self.executed, self.begun, self.done = [], [], []
        cocotb.start_soon(self._execute())
        return self

    async def _execute(self):
        dut, edge = self.dut, self.bench.edge
        while True:
            await edge
            if not int(dut.request__begin.value):
                continue
            self.begun.append(self.bench.cycle)
            length = int(dut.request__length.value)
            data = bytearray()
            dut.request__payload__ready.value = int(self.takes)
            while self.takes and len(data) < length:
                await edge
                if int(dut.request__payload__valid.value):
                    data.append(int(dut.request__payload__payload.value))
            dut.request__payload__ready.value = 0
            self.executed.append((int(dut.request__command.value), bytes(data)))
            await self.bench.step(self.wait)
            for value in reversed(data):
                dut.request__answer__valid.value = 1
                dut.request__answer__payload.value = value
                await edge
            dut.request__answer__valid.value = 0
            dut.request__done.value = 1
            dut.request__status.value = Reply.BUS
            await edge
            self.done.append(self.bench.cycle)
            dut.request__done.value = 0

    async def send(self, data, gap=0):
        """Bytes, one a cycle; the cycle of the last."""
        for value in data:
            self.dut.i__valid.value = 1
            self.dut.i__payload.value = value
            await self.bench.step()
            self.dut.i__valid.value = 0
            await self.bench.step(gap)
        return self.bench.cycle

    async def damage(self):
        self.dut.error.value = 1
        await self.bench.step()
        self.dut.error.value = 0

    async def replies(self, *expected):
        """The replies so far, and nothing else."""
        whole = b"".join(expected)
        monitor = self.bench.monitors["o"]
        await self.bench.until(
            lambda: len(monitor.items) >= len(whole), 40 * len(whole) + 2000, "reply"
        )
        await self.bench.step(2 * PATIENCE)
        assert bytes(monitor.items) == whole
        assert not int(self.dut.active.value)


@cocotb.test(**LIMIT)
@cocotb.parametrize(stalls=PROFILES, length=[0, 1, 7, MAX_PAYLOAD])
async def test_request(dut, stalls, length):
    link = await LinkBench.start(dut, stalls=stalls)
    data = random.Random(length).randbytes(length)
    await link.send(request(9, 5, data))
    await link.replies(reply(Reply.BUS, 5, data[::-1]))
    assert link.executed == [(9, data)]
    assert not int(dut.fault.value)


@cocotb.test(**LIMIT)
async def test_latency(dut):
    link = await LinkBench.start(dut)
    last = await link.send(request(9, 5, b"abc"))
    await link.replies(reply(Reply.BUS, 5, b"cba"))
    assert link.begun == [last + 1]
    cycles = [item.cycle - link.done[0] for item in link.bench.monitors["o"].received]
    assert cycles == [1, 2, 3, 4, 6, 8, 9, 10]


@cocotb.test(**LIMIT)
async def test_slow_bytes(dut):
    """A pause below the patience is none."""
    link = await LinkBench.start(dut)
    await link.send(request(9, 5, b"abc"), gap=PATIENCE - 2)
    await link.replies(reply(Reply.BUS, 5, b"cba"))


@cocotb.test(**LIMIT)
async def test_repeated(dut):
    """The same number gets the same reply and is carried out once; number 0 every time."""
    link = await LinkBench.start(dut)
    first, other = reply(Reply.BUS, 5, b"cba"), reply(Reply.BUS, 6, b"z")
    for _ in range(3):
        await link.send(request(9, 5, b"abc"))
        await link.bench.step(60)
    await link.send(request(9, 5, b"xyzxyz"))  # whatever it holds
    await link.bench.step(60)
    await link.send(request(9, 6, b"z"))
    await link.bench.step(60)
    await link.send(request(9, 5, b"abc"))
    await link.replies(*[first] * 4, other, first)
    assert link.executed == [(9, b"abc"), (9, b"z"), (9, b"abc")]
    for _ in range(2):
        await link.send(request(3, 0))
        await link.bench.step(60)
    assert link.executed[3:] == [(3, b"")] * 2


@cocotb.test(**LIMIT)
async def test_every_bit(dut):
    """One wrong bit anywhere: nothing is carried out, and there is one reply, a fault."""
    link = await LinkBench.start(dut)
    good = request(9, 5, b"ab")
    replies = b""
    for bit in range(8 * len(good)):
        data = bytearray(good)
        data[bit // 8] ^= 1 << bit % 8
        await link.send(data)
        await link.bench.step(3 * PATIENCE)
        received = bytes(link.bench.monitors["o"].items)[len(replies) :]
        assert received in [
            reply(status, data[1]) for status in (Reply.CRC, Reply.LENGTH, Reply.TRUNCATED)
        ], bit
        assert int(dut.fault.value)
        replies += received
    assert not link.executed
    await link.send(good)
    await link.replies(replies, reply(Reply.BUS, 5, b"ba"))
    assert not int(dut.fault.value)


@cocotb.test(**LIMIT)
async def test_truncated(dut):
    """After any number of bytes; the next request is whole again."""
    link = await LinkBench.start(dut)
    good = request(9, 5, b"ab")
    expected = []
    for length in range(1, len(good)):
        await link.send(good[:length])
        await link.bench.step(PATIENCE + 20)
        expected.append(reply(Reply.TRUNCATED, 5 if length > 1 else 0))
    await link.send(good)
    await link.replies(*expected, reply(Reply.BUS, 5, b"ba"))


@cocotb.test(**LIMIT)
async def test_damaged_byte(dut):
    """In any place; the reply waits for the end of the burst."""
    link = await LinkBench.start(dut)
    good = request(9, 5, b"ab")
    expected = []
    for place in range(len(good)):
        await link.send(good[:place])
        await link.damage()
        await link.send(good[place + 1 :])
        await link.bench.step(PATIENCE - 8)
        assert len(link.bench.monitors["o"].items) == 5 * place
        await link.bench.step(30)
        expected.append(reply(Reply.FRAMING, 5 if place > 1 else 0))
    await link.send(good)
    await link.replies(*expected, reply(Reply.BUS, 5, b"ba"))


@cocotb.test(**LIMIT)
async def test_too_long(dut):
    """Refused by its length; its bytes are not taken for a request."""
    link = await LinkBench.start(dut)
    inner = request(9, 7, b"ab")
    long = bytes([9, 5, MAX_PAYLOAD + 1]) + inner * 30
    await link.send(long)
    await link.replies(reply(Reply.LENGTH, 5))
    assert not link.executed


@cocotb.test(**LIMIT)
async def test_busy(dut):
    """Bytes that come while a request is carried out or answered are dropped."""
    link = await LinkBench.start(dut, wait=100)
    await link.send(request(9, 5, b"ab"))
    await link.send(request(9, 6, b"cd"))
    await link.damage()
    await link.replies(reply(Reply.BUS, 5, b"ba"))
    assert link.executed == [(9, b"ab")]


@cocotb.test(**LIMIT)
async def test_payload_left(dut):
    """A payload that nobody takes does not get into the next request."""
    link = await LinkBench.start(dut, takes=False)
    await link.send(request(9, 5, b"abc"))
    await link.replies(reply(Reply.BUS, 5))
    link.takes = True
    await link.send(request(9, 6, b"de"))
    await link.replies(reply(Reply.BUS, 5), reply(Reply.BUS, 6, b"ed"))


@cocotb.test(**LIMIT)
async def test_reset_in_mid_packet(dut):
    link = await LinkBench.start(dut)
    await link.send(request(9, 5, b"abc")[:5])
    await link.bench.reset()
    await link.send(request(9, 5, b"xy"))
    await link.replies(reply(Reply.BUS, 5, b"yx"))
