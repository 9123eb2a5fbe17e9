"""cocotb tests of the SRAMs against a list of words; started by test_memory.py."""

import random

import cocotb

from sim.runner import bench_parameters
from sim.streams import Bench

GEOMETRIES = bench_parameters()["geometries"]
DUALS = bench_parameters()["duals"]
NUMBERS, DUAL_NUMBERS = range(len(GEOMETRIES)), range(len(DUALS))


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


class DualMemory:
    """Drives an SRAM of two ports and knows what it reads: ``self.data``, None at first."""

    def __init__(self, bench, number):
        self.bench = bench
        self.depth, self.width, self.transparent = DUALS[number]
        self.name = f"dual_{number}"
        self.words = [None] * self.depth
        self.data = None

    def drive(self, port, **values):
        for name, value in values.items():
            if self.depth > 1 or name != "addr":
                getattr(self.bench.dut, f"{self.name}__{port}__{name}").value = value

    async def access(self, write=None, read=None):
        """One cycle: ``write`` is address and word, ``read`` an address; checks what was read."""
        addr, word = write or (0, 0)
        self.drive("write", en=write is not None, addr=addr, data=word)
        self.drive("read", en=read is not None, addr=read or 0)
        await self.bench.step()
        if self.data is not None:
            got = int(getattr(self.bench.dut, f"{self.name}__read__data").value)
            assert got == self.data, f"data {got:#x}, not {self.data:#x}"
        before = list(self.words)
        if write is not None:
            self.words[addr] = word
        if read is not None:
            self.data = (self.words if self.transparent else before)[read]

    def word(self, rng):
        return rng.choice([0, (1 << self.width) - 1, rng.getrandbits(self.width)])


@cocotb.test()
@cocotb.parametrize(number=DUAL_NUMBERS)
async def test_two_ports(dut, number):
    bench = await Bench.start(dut)
    memory, rng = DualMemory(bench, number), random.Random(number)
    for addr in range(memory.depth):
        await memory.access((addr, memory.word(rng)))
    met = held = 0
    for _ in range(600):
        near = rng.randrange(memory.depth)
        addresses = [rng.choice([near, rng.randrange(memory.depth)]) for _ in range(2)]
        write = (addresses[0], memory.word(rng)) if rng.random() < 0.6 else None
        read = addresses[1] if rng.random() < 0.6 else None
        met += write is not None and write[0] == read
        held += write is not None and read is None
        await memory.access(write, read)
    assert met > 50 and held > 50


@cocotb.test()
@cocotb.parametrize(number=DUAL_NUMBERS)
async def test_reset_keeps_words_of_two_ports(dut, number):
    bench = await Bench.start(dut)
    memory, rng = DualMemory(bench, number), random.Random(number)
    for addr in range(memory.depth):
        await memory.access((addr, memory.word(rng)))
    memory.drive("write", en=0)
    await bench.reset()
    for addr in range(memory.depth):
        await memory.access(read=addr)
    await memory.access()
