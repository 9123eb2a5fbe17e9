"""cocotb tests of row sums against entries counted one by one; started by test_rows.py."""

import random
from itertools import product

import cocotb
from amaranth.lib import data

from hw.eie.config import EieConfig
from sim.payload import Codec
from sim.runner import bench_parameters
from sim.streams import Bench

CONFIGS = [EieConfig(**fields) for fields in bench_parameters()["configs"]]
NUMBERS = range(len(CONFIGS))


class Rows:
    """A unit under test. An operation is a list of (first, zeros), one for each valid lane."""

    @classmethod
    async def start(cls, dut, number):
        self = cls()
        self.config = config = CONFIGS[number]
        self.lanes, self.depth = config.lanes, config.file_depth
        lane = data.StructLayout({"valid": 1, "first": 1, "zeros": 4})
        self.codec = Codec(data.ArrayLayout(lane, self.lanes))
        self.rows = Codec(data.ArrayLayout(config.slot_bits, self.lanes))
        self.pins = {
            n: getattr(dut, f"unit_{number}__{n}") for n in ("i", "rows", "valid", "error")
        }
        self.rng = random.Random(number)
        self.row = 0
        self.pins["i"].value = 0
        self.bench = await Bench.start(dut)
        return self

    def model(self, operation):
        """Rows of the entries, one after the other, and whether one is beyond the file."""
        rows, error = [], False
        for first, zeros in operation:
            row = zeros if first else self.row + 1 + zeros
            error |= row >= self.depth
            self.row = row % self.depth
            rows.append(self.row)
        return rows, error

    async def check(self, operations):
        """One operation a cycle; each is out a cycle later."""
        before = None
        for operation in [*operations, []]:
            lanes = [{"valid": 1, "first": first, "zeros": zeros} for first, zeros in operation]
            while len(lanes) < self.lanes:  # what is not valid may be anything
                lanes.append({"first": self.rng.randrange(2), "zeros": self.rng.randrange(16)})
            self.pins["i"].value = self.codec.encode(lanes)
            await self.bench.step()
            if before is not None:
                rows, error = before
                assert int(self.pins["valid"].value) == (1 << len(rows)) - 1
                got = self.rows.decode(int(self.pins["rows"].value))
                assert got[: len(rows)] == rows, f"rows {got}, not {rows}"
                assert int(self.pins["error"].value) == error
            before = self.model(operation)

    def column(self, share=0.3, longest=16):
        """Rows of a random column as entries, none beyond the file."""
        entries, row = [], -1
        while True:
            zeros = min(self.rng.choice([0, 0, 1, self.rng.randrange(longest)]), 15)
            row += zeros + 1
            if row >= self.depth or (entries and self.rng.random() < share):
                return entries
            entries.append((not entries, zeros))


@cocotb.test()
@cocotb.parametrize(number=NUMBERS)
async def test_columns(dut, number):
    """Columns of all lengths, that begin and end in any lane; idle cycles between."""
    unit = await Rows.start(dut, number)
    for share, longest in ((0.0, 2), (0.05, 3), (0.3, 16), (0.9, 16)):
        entries = [entry for _ in range(60) for entry in unit.column(share, longest)]
        operations = []
        while entries:
            taken = unit.rng.randint(1, unit.lanes) if unit.rng.random() < 0.3 else unit.lanes
            operations += [entries[:taken], *[[]] * (unit.rng.random() < 0.2)]
            entries = entries[taken:]
        await unit.check(operations)


@cocotb.test()
@cocotb.parametrize(number=NUMBERS)
async def test_borders(dut, number):
    """Columns begin in every set of lanes, with the shortest and with the longest runs; the row
    before is carried over one operation and over another that is short."""
    unit = await Rows.start(dut, number)
    for zeros in (0, 1, 15):
        operations = []
        for firsts in product((False, True), repeat=unit.lanes):
            operations += [[(first, zeros) for first in firsts], [(False, 0)], [], [(False, 1)]]
        await unit.check(operations)


@cocotb.test()
@cocotb.parametrize(number=NUMBERS)
async def test_anything(dut, number):
    """Rows beyond the file wrap around and raise one pulse for each operation."""
    unit = await Rows.start(dut, number)
    longest = [[(False, 15)] * unit.lanes] * 40
    rng = unit.rng
    await unit.check([[(True, 15)] * unit.lanes, *longest])
    await unit.check(
        [
            [(rng.random() < 0.2, rng.randrange(16)) for _ in range(rng.randint(0, unit.lanes))]
            for _ in range(800)
        ]
    )


@cocotb.test()
@cocotb.parametrize(number=NUMBERS)
async def test_reset(dut, number):
    """The row that is carried is 0 after a reset."""
    unit = await Rows.start(dut, number)
    await unit.check([[(True, unit.depth % 16 or 7)]])
    await unit.bench.reset()
    unit.row = 0
    await unit.check([[(False, 0)] * unit.lanes])
