"""cocotb tests of the sum against the golden model's formula; started by test_add.py."""

import random

import cocotb
import torch

from hw.cnn.config import Number
from hw.cnn.streams import beat
from sim.ports import Pin
from sim.runner import bench_parameters
from sim.streams import PROFILES
from sw.golden.cnn import requantise
from sw.golden.cnn_graph import Range
from tests.hw.cnn.units import Unit, bounds, extremes

CASES = bench_parameters()["units"]
NAMES = list(CASES)


class AddUnit(Unit):
    """A sum, and the lift and the shift that it is loaded with."""

    def __init__(self, name, lift=3, shift=6):
        kind, self.lanes, index, self.frame_beats = CASES[name]
        self.lift, self.shift = lift, shift
        self.numbers = Number.S16, Number(kind)
        first, second = (beat(number, self.lanes) for number in self.numbers)
        shapes = {"first": first, "second": second}, {"o": beat(Number.U8, self.lanes)}
        super().__init__(name, *shapes, self.sums, self.word, index)

    @property
    def word(self):
        return self.lift | self.shift << 4

    def sums(self, rng):
        """Extremes, and what gives sums about where the result turns."""
        first, second = (
            [extremes(rng, number.shape, self.lanes) for _ in range(8)] for number in self.numbers
        )
        for turn in (2 * result + 1 << self.shift >> 1 for result in (-1, 0, 1, 100, 254, 255)):
            for total in (turn - 1, turn, turn + 1):
                rest = total - rng.randint(-(1 << 14), 1 << 14)
                second.append([clipped(self.numbers[1], rest >> self.lift)] * self.lanes)
                rest = total - (second[-1][0] << self.lift)
                first.append([clipped(Number.S16, rest)] * self.lanes)
        total = torch.tensor(first) + (torch.tensor(second) << self.lift)
        result = requantise(total, self.shift, Range.U8).tolist()
        return {"first": first, "second": second}, {"o": result}


def clipped(number, value):
    low, high = bounds(number.shape)
    return min(high, max(low, value))


@cocotb.test()
@cocotb.parametrize(name=NAMES, source=PROFILES, sink=PROFILES)
async def test_stalls(dut, name, source, sink):
    await AddUnit(name).check_stalls(dut, source, sink)


@cocotb.test()
@cocotb.parametrize(name=NAMES)
async def test_resets(dut, name):
    await AddUnit(name).check_resets(dut)


@cocotb.test()
@cocotb.parametrize(name=NAMES, lift=range(9))
async def test_numbers(dut, name, lift):
    """Every lift with every shift: extremes, and sums about the turns of the result."""
    rng = random.Random(f"{name}/{lift}")
    unit = AddUnit(name, lift)
    await unit.start(dut)
    for unit.shift in range(17):
        await unit.load(unit.word)
        await unit.check(rng, 1)


@cocotb.test()
@cocotb.parametrize(name=NAMES)
async def test_cycles(dut, name):
    """A beat of both in every cycle, two cycles later; one by itself too."""
    unit = AddUnit(name)
    await unit.start(dut)
    await unit.check(random.Random(name))
    count = len(unit.sent("first"))
    sent, expected = unit.sums(random.Random(name))
    alone = [{port: items[:1] for port, items in each.items()} for each in (sent, expected)]
    await unit.bench.check(*map(unit.named, alone))
    cycles = unit.sent("first")
    assert cycles[:count] == list(range(cycles[0], cycles[0] + count))
    assert unit.sent("second") == cycles
    assert unit.sink().cycles == [cycle + 2 for cycle in cycles]


@cocotb.test()
@cocotb.parametrize(name=NAMES, stalls=["never", "heavy"])
async def test_ends(dut, name, stalls):
    """The end of a frame is told in the cycle in which its last beat is taken, and in no other."""
    unit = AddUnit(name)
    await unit.start(dut, {"second": stalls, "o": stalls})
    told, ends = [], Pin(dut, f"{name}__ends", 1)

    async def listen():
        while True:
            await unit.bench.edge
            if ends.get():
                told.append(unit.bench.cycle)

    listener = cocotb.start_soon(listen())
    await unit.check(random.Random(name))
    listener.cancel()
    assert told == unit.sent("first")[unit.frame_beats - 1 :: unit.frame_beats]


@cocotb.test()
@cocotb.parametrize(name=NAMES, late=["first", "second"])
async def test_together(dut, name, late):
    """A summand waits for the other one; without a taker two sums are held and no third."""
    unit = AddUnit(name)
    await unit.start(dut, blocked=("o",))
    sent, expected = unit.sums(random.Random(name))
    (early,) = set(sent) - {late}
    unit.source(early).put(*sent[early])
    await unit.bench.step(8)
    assert not unit.sent(early)
    unit.source(late).put(*sent[late])
    await unit.bench.step(8)
    assert len(unit.sent(early)) == len(unit.sent(late)) == 2
    unit.watch("o")
    await unit.bench.check({}, unit.named(expected))


@cocotb.test()
@cocotb.parametrize(name=NAMES)
async def test_other_writes(dut, name):
    """Writes of weights, to other units, or not valid, leave the parameters as they are; so do
    bits above them, and a reset."""
    unit = AddUnit(name)
    await unit.start(dut)
    await unit.load(0, parameters=0)
    await unit.load(0, unit=unit.index ^ 128)
    await unit.load(0, unit=unit.index ^ 1)
    await unit.load(0, valid=0)
    await unit.check(random.Random(name))
    await unit.bench.reset()
    await unit.check(random.Random(name))
    await unit.load(unit.word | (1 << 64) - (1 << 9))
    await unit.check(random.Random(name))
