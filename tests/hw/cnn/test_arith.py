"""Requantisation as an expression, against the golden model's."""

import random

import pytest
import torch
from amaranth.hdl import Module, Signal, signed, unsigned
from amaranth.sim import Simulator

from hw.cnn.arith import round_to_u8
from sw.golden.cnn import requantise
from sw.golden.cnn_graph import Range
from tests.hw.cnn.units import bounds


@pytest.mark.parametrize(
    ("shape", "shifts"),
    [(signed(18), 17), (signed(25), 17), (unsigned(8), 1), (unsigned(14), 7)],
    ids=str,
)
def test_round_to_u8(shape, shifts):
    m = Module()
    value, shift, rounded = Signal(shape), Signal(5), Signal(16)
    expression = round_to_u8(value, shift)
    assert len(expression) == 8
    m.d.comb += rounded.eq(expression)
    rng = random.Random(str(shape))
    low, high = bounds(shape)

    def values(by):
        """Where the result turns: at its ends, and in the middle between two."""
        half = 1 << by >> 1
        turns = [edge * (1 << by) + half * odd for edge in (-1, 0, 1, 254, 255) for odd in (0, 1)]
        near = [turn + off for turn in turns for off in (-1, 0, 1)]
        anywhere = [rng.randint(low, high) for _ in range(20)]
        small = [rng.randint(0, min(high, 256 << by)) for _ in range(20)]
        return [v for v in (low, high, *near, *anywhere, *small) if low <= v <= high]

    async def check(context):
        for by in range(shifts):
            context.set(shift, by)
            chosen = values(by)
            expected = requantise(torch.tensor(chosen), by, Range.U8).tolist()
            for v, want in zip(chosen, expected, strict=True):
                context.set(value, v)
                assert context.get(rounded) == want, f"{v} >> {by}"

    simulator = Simulator(m)
    simulator.add_testbench(check)
    simulator.run()
