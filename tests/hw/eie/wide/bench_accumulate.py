"""cocotb tests of accumulators against additions one by one; started by test_accumulate.py."""

import random
from collections import deque
from itertools import product

import cocotb
from amaranth.hdl import signed
from amaranth.lib import data

from hw.eie.config import EieConfig
from sim.payload import Codec
from sim.runner import bench_parameters
from sim.streams import Bench

CONFIGS = [EieConfig(**fields) for fields in bench_parameters()["configs"]]
NUMBERS = range(len(CONFIGS))
SHAPES = [(config.lanes, config.file_depth) for config in CONFIGS]
LATENCY = 2
EXTREMES = (-(1 << 31), -(1 << 31) + 1, -1, 0, 1, (1 << 31) - 1)


def wrapped(value):
    """``value`` modulo 2**32, as two's complement."""
    return (value + (1 << 31)) % (1 << 32) - (1 << 31)


def divisions(lanes, parts=1):
    """Every way to divide lanes: each is in part 0, which is not valid, or shares its row with
    the other lanes of its part. Part numbers by lane, each new one the next."""
    if not lanes:
        yield ()
        return
    for part in range(parts + 1):
        for rest in divisions(lanes - 1, max(parts, part + 1)):
            yield (part, *rest)


class Adder:
    """A unit under test beside its rows, to which lanes are added one by one."""

    @classmethod
    async def start(cls, dut, number):
        self = cls()
        self.dut, self.unit = dut, f"unit_{number}"
        self.lanes, self.depth = SHAPES[number]
        self.rng = random.Random(number)
        self.places = Codec(data.ArrayLayout(CONFIGS[number].slot_bits, self.lanes))
        self.words = Codec(data.ArrayLayout(signed(32), self.lanes))
        self.pin("valid").value = 0
        self.bench = await Bench.start(dut)
        self.forget()
        return self

    def forget(self):
        self.rows = [0] * self.depth
        self.expected = deque([None] * LATENCY)

    def pin(self, name):
        return getattr(self.dut, f"{self.unit}__{name}")

    async def play(self, valid, rows, values, load=0):
        """One operation, and a look at some rows as they are before it. ``valid`` is a mask."""
        look = self.rng.randrange(self.depth // self.lanes) * self.lanes
        self.pin("valid").value, self.pin("load").value = valid, load
        self.pin("rows").value = self.places.encode(rows)
        self.pin("values").value = self.words.encode(values)
        self.pin("read_row").value = look
        await self.bench.step()
        self.expected.append((look, self.rows[look : look + self.lanes]))
        known = self.expected.popleft()
        if known is not None:
            got = self.words.decode(int(self.pin("read").value))
            assert got == known[1], f"rows from {known[0]} on are {got}, not {known[1]}"
        lanes = [k for k in range(self.lanes) if valid >> k & 1]
        for k in lanes:
            if load:
                self.rows[rows[k]] = 0
        for k in lanes:
            self.rows[rows[k]] = wrapped(self.rows[rows[k]] + values[k])

    async def settle(self):
        """Look at all rows, whatever is seen at random."""
        for _ in range(4 * self.depth // self.lanes + LATENCY):
            await self.play(0, [0] * self.lanes, [0] * self.lanes)

    def any_values(self):
        return [
            self.rng.choice(EXTREMES)
            if self.rng.random() < 0.2
            else wrapped(self.rng.getrandbits(32))
            for _ in range(self.lanes)
        ]

    def marks(self):
        """Values of which every sum shows its lanes."""
        return [1 << 4 * k for k in range(self.lanes)]


@cocotb.test()
@cocotb.parametrize(number=[SHAPES.index(shape) for shape in ((2, 2), (2, 4), (4, 4))])
async def test_every_set_of_lanes_on_all_rows(dut, number):
    """Every set of valid lanes, with every row in each lane, valid or not; whatever came in the
    cycles before."""
    unit = await Adder.start(dut, number)
    operations = list(
        product(range(1 << unit.lanes), product(range(unit.depth), repeat=unit.lanes))
    )
    unit.rng.shuffle(operations)
    for number, (valid, rows) in enumerate(operations):
        await unit.play(valid, rows, unit.any_values() if number % 2 else unit.marks())
    await unit.settle()


@cocotb.test()
async def test_every_pair_of_operations(dut):
    """Two lanes, two rows: every operation, load or addition, right behind every other."""
    unit = await Adder.start(dut, SHAPES.index((2, 2)))
    operations = list(product(range(4), product(range(2), repeat=2), (0, 1)))
    for (valid, rows, load), second in product(operations, operations):
        await unit.play(valid, rows, unit.any_values(), load)
        valid, rows, load = second
        await unit.play(valid, rows, unit.any_values(), load)
    await unit.settle()


@cocotb.test()
async def test_every_division_of_eight_lanes(dut):
    """Eight lanes in every division into those that meet and those that are not valid, 21147 of
    them; the rows of the parts differ from one to the next, and so do their values."""
    unit = await Adder.start(dut, SHAPES.index((8, 8)))
    every = list(divisions(8))
    assert len(every) == len(set(every)) == 21147
    unit.rng.shuffle(every)
    order = list(range(unit.depth))
    for number, parts in enumerate(every):
        if number % 8 == 0:
            unit.rng.shuffle(order)
        valid = sum(1 << k for k, part in enumerate(parts) if part)
        # Those that are not valid are on a row that others may be on.
        rows = [order[part - 1] if part else unit.rng.randrange(unit.depth) for part in parts]
        values = unit.marks() if number % 4 == 0 else unit.any_values()
        await unit.play(valid, rows, values)
    await unit.settle()


@cocotb.test()
@cocotb.parametrize(number=NUMBERS)
async def test_random(dut, number):
    """Any operations on few rows and on many; loads of neighbouring rows, as biases come."""
    unit = await Adder.start(dut, number)
    rng = unit.rng
    for few in (1, 2, unit.lanes, unit.depth):
        for _ in range(300):
            rows = [rng.randrange(min(few, unit.depth)) for _ in range(unit.lanes)]
            load = rng.random() < 0.1
            if load:
                first = rng.randrange(unit.depth // unit.lanes) * unit.lanes
                rows = list(range(first, first + unit.lanes))
            valid = rng.getrandbits(unit.lanes) if rng.random() < 0.5 else (1 << unit.lanes) - 1
            await unit.play(valid, rows, unit.any_values(), load)
    await unit.settle()


@cocotb.test()
@cocotb.parametrize(number=NUMBERS)
async def test_reset_in_mid_work(dut, number):
    """Rows are zero after a reset, and what was under way is gone."""
    unit = await Adder.start(dut, number)
    for _ in range(20):
        for _ in range(unit.rng.randrange(1, 6)):
            rows = [unit.rng.randrange(unit.depth) for _ in range(unit.lanes)]
            await unit.play((1 << unit.lanes) - 1, rows, unit.any_values())
        unit.pin("valid").value = 0
        await unit.bench.reset()
        unit.forget()
        await unit.settle()
