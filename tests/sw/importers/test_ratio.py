"""Ratios as integers, against fractions."""

from fractions import Fraction

import numpy as np
import pytest
import torch
from hypothesis import example, given
from hypothesis import strategies as st

from sw.golden.cnn import requantise
from sw.golden.cnn_graph import Range
from sw.importers.ratio import multipliers, shifts


def one(ratio):
    multiplier, shift = multipliers(np.array([ratio]))
    assert multiplier.dtype == shift.dtype == torch.int32
    return int(multiplier), int(shift)


@given(st.floats(2.0**-32, 32767))
@example(2.0**-32)
@example(2.0**-31)
@example(32767.0)
@example(1 - 2.0**-53)
@example((1 << 15) - 1.0)
@example(2.0**-31 * (1 - 2.0**-17) * 2)
def test_leading_bits(ratio):
    multiplier, shift = one(ratio)
    assert 1 << 14 <= multiplier < 1 << 15 and 0 <= shift <= 46
    off = Fraction(multiplier, 1 << shift) / Fraction(ratio) - 1
    assert abs(off) <= Fraction(1, 1 << 15)


@given(st.floats(2.0**-60, 2.0**-31, exclude_max=True), st.integers(-(1 << 30) + 1, (1 << 30) - 1))
@example(np.nextafter(2.0**-31, 0), (1 << 30) - 1)
@example(2.0**-32, -(1 << 30) + 1)
@example(2.0**-60, (1 << 30) - 1)
def test_ratios_that_make_anything_zero(ratio, accumulator):
    multiplier, shift = one(ratio)
    assert 1 <= multiplier < 1 << 15 and shift <= 46
    assert requantise(torch.tensor([accumulator]), shift, Range.S16, multiplier).tolist() == [0]


@pytest.mark.parametrize("ratio", [32767.6, 2.0**15, 1e30])
def test_too_large(ratio):
    with pytest.raises(ValueError, match=r"channel 1 is scaled by .*, beyond 15 bits"):
        multipliers(np.array([1.0, ratio]))


def test_shifts():
    assert shifts(np.array([1.0, 0.5, 2.0**-31])).tolist() == [0, 1, 31]
    for other in (2.0, 2.0**-32, 0.75, np.nextafter(0.5, 1)):
        assert shifts(np.array([0.5, other])) is None


@given(st.integers(-(1 << 30), 1 << 30), st.integers(0, 31))
def test_a_power_of_two_is_the_same_with_a_multiplier(accumulator, shift):
    multiplier, longer = one(2.0**-shift)
    total = torch.tensor([accumulator])
    alone = requantise(total, shift, Range.S16)
    assert torch.equal(requantise(total, longer, Range.S16, multiplier), alone)
