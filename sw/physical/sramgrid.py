"""
Interpolation in a grid of figures over the capacity and the width of an SRAM.

Between capacities of the grid, and between widths at one of them, a figure is a straight line over
the logarithm of both. A width that a capacity does not have around it takes its ratio to the
nearest one there from the nearest capacity that has both, or widths around them.
"""

from __future__ import annotations

import math
from bisect import bisect_right
from collections.abc import Mapping, Sequence
from typing import NamedTuple

__all__ = ["BEYOND", "NEARBY", "Figures", "Found", "Grid", "around", "interpolate", "ordered"]

Figures = tuple[float, ...]
Grid = Mapping[int, Mapping[int, Figures]]
"""Figures by capacity in bytes, then by width in bits, both in rising order."""

BEYOND = 2.0
"""Largest factor between a width or a capacity and the last one of the grid."""

NEARBY = 32
"""Largest factor between a capacity and the one that it takes a ratio of widths from."""


class Found(NamedTuple):
    """Figures, the points that they come from, and whether those lie all to one side."""

    figures: Figures
    how: str
    extrapolated: bool


def ordered(grid: Grid) -> Grid:
    """The grid in rising order."""
    return {size: dict(sorted(grid[size].items())) for size in sorted(grid)}


def around(points: Sequence[int], x: float) -> tuple[int, ...]:
    """The two points around ``x``, or the two nearest where it lies outside; alone, one that is
    ``x`` itself or the only one."""
    if len(points) == 1:
        return (points[0],)
    k = min(max(bisect_right(points, x), 1), len(points) - 1)
    return next(((p,) for p in points if p == x), (points[k - 1], points[k]))


def _line(line: Mapping[int, Figures], x: float) -> Figures:
    """Straight lines over logarithms; where a figure is 0, over its value."""
    near = around(list(line), x)
    if len(near) == 1:
        return line[near[0]]
    low, high = near
    t = math.log(x / low) / math.log(high / low)
    return tuple(
        a * (b / a) ** t if a > 0 and b > 0 else max(0.0, a + (b - a) * t)
        for a, b in zip(line[low], line[high], strict=True)
    )


def _distance(a: float, b: float) -> float:
    return abs(math.log(a / b))


def _donor(grid: Grid, size: int, nearest: int, width: int, beyond: float) -> int | None:
    """Nearest capacity whose widths span both, where those reach ``beyond`` times as far."""
    found = [
        other
        for other, line in grid.items()
        if len(line) > 1
        and min(line) <= nearest <= max(line)
        and min(line) / beyond <= width <= max(line) * beyond
        and max(other / size, size / other) <= NEARBY
    ]
    return min(found, key=lambda other: _distance(other, size), default=None)


def _at_capacity(grid: Grid, size: int, width: int) -> Found | None:
    """Figures of a width at a capacity of the grid."""
    line = grid[size]
    nearest = min(line, key=lambda other: _distance(other, width))
    if nearest == width:
        return Found(line[width], f"{size} bytes of {width} bits", False)
    inside = _donor(grid, size, nearest, width, 1.0)
    donor = inside or _donor(grid, size, nearest, width, BEYOND)
    if donor is None:
        return None
    there, here = _line(grid[donor], width), _line(grid[donor], nearest)
    figures = tuple(
        value * a / b if b else value
        for value, a, b in zip(line[nearest], there, here, strict=True)
    )
    how = f"{size} bytes of {nearest} bits times {width}:{nearest} at {donor} bytes"
    return Found(figures, how, inside is None)


def interpolate(grid: Grid, size: float, width: int) -> Found | None:
    """Figures of a capacity in bytes and a width in bits; ``None`` where no capacity within a
    factor of :data:`NEARBY` has the width, or half or twice it."""
    series: dict[int, Figures] = {}
    notes = []
    outside = not min(grid) <= size <= max(grid)
    for point in around(list(grid), size):
        found = _at_capacity(grid, point, width)
        if found is None:
            return None
        series[point] = found.figures
        notes.append(found.how)
        outside |= found.extrapolated
    return Found(_line(series, size), "; ".join(notes), outside)
