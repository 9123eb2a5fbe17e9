"""cocotb tests of wide requantisation against Python's integers; started by test_requantise.py."""

import random

import cocotb
from amaranth.hdl import signed

from hw.eie.config import EieConfig
from hw.eie.wide.requantise import rows_layout
from sim.runner import bench_parameters
from sim.stalls import PROFILES, Stalls
from sim.streams import Bench
from tests.hw.eie.slots import PassSlots

CONFIG = EieConfig(**bench_parameters()["config"])
LANES, DEPTH = CONFIG.lanes, CONFIG.file_depth
LOW, HIGH = -(1 << 15), (1 << 15) - 1


def requantised(value, shift, relu):
    """floor(value / 2**shift + 1/2), within 16 bits, and from 0 up with ``relu``."""
    rounded = (2 * value + (1 << shift)) // (2 << shift)
    return min(max(rounded, 0 if relu else LOW), HIGH)


def telling_values(shift):
    """Accumulators around ties, saturation and the ends of 32 bits."""
    half = 1 << shift >> 1
    near = {part + offset for part in (-half, 0, half) for offset in (-1, 0, 1)}
    steps = (LOW - 1, LOW, LOW + 1, -2, -1, 0, 1, 2, HIGH - 1, HIGH, HIGH + 1)
    values = {(step << shift) + offset for step in steps for offset in near}
    values |= {-(1 << 31), (1 << 31) - 1}
    return sorted(value for value in values if -(1 << 31) <= value < 1 << 31)


class Unit:
    """The unit, its passes, and what it is given: (slot, values of all lanes) or None."""

    @classmethod
    async def start(cls, dut):
        self = cls()
        self.bench = await Bench.start(dut)
        self.slots = PassSlots(dut, CONFIG)
        self.source = self.bench.drive("i", rows_layout(CONFIG, signed(32)))
        self.sink = self.bench.watch("o", rows_layout(CONFIG, signed(16)))
        self.rng = random.Random(0)
        return self

    async def check(self, passes, items):
        """Feeds one item a cycle; checks values and cycles. ``passes``: (shift, relu) by slot."""
        rng = self.rng
        for number, (shift, relu) in enumerate(passes):
            self.slots.show(number, shift=shift, relu=relu, columns=1)
        before = len(self.sink.received), len(self.source.sent)
        expected = []
        for item in items:
            if item is not None:
                slot, values = item
                marks = {
                    "drain": rng.choice([0, (1 << LANES) - 1, rng.getrandbits(LANES)]),
                    "last": rng.randrange(2),
                    "slot": slot,
                    "row": rng.randrange(DEPTH // LANES) * LANES,
                }
                self.source.put({**marks, "values": values})
                wanted = {
                    k: requantised(value, *passes[slot])
                    for k, value in enumerate(values)
                    if marks["drain"] >> k & 1
                }
                expected.append((marks, wanted))
            await self.bench.step()
        await self.bench.step(5)
        got = self.sink.received[before[0] :]
        assert len(got) == len(expected)
        for have, (marks, wanted) in zip(got, expected, strict=True):
            item = dict(have.item)
            values = item.pop("values")
            assert (item, {k: values[k] for k in wanted}) == (marks, wanted)
        cycles = [each.cycle + 2 for each in self.source.sent[before[1] :]]
        assert [have.cycle for have in got] == cycles


@cocotb.test()
async def test_all_shifts(dut):
    """The two slots with different shifts and ReLU, their rows mixed, in every cycle."""
    unit = await Unit.start(dut)
    for shift in range(32):
        for relu in (0, 1):
            passes = [(shift, relu), ((shift + 13) % 32, 1 - relu)]
            items = []
            for slot in (0, 1):
                values = telling_values(passes[slot][0])
                unit.rng.shuffle(values)
                values += values[: -len(values) % LANES]
                items += [(slot, values[k : k + LANES]) for k in range(0, len(values), LANES)] * 3
            unit.rng.shuffle(items)
            await unit.check(passes, items)


@cocotb.test()
@cocotb.parametrize(profile=PROFILES)
async def test_gaps(dut, profile):
    unit = await Unit.start(dut)
    stalls = Stalls(profile, 1)
    items = [
        None
        if stalls.stalled()
        else (unit.rng.randrange(2), [unit.rng.getrandbits(32) - (1 << 31) for _ in range(LANES)])
        for _ in range(300)
    ]
    await unit.check([(14, 0), (16, 1)], items)


@cocotb.test()
async def test_reset_drops_rows(dut):
    unit = await Unit.start(dut)
    for age in (1, 2):
        await unit.check([(3, 0), (4, 0)], [])
        unit.source.put({"drain": 1, "values": [100] * LANES})
        await unit.bench.step(age)
        await unit.bench.reset()
        await unit.check([(5, 0), (6, 1)], [None, (0, [1000] * LANES), (1, [-1000] * LANES)])
