"""cocotb tests of AxiLiteTarget; started by test_axi.py. The bench is the register file."""

import random
from itertools import pairwise

import cocotb
from cocotb.triggers import Combine
from cocotbext.axi import AxiLiteBus, AxiLiteMaster, AxiResp

from sim.stalls import PROFILES, Stalls
from sim.streams import Bench

LIMIT = {"timeout_time": 200, "timeout_unit": "us"}
"""A test that waits for ever fails instead."""

BAD = 0x40
"""Addresses from here on have no register."""


class Registers:
    """Answers accesses after a number of cycles that ``wait`` gives, and notes each."""

    def __init__(self, bench, wait=lambda: 0):
        self.bench, self.wait = bench, wait
        self.values = {}
        self.log = []
        cocotb.start_soon(self.run())

    async def run(self):
        dut = self.bench.dut
        answering, left = False, 0
        dut.access__done.value = 0
        while True:
            await self.bench.edge
            if answering and int(dut.access__valid.value):
                write, address = int(dut.access__write.value), int(dut.access__address.value)
                self.log.append((self.bench.cycle, "write" if write else "read", address))
                if write and address < BAD:
                    assert int(dut.access__strobe.value) == 0xF
                    self.values[address] = int(dut.access__data.value)
                answering = False
                dut.access__done.value = 0
                left = self.wait()
                continue
            if answering:
                continue
            # The request that is on the bus now was not answered: wait, then answer it.
            if int(dut.access__valid.value):
                if left == 0:
                    address = int(dut.access__address.value)
                    dut.access__done.value = 1
                    dut.access__value.value = self.values.get(address, 0xDEAD0000 + address)
                    dut.access__error.value = int(address >= BAD)
                    answering = True
                else:
                    left -= 1


class Channels:
    """The five channels by hand; every value stays until it is changed."""

    def __init__(self, bench):
        self.dut, self.bench = bench.dut, bench
        self.set(awvalid=0, wvalid=0, arvalid=0, bready=0, rready=0, awaddr=0, araddr=0, wdata=0)
        self.set(wstrb=0xF)

    def set(self, **values):
        for name, value in values.items():
            getattr(self.dut, f"bus__{name}").value = value

    def get(self, name):
        return int(getattr(self.dut, f"bus__{name}").value)

    async def hand(self, channel, **values):
        """Offer a request and wait until it is taken; returns the cycle of the handshake."""
        self.set(**values, **{f"{channel}valid": 1})
        await self.bench.step()
        while not self.get(f"{channel}ready"):
            await self.bench.step()
        self.set(**{f"{channel}valid": 0})
        return self.bench.cycle

    async def take(self, channel):
        """Take a response; returns the first cycle in which it is valid, and its code."""
        self.set(**{f"{channel}ready": 1})
        await self.bench.step()
        while not self.get(f"{channel}valid"):
            await self.bench.step()
        self.set(**{f"{channel}ready": 0})
        return self.bench.cycle, self.get(f"{channel}resp")


def always_done(bench):
    """A register file that answers in the first cycle; errors from BAD on."""
    bench.dut.access__done.value = 1
    bench.dut.access__value.value = 0x1234_5678
    bench.dut.access__error.value = 0


async def start(dut):
    bench = await Bench.start(dut)
    return bench, Channels(bench)


@cocotb.test(**LIMIT)
@cocotb.parametrize(profile=PROFILES)
async def test_values(dut, profile):
    """Random traffic of an independent manager, reads and writes at once, stalls everywhere."""
    rng = random.Random(f"values {profile}")
    bench = await Bench.start(dut)
    registers = Registers(bench, wait=lambda: rng.choice((0, 0, 1, 2, 7)))
    master = AxiLiteMaster(AxiLiteBus.from_prefix(dut, "bus_"), dut.clk)
    parts = [master.write_if.aw_channel, master.write_if.w_channel, master.write_if.b_channel]
    parts += [master.read_if.ar_channel, master.read_if.r_channel]
    for k, part in enumerate(parts):
        stalls = Stalls(profile, k)
        part.set_pause_generator(iter(stalls.stalled, None))

    # Writes go to the even words and are read back; reads meanwhile go to the odd ones.
    expected = {address: rng.getrandbits(32) for address in range(0, BAD, 8)}

    async def write():
        for address, value in expected.items():
            reply = await master.write(address, value.to_bytes(4, "little"))
            assert reply.resp == AxiResp.OKAY
        reply = await master.write(BAD + 4, bytes(4))
        assert reply.resp == AxiResp.SLVERR

    async def read():
        for address in range(4, BAD, 8):
            reply = await master.read(address, 4)
            assert reply.resp == AxiResp.OKAY
            assert int.from_bytes(reply.data, "little") == 0xDEAD0000 + address
        reply = await master.read(BAD, 4)
        assert reply.resp == AxiResp.SLVERR and reply.data == bytes(4)

    await Combine(cocotb.start_soon(write()), cocotb.start_soon(read()))
    for address, value in expected.items():
        reply = await master.read(address, 4)
        assert int.from_bytes(reply.data, "little") == value
    assert registers.values == expected


