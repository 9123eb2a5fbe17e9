"""Ratios of scales as integers: a multiplier and a shift, or a shift alone."""

from __future__ import annotations

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from sw.golden.cnn_graph import MAX_MULTIPLIED_SHIFT, MAX_SHIFT

__all__ = ["multipliers", "shifts"]

_BITS = 15


def shifts(ratios: NDArray[np.float64]) -> Tensor | None:
    """int32 (n,) with ``ratios == 2.0 ** -shifts``, 0 to 31; None if there are not such."""
    fraction, exponent = np.frexp(ratios)
    shift = 1 - exponent
    if (fraction != 0.5).any() or shift.min() < 0 or shift.max() > MAX_SHIFT:
        return None
    return _int32(shift)


def multipliers(ratios: NDArray[np.float64]) -> tuple[Tensor, Tensor]:
    """
    Multipliers and shifts, int32 (n,) each, for positive ``ratios``.

    A multiplier is the ratio's leading 15 bits, rounded half to even, so that
    ``multiplier * 2^-shift`` is within ``2^-15`` of the ratio, relatively: less than 0.008 of the
    last place of an output of 8 bits. A ratio below ``2^-32``, of which accumulators below ``2^30``
    only make 0, becomes ``2^-46``, which does too. ``ValueError`` names the channel whose ratio is
    too large.
    """
    fraction, exponent = np.frexp(ratios)
    multiplier = np.rint(fraction * (1 << _BITS)).astype(np.int64)
    shift = _BITS - exponent
    carried = multiplier == 1 << _BITS
    multiplier[carried] >>= 1
    shift[carried] -= 1
    vanishing = shift > MAX_MULTIPLIED_SHIFT
    multiplier[vanishing], shift[vanishing] = 1, MAX_MULTIPLIED_SHIFT
    if shift.min() < 0:
        channel = int(shift.argmin())
        raise ValueError(f"channel {channel} is scaled by {ratios[channel]:g}, beyond 15 bits")
    return _int32(multiplier), _int32(shift)


def _int32(values: NDArray) -> Tensor:
    return torch.from_numpy(values.astype(np.int32))
