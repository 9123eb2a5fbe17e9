"""cocotb tests of the pair of banks, in step with a model of it; started by test_banks.py."""

import random

import cocotb

from hw.eie.config import EieConfig
from sim.runner import bench_parameters
from sim.streams import Bench
from tests.hw.lockstep import Lockstep

CONFIGS = [EieConfig(**fields) for fields in bench_parameters()["configs"]]
NUMBERS = range(len(CONFIGS))
INPUTS = ("needs", "second", "address", "io__en", "io__write", "io__addr", "io__wdata")
MASK = (1 << 64) - 1


class PairModel(Lockstep):
    """One memory; which word each bank was read for last; what is to be seen when. ``reads``
    counts the accesses of the banks."""

    def __init__(self, bench, number, memory):
        self.config = CONFIGS[number]
        self.memory = memory
        unit = getattr(bench.dut, f"unit_{number}")
        self.banks = (unit.even, unit.odd)
        super().__init__(bench, f"unit_{number}")

    def forget(self):
        self.held = [None, None]
        self.coming = {}
        self.shown = {}
        self.reads = 0

    def check(self):
        cycle, then = self.bench.cycle, self.bench.cycle + self.config.sram_latency
        self.shown = self.coming.pop(cycle, self.shown)
        words = self.pin("words")
        seen = {0: words & MASK, 1: words >> 64, "io": self.pin("io__rdata")}
        for name, word in self.shown.items():
            assert seen[name] == word, f"{self.unit}: {name} in cycle {cycle}"
        accessed = [False, False]
        if self.pin("needs"):
            address = self.pin("address")
            expected = {0: address, **({1: address + 1} if self.pin("second") else {})}
            for each in expected.values():
                accessed[each % 2] = self.held[each % 2] != each
                self.held[each % 2] = each
            self.coming[then] = {name: self.memory[each] for name, each in expected.items()}
        elif self.pin("io__en"):
            address = self.pin("io__addr")
            accessed[address % 2], self.held[address % 2] = True, None
            if self.pin("io__write"):
                self.memory[address] = self.pin("io__wdata")
                self.coming, self.shown = {then: {}}, {}
            else:
                self.coming[then] = {"io": self.memory[address]}
        self.reads += sum(accessed)
        got = [bool(int(bank.port__en.value)) for bank in self.banks]
        assert got == accessed, f"{self.unit}: banks {got}, not {accessed}, in cycle {cycle}"


class Driver:
    @classmethod
    async def start(cls, dut, number):
        self = cls()
        self.dut, self.number, self.rng = dut, number, random.Random(number)
        for k in NUMBERS:
            for pin in INPUTS:
                getattr(dut, f"unit_{k}__{pin}").value = 0
        self.depth = CONFIGS[number].spmat_depth
        self.latency = CONFIGS[number].sram_latency
        self.bench = await Bench.start(dut)
        self.model = PairModel(self.bench, number, [None] * self.depth)
        for address in range(self.depth):
            await self.write(address)
        return self

    async def cycle(self, **pins):
        """What is not given is anything that means nothing."""
        idle = {"second": self.rng.getrandbits(1), "address": self.rng.randrange(self.depth - 1)}
        idle |= {"io__addr": self.rng.randrange(self.depth), "io__write": self.rng.getrandbits(1)}
        for name, value in ({"needs": 0, "io__en": 0} | idle | pins).items():
            getattr(self.dut, f"unit_{self.number}__{name}").value = value
        await self.bench.step()

    async def reads(self):
        """Accesses of the banks so far, a cycle later."""
        await self.cycle()
        return self.model.reads

    async def pair(self, address, second=1):
        await self.cycle(needs=1, second=second, address=address)

    async def read(self, address):
        await self.cycle(io__en=1, io__write=0, io__addr=address)

    async def write(self, address):
        word = self.rng.getrandbits(64)
        await self.cycle(io__en=1, io__write=1, io__addr=address, io__wdata=word)


@cocotb.test()
@cocotb.parametrize(number=NUMBERS)
async def test_in_order(dut, number):
    """All pairs, one a cycle: each word is read once."""
    driver = await Driver.start(dut, number)
    before = await driver.reads()
    for address in range(driver.depth - 1):
        await driver.pair(address)
    assert await driver.reads() - before == driver.depth
    for address in range(0, driver.depth - 1):
        await driver.pair(address, second=0)
    await driver.pair(driver.depth - 1, second=0)
    for _ in range(driver.latency + 2):
        await driver.cycle()


@cocotb.test()
@cocotb.parametrize(number=NUMBERS)
async def test_words_stay(dut, number):
    """The words of the last read are shown while nothing is needed, whatever the address."""
    driver = await Driver.start(dut, number)
    for address in (0, 1, driver.depth - 2, 2, 5):
        await driver.pair(address)
        for _ in range(driver.latency + 5):
            await driver.cycle()
        await driver.read(address)
        for _ in range(driver.latency + 5):
            await driver.cycle()


@cocotb.test()
@cocotb.parametrize(number=NUMBERS)
async def test_same_pair(dut, number):
    """A pair that is there is not read again, nor is the half of one; after the bus it is."""
    driver = await Driver.start(dut, number)
    for address in (0, 3, driver.depth - 2):
        before = await driver.reads()
        for second in (1, 1, 0, 1):
            await driver.pair(address, second)
        assert await driver.reads() - before == 2
        await driver.pair(address + 1, second=0)
        assert await driver.reads() - before == 2
        for bus in (driver.read, driver.write):
            for place in (address, address + 1):
                await bus(place)
                await driver.pair(address)
        assert await driver.reads() - before == 2 + 4 * 2
        for _ in range(driver.latency + 1):
            await driver.cycle()


@cocotb.test()
@cocotb.parametrize(number=NUMBERS)
async def test_random(dut, number):
    driver = await Driver.start(dut, number)
    rng, address = driver.rng, 0
    for _ in range(2500):
        what = rng.random()
        if what < 0.7:
            address = rng.choice([address, address + 1, rng.randrange(driver.depth)])
            second = rng.getrandbits(1) if address < driver.depth - 1 else 0
            address = min(address, driver.depth - 1)
            await driver.pair(address, second)
        elif what < 0.85:
            await driver.cycle()
        else:
            bus = rng.choice([driver.read, driver.write])
            await bus(rng.choice([address, rng.randrange(driver.depth)]))


@cocotb.test()
@cocotb.parametrize(number=NUMBERS)
async def test_reset_in_mid_work(dut, number):
    """Nothing is held after a reset: the first pair is read."""
    driver = await Driver.start(dut, number)
    for address in (0, 3):
        await driver.pair(address)
        await driver.bench.reset()
        await driver.pair(address)
        assert await driver.reads() == 2
        for _ in range(driver.latency + 1):
            await driver.cycle()
