"""Weights as planes of hexadecimal digits: every value of every width, and nothing beyond."""

import numpy as np
import pytest

from sw.compress.digits import digit_planes, digit_range


@pytest.mark.parametrize(
    ("planes", "low", "high"), [(1, -8, 7), (2, -136, 119), (3, -2184, 1911), (4, -34952, 30583)]
)
def test_every_value(planes, low, high):
    assert digit_range(planes) == (low, high)
    weight = np.arange(low, high + 1, dtype=np.int32)[None]
    made = digit_planes(weight, planes)
    assert len(made) == planes
    total = sum(plane.codebook.astype(int)[plane.index] for plane in made)
    assert np.array_equal(total, weight)
    for place, plane in enumerate(made):
        digits = plane.codebook.astype(int)[plane.index]
        assert np.array_equal(plane.index == 0, digits == 0)
        assert set(digits.reshape(-1).tolist()) == {d * 16**place for d in range(-8, 8)}


def test_zero_weights_are_stored_in_no_plane():
    assert not any(plane.index.any() for plane in digit_planes(np.zeros((2, 3), np.int32), 4))


@pytest.mark.parametrize("value", [-137, 120])
def test_refuses_values_beyond(value):
    with pytest.raises(ValueError, match=r"weights go from .* not -136 to 119"):
        digit_planes(np.array([[0, value]], np.int32), 2)


@pytest.mark.parametrize("planes", [0, 5])
def test_refuses_other_widths(planes):
    with pytest.raises(ValueError, match=f"planes must be from 1 to 4, not {planes}"):
        digit_range(planes)