@cocotb.test(**LIMIT)
@cocotb.parametrize(lead=[-9, -2, -1, 0, 1, 2, 9])
async def test_write_order(dut, lead):
    """Data may come before, with or after the address; one write comes of it."""
    bench, bus = await start(dut)
    registers = Registers(bench)

    async def later(cycles, channel, **values):
        if cycles:
            await bench.step(cycles)
        return await bus.hand(channel, **values)

    address = cocotb.start_soon(later(max(0, -lead), "aw", awaddr=0x24))
    word = cocotb.start_soon(later(max(0, lead), "w", wdata=77))
    await Combine(address, word)
    assert await address - await word == -lead
    assert (await bus.take("b"))[1] == 0
    await bench.step(10)
    assert registers.values == {0x24: 77} and len(registers.log) == 1
    assert not bus.get("bvalid")


@cocotb.test(**LIMIT)
async def test_latency(dut):
    bench, bus = await start(dut)
    always_done(bench)
    asked = await bus.hand("ar", araddr=8)
    assert await bus.take("r") == (asked + 3, 0)
    assert bus.get("rdata") == 0x1234_5678
    bus.set(awvalid=1, awaddr=4)
    asked = await bus.hand("w", wdata=5)
    bus.set(awvalid=0)
    assert await bus.take("b") == (asked + 3, 0)


@cocotb.test(**LIMIT)
async def test_throughput(dut):
    """One kind: a transaction in three cycles; both kinds: one in two, in turns."""
    bench, bus = await start(dut)
    always_done(bench)

    async def count(cycles):
        kinds = []
        for _ in range(cycles):
            await bench.step()
            if int(dut.access__valid.value):
                kinds.append(int(dut.access__write.value))
        return kinds

    bus.set(arvalid=1, bready=1, rready=1)
    await bench.step(8)
    assert await count(30) == [0] * 10
    bus.set(awvalid=1, wvalid=1)
    await bench.step(8)
    assert sorted(await count(40)) == [0] * 10 + [1] * 10
    kinds = await count(40)
    assert all(a != b for a, b in pairwise(kinds))


@cocotb.test(**LIMIT)
async def test_response_not_taken(dut):
    """A write response that nobody takes stays, and holds up writes, but no reads."""
    bench, bus = await start(dut)
    always_done(bench)
    bus.set(awvalid=1, wvalid=1, arvalid=1, rready=1)
    reads = 0
    await bench.step(8)
    for _ in range(60):
        await bench.step()
        assert bus.get("bvalid") and bus.get("bresp") == 0
        assert not (int(dut.access__valid.value) and int(dut.access__write.value))
        reads += bus.get("rvalid")
    assert reads == 20


@cocotb.test(**LIMIT)
async def test_slow_answer(dut):
    """The request stays as it is until the register file answers."""
    bench, bus = await start(dut)
    dut.access__done.value = 0
    bus.set(awvalid=1, awaddr=0x10)
    await bus.hand("w", wdata=0xCAFE, wstrb=0b0101)
    bus.set(awvalid=0, awaddr=0x3C, wdata=0, wstrb=0)
    await bench.step(2)
    for _ in range(50):
        assert int(dut.access__valid.value) and int(dut.access__write.value)
        assert int(dut.access__address.value) == 0x10
        assert int(dut.access__data.value) == 0xCAFE
        assert int(dut.access__strobe.value) == 0b0101
        assert not bus.get("bvalid")
        await bench.step()
    dut.access__error.value = 1
    dut.access__done.value = 1
    assert (await bus.take("b"))[1] == 0b10


@cocotb.test(**LIMIT)
async def test_reset_in_mid_work(dut):
    """Half a write, a read under way and a response not taken: reset forgets all of it."""
    bench, bus = await start(dut)
    dut.access__done.value = 0
    await bus.hand("aw", awaddr=0x20)
    await bus.hand("ar", araddr=0x30)
    await bench.step(3)
    assert int(dut.access__valid.value)
    await bench.reset()
    always_done(bench)
    await bench.step(5)
    assert not (bus.get("rvalid") or bus.get("bvalid") or int(dut.access__valid.value))
    await bus.hand("w", wdata=1)
    await bench.step(5)
    assert not bus.get("bvalid")
    await bus.hand("aw", awaddr=4)
    assert (await bus.take("b"))[1] == 0
