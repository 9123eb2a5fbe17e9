"""cocotb tests of other beats of the same channels; started by test_repack.py."""

import random

import cocotb

from hw.cnn.config import Number
from hw.cnn.streams import beat
from sim.runner import bench_parameters
from sim.streams import PROFILES
from tests.hw.cnn.units import Unit, extremes

CASES = bench_parameters()["units"]
NAMES = list(CASES)


def unit_of(name):
    kind, before, after = CASES[name]
    number = Number(kind)

    def frame(rng):
        values = extremes(rng, number.shape, 6 * max(before, after))
        return (
            {"i": [values[k : k + before] for k in range(0, len(values), before)]},
            {"o": [values[k : k + after] for k in range(0, len(values), after)]},
        )

    return Unit(name, {"i": beat(number, before)}, {"o": beat(number, after)}, frame)


@cocotb.test()
@cocotb.parametrize(name=NAMES, source=PROFILES, sink=PROFILES)
async def test_stalls(dut, name, source, sink):
    await unit_of(name).check_stalls(dut, source, sink)


@cocotb.test()
@cocotb.parametrize(name=NAMES)
async def test_resets(dut, name):
    await unit_of(name).check_resets(dut)


@cocotb.test()
@cocotb.parametrize(name=NAMES)
async def test_cycles(dut, name):
    """On the side of fewer lanes a beat goes in every cycle; the last part goes with the whole."""
    unit, (_, before, after) = unit_of(name), CASES[name]
    await unit.start(dut)
    await unit.check(random.Random(name))
    few, many = unit.sent(), unit.sink().cycles
    if before > after:
        few, many = many, few
    assert few == list(range(few[0], few[0] + len(few)))
    ratio = len(few) // len(many)
    assert ratio == max(before, after) // min(before, after)
    assert many == few[ratio - 1 :: ratio]


@cocotb.test()
@cocotb.parametrize(name=NAMES)
async def test_held(dut, name):
    """Without a taker it takes all beats but the last of those it puts together, else none."""
    unit, (_, before, after) = unit_of(name), CASES[name]
    await unit.start(dut, blocked=("o",))
    sent, expected = unit.frame(random.Random(name))
    unit.source().put(*sent["i"])
    await unit.bench.step(20)
    assert len(unit.sent()) == max(1, after // before) - 1
    unit.watch("o")
    await unit.bench.check({}, unit.named(expected))
