"""cocotb tests of lane select against a walk over the columns; started by test_window.py."""

import random
from itertools import product

import cocotb
from cocotb.triggers import Timer

from hw.eie.config import EieConfig
from hw.eie.wide.tokens import lane_layout, span_layout
from sim.payload import Codec
from sim.runner import bench_parameters
from tests.hw.eie.wide.spans import entry_lanes, group_span, random_sizes, single_span

CONFIGS = [EieConfig(**fields) for fields in bench_parameters()["configs"]]
NUMBERS = range(len(CONFIGS))


class Unit:
    """One of the units, and what its lanes must be at any place of a span."""

    def __init__(self, dut, number):
        self.config = CONFIGS[number]
        self.rng = random.Random(number)
        self.pins = {
            name: getattr(dut, f"unit_{number}__{name}")
            for name in ("span", "offset", "left", "lanes")
        }
        self.spans, self.lane = Codec(span_layout(self.config)), Codec(lane_layout(self.config))

    async def check(self, span, offsets=None):
        expected = entry_lanes(span)
        self.pins["span"].value = self.spans.encode(span)
        for offset in range(0, len(expected), self.config.lanes) if offsets is None else offsets:
            self.pins["offset"].value = offset
            self.pins["left"].value = len(expected) - offset
            await Timer(1, "ns")
            bits = int(self.pins["lanes"].value)
            for k in range(self.config.lanes):
                got = self.lane.decode(bits >> 18 * k & (1 << 18) - 1)
                assert got["valid"] == (offset + k < len(expected)), (span, offset, k)
                if got["valid"]:
                    assert got == {"valid": 1, **expected[offset + k]}, (span, offset, k)


@cocotb.test()
@cocotb.parametrize(number=NUMBERS)
async def test_small_groups(dut, number):
    """Every group of up to three columns that have up to four entries each, at every place."""
    unit = Unit(dut, number)
    columns = min(3, unit.config.group_max)
    for sizes in product(range(5), repeat=columns):
        for before in {0, unit.config.group_max - columns}:
            span = group_span(unit.config, unit.rng, 77, [*[0] * before, *sizes])
            await unit.check(span, range(sum(sizes)))


@cocotb.test()
@cocotb.parametrize(number=NUMBERS)
async def test_random_groups(dut, number):
    unit = Unit(dut, number)
    for _ in range(120):
        sizes = random_sizes(unit.config, unit.rng)
        await unit.check(group_span(unit.config, unit.rng, unit.rng.getrandbits(15), sizes))
    for sizes in ([127], [*[0] * (unit.config.group_max - 1), 127]):
        await unit.check(group_span(unit.config, unit.rng, 0, sizes))


@cocotb.test()
@cocotb.parametrize(number=NUMBERS)
async def test_singles(dut, number):
    """However long, and whatever stands where a group has the ends of its columns."""
    unit = Unit(dut, number)
    for length in (1, 2, 7, 8, 9, 127, 128, 129, 300):
        for start in (0, 65535 - length):
            await unit.check(single_span(unit.config, unit.rng, start, start + length))
    longest = single_span(unit.config, unit.rng, 0, 65535)
    places = [127, 128, 16384 - 8, 32768 - 1, 32768, 65528, 65534]
    await unit.check(longest, [*places, *unit.rng.sample(range(65535), 60)])
