"""
Integer weights as planes of base-16 digits: for layers whose weights nobody has shared.

A codebook of 16 values can hold every balanced hexadecimal digit (-8 to 7) times its place value,
so a matrix of weights of 4 P bits is the exact sum of P planes. It costs P times the entries.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from sw.compress.quantised import MAX_PLANES, Plane

__all__ = ["digit_planes", "digit_range"]

_DIGITS = np.array([0, *range(-8, 0), *range(1, 8)], np.int64)


def digit_range(planes: int) -> tuple[int, int]:
    """Least and greatest integer that so many balanced hexadecimal digits can write."""
    if not 1 <= planes <= MAX_PLANES:
        raise ValueError(f"planes must be from 1 to {MAX_PLANES}, not {planes}")
    ones = (16**planes - 1) // 15
    return -8 * ones, 7 * ones


def digit_planes(weight: NDArray[np.int32], planes: int) -> tuple[Plane, ...]:
    """Planes whose sum is ``weight``, int32 (out, in) within ``digit_range(planes)``: plane p holds
    the digits of place value 16^p. A zero digit is not stored, so zero weights stay free."""
    low, high = digit_range(planes)
    if weight.size and (weight.min() < low or weight.max() > high):
        raise ValueError(f"weights go from {weight.min()} to {weight.max()}, not {low} to {high}")
    index_of = np.zeros(16, np.uint8)
    index_of[_DIGITS & 15] = np.arange(16)
    made, rest = [], weight.astype(np.int64)
    for place in range(planes):
        made.append(Plane(index_of[rest & 15], (_DIGITS * 16**place).astype(np.int16)))
        rest = (rest + 8) >> 4
    return tuple(made)
