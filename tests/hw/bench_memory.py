"""cocotb tests of the SRAM against a list of words; started by test_memory.py."""

import random

import cocotb

from sim.runner import bench_parameters
from sim.streams import Bench

GEOMETRIES = bench_parameters()["geometries"]
NUMBERS = range(len(GEOMETRIES))


class Memory:
    """
    Drives an SRAM and knows what ``rdata`` has to be: ``self.rdata``, None where it is undefined.
    """

    def __init__(self, bench, number):
        self.bench = bench
        self.depth, self.width, self.latency = GEOMETRIES[number]
        self.name = f"sram_{number}__port"
        self.words = [None] * self.depth
        self.rdata = None
        self.arrivals = {}

    def pin(self, name):
        return getattr(self.bench.dut, f"{self.name}__{name}", None)

    async def access(self, *, en=0, write=0, addr=0, wdata=0):
        """One cycle; checks ``rdata`` in it."""
        for name, value in (("en", en), ("write", write), ("addr", addr), ("wdata", wdata)):
            if self.depth > 1 or name != "addr":
                self.pin(name).value = value
        await self.bench.step()
        cycle = self.bench.cycle
        self.rdata = self.arrivals.pop(cycle, self.rdata)
        if self.rdata is not None:
            got = int(self.pin("rdata").value)
            assert got == self.rdata, f"rdata {got:#x}, not {self.rdata:#x}, in cycle {cycle}"
        if en and write:
            self.words[addr] = wdata
            self.rdata = None
            self.arrivals.clear()
        elif en:
            self.arrivals[cycle + self.latency] = self.words[addr]

    async def read(self, addr):
        await self.access(en=1, addr=addr)
        for _ in range(self.latency):
            await self.access()

    def word(self, rng):
        return rng.choice([0, (1 << self.width) - 1, rng.getrandbits(self.width)])


@cocotb.test()
@cocotb.parametrize(number=NUMBERS)
async def test_write_all_read_all(dut, number):
    bench = await Bench.start(dut)
    memory, rng = Memory(bench, number), random.Random(number)
    for addr in range(memory.depth):
        await memory.access(en=1, write=1, addr=addr, wdata=memory.word(rng))
    # One read a cycle, in any order.
    for addr in rng.sample(range(memory.depth), memory.depth):
        await memory.access(en=1, addr=addr)
    for addr in reversed(range(memory.depth)):
        await memory.read(addr)
        assert memory.rdata == memory.words[addr]


@cocotb.test()
@cocotb.parametrize(number=NUMBERS)
async def test_random_accesses(dut, number):
    bench = await Bench.start(dut)
    memory, rng = Memory(bench, number), random.Random(number)
    checked = 0
    for _ in range(100):
        busy = rng.choice([0.2, 0.9])
        for _ in range(rng.randrange(1, 9)):
            await memory.access(
                en=rng.random() < busy,
                write=rng.random() < 0.25,
                addr=rng.choice([0, memory.depth - 1, rng.randrange(memory.depth)]),
                wdata=memory.word(rng),
            )
            checked += memory.rdata is not None
    assert checked > 100


@cocotb.test()
@cocotb.parametrize(number=NUMBERS)
async def test_word_is_held(dut, number):
    bench = await Bench.start(dut)
    memory, rng = Memory(bench, number), random.Random(number)
    last = memory.depth - 1
    for addr in (0, last):
        await memory.access(en=1, write=1, addr=addr, wdata=memory.word(rng))
    await memory.read(last)
    for _ in range(12):
        # Not an access, whatever the other pins say.
        await memory.access(write=rng.getrandbits(1), wdata=memory.word(rng))
        assert memory.rdata == memory.words[last]
    await memory.read(0)
    assert memory.rdata == memory.words[0]


@cocotb.test()
@cocotb.parametrize(number=NUMBERS)
async def test_reset_keeps_words(dut, number):
    bench = await Bench.start(dut)
    memory, rng = Memory(bench, number), random.Random(number)
    for addr in range(memory.depth):
        await memory.access(en=1, write=1, addr=addr, wdata=memory.word(rng))
    await memory.access(en=1, addr=0)
    memory.pin("en").value = 0
    await bench.reset()
    memory.arrivals.clear()
    for addr in range(memory.depth):
        await memory.read(addr)
        assert memory.rdata == memory.words[addr]
