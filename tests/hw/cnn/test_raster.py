"""Counters of where a stream is, against nested loops."""

import itertools
import random

import pytest
from amaranth.hdl import Module, Signal
from amaranth.sim import Simulator

from hw.cnn.raster import raster


@pytest.mark.parametrize("lengths", [(3, 5, 2), (1, 4, 1), (2, 1, 3), (8,), (1,)])
def test_raster(lengths):
    m = Module()
    step = Signal()
    places = raster(m, step, **{f"level_{k}": length for k, length in enumerate(lengths)})
    m.d.sync += Signal().eq(step)
    rng = random.Random(str(lengths))
    rounds = list(itertools.product(*map(range, lengths)))

    async def check(context):
        for expected, following in itertools.pairwise(rounds * 3):
            for _ in range(rng.randrange(3)):
                await context.tick()
            got = tuple(context.get(place.value) for place in places)
            assert got == expected
            for place, value, length in zip(places, expected, lengths, strict=True):
                assert context.get(place.first) == (value == 0)
                assert context.get(place.last) == (value == length - 1)
            assert context.get(places[-1].following) == following[-1]
            context.set(step, 1)
            await context.tick()
            context.set(step, 0)

    simulator = Simulator(m)
    simulator.add_clock(1e-6)
    simulator.add_testbench(check)
    simulator.run()
