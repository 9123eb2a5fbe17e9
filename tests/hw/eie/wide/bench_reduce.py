"""cocotb tests of sums over all PEs, in step with a model of them; started by test_reduce.py."""

import random
from collections import deque

import cocotb

from hw.eie.config import EieConfig
from hw.eie.wide.pe import partial_layout
from sim.payload import Codec
from sim.runner import bench_parameters
from sim.stalls import Stalls
from sim.streams import PROFILES, Bench
from tests.hw.lockstep import Lockstep

PARAMETERS = bench_parameters()
CONFIGS = [EieConfig(**fields) for fields in PARAMETERS["configs"]]
NUMBERS = range(len(CONFIGS))
EXTREMES = (-(1 << 31), -1, 0, 1, (1 << 31) - 1)


class SumModel(Lockstep):
    """What came, in each of the last cycles; whether all PEs waited in the cycle before."""

    def __init__(self, bench, number):
        self.n_pe, self.levels = CONFIGS[number].n_pe, PARAMETERS["levels"][number]
        self.codec = Codec(partial_layout(CONFIGS[number]))
        super().__init__(bench, f"unit_{number}")

    def forget(self):
        self.under_way = deque([None] * self.levels)
        self.go = False

    def check(self):
        self.expect("go", self.go)
        self.go = self.pin("waiting") == (1 << self.n_pe) - 1 and not self.go
        partials = None
        if self.pin("i__0__valid"):
            given = [self.codec.decode(self.pin(f"i__{k}__payload")) for k in range(self.n_pe)]
            total = sum(partial["value"] for partial in given)
            wrapped = (total + (1 << 31)) % (1 << 32) - (1 << 31)
            partials = {**given[0], "value": wrapped}
        self.under_way.append(partials)
        expected = self.under_way.popleft()
        self.expect("o__valid", expected is not None)
        if expected is not None:
            got = self.codec.decode(self.pin("o__payload"))
            assert got == expected, f"{got}, not {expected}, in cycle {self.bench.cycle}"


class Sums:
    """Drives all PEs of a unit in step."""

    @classmethod
    async def start(cls, dut, number):
        self = cls()
        self.dut, self.unit, self.n_pe = dut, f"unit_{number}", CONFIGS[number].n_pe
        self.codec = Codec(partial_layout(CONFIGS[number]))
        self.rows = CONFIGS[number].file_depth
        self.rng = random.Random(number)
        self.idle()
        self.bench = await Bench.start(dut)
        SumModel(self.bench, number)
        return self

    def pin(self, name):
        return getattr(self.dut, f"{self.unit}__{name}")

    def idle(self):
        self.pin("waiting").value = 0
        for k in range(self.n_pe):
            self.pin(f"i__{k}__valid").value = 0

    async def row(self, values, **mark):
        """One row of all PEs; its mark is the same in each."""
        for k, value in enumerate(values):
            self.pin(f"i__{k}__payload").value = self.codec.encode({**mark, "value": value})
            self.pin(f"i__{k}__valid").value = 1
        await self.bench.step()
        self.idle()

    def random_values(self):
        if self.rng.random() < 0.3:
            return [self.rng.choice(EXTREMES)] * self.n_pe
        return [self.rng.randrange(-(1 << 31), 1 << 31) for _ in range(self.n_pe)]

    def random_mark(self):
        bits = {name: self.rng.randrange(2) for name in ("drain", "last", "slot")}
        return {**bits, "row": self.rng.randrange(self.rows)}


@cocotb.test()
@cocotb.parametrize(number=NUMBERS, stalls=PROFILES)
async def test_rows(dut, number, stalls):
    sums = await Sums.start(dut, number)
    gaps = Stalls(stalls, number)
    for _ in range(150):
        while gaps.stalled():
            await sums.bench.step()
        await sums.row(sums.random_values(), **sums.random_mark())
    await sums.bench.step(6)


@cocotb.test()
@cocotb.parametrize(number=NUMBERS)
async def test_each_pe_counts(dut, number):
    """One PE at a time has a value; then all bits of all PEs."""
    sums = await Sums.start(dut, number)
    for pe in range(sums.n_pe):
        await sums.row([(k == pe) * -77 for k in range(sums.n_pe)], drain=1, row=pe % sums.rows)
    for bit in range(31):
        await sums.row([1 << bit] * sums.n_pe, drain=1)
    await sums.bench.step(6)


@cocotb.test()
@cocotb.parametrize(number=NUMBERS)
async def test_go(dut, number):
    """PEs come to wait one by one, in any order, until the pulse; no other set of them brings it,
    and it is one cycle long even where they still wait in it."""
    sums = await Sums.start(dut, number)
    everyone = (1 << sums.n_pe) - 1
    for _ in range(8):
        order = list(range(sums.n_pe))
        sums.rng.shuffle(order)
        waiting = 0
        for pe in order:
            waiting |= 1 << pe
            sums.pin("waiting").value = waiting
            await sums.bench.step(sums.rng.randint(1, 2) if waiting != everyone else 1)
        await sums.bench.step()
        assert int(sums.pin("go").value)
        sums.pin("waiting").value = 0
        await sums.bench.step(sums.rng.randint(1, 4))
        assert not int(sums.pin("go").value)
    for _ in range(20):
        sums.pin("waiting").value = everyone & ~(1 << sums.rng.randrange(sums.n_pe))
        await sums.bench.step()
        assert not int(sums.pin("go").value)


@cocotb.test()
@cocotb.parametrize(number=NUMBERS)
async def test_reset_in_mid_work(dut, number):
    sums = await Sums.start(dut, number)
    for cut in range(1, 6):
        for _ in range(cut):
            await sums.row(sums.random_values(), **sums.random_mark())
            sums.pin("waiting").value = (1 << sums.n_pe) - 1
        await sums.bench.reset()
        sums.idle()
        await sums.bench.step(cut)
        await sums.row(sums.random_values(), **sums.random_mark())
        await sums.bench.step(5)
