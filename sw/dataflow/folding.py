"""Folding: how many multipliers each convolution gets, so that none is slower than the others."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from functools import lru_cache

from hw.cnn.config import ConvConfig, UnitConfig

from .layers import DataflowError, Layer

__all__ = ["fold_for_budget", "fold_for_interval", "multipliers"]


def multipliers(units: Sequence[UnitConfig]) -> int:
    """Of all units."""
    return sum(unit.multipliers for unit in units)


def fold_for_interval(found: Sequence[Layer], interval: int) -> tuple[UnitConfig, ...]:
    """
    Units of all layers, each with the fewest multipliers with which a frame takes at most
    ``interval`` cycles.

    Of foldings with as many, one whose ``simd`` and ``pe`` are close to one another, ``simd`` the
    larger: a wide ``pe`` costs accumulators, a wide ``simd`` reads of the line buffer. ``lanes``
    are as few as the interval allows. :class:`DataflowError` names the first layer that cannot.
    """
    return tuple(_folded(layer, interval) for layer in found)


def fold_for_budget(found: Sequence[Layer], budget: int) -> tuple[UnitConfig, ...]:
    """
    The folding with the shortest frame interval that takes at most ``budget`` multipliers.

    :class:`DataflowError` where one multiplier for each convolution is more already.
    """
    least = multipliers([layer.unit for layer in found])
    if budget < least:
        raise DataflowError(
            f"{budget} multipliers are too few: each convolution and linear layer takes at least "
            f"one, which makes {least}"
        )
    choices = sorted({cycles for layer in found for cycles in _intervals(layer.unit)})
    low, high = 0, len(choices) - 1
    while low < high:
        middle = (low + high) // 2
        if _fits(found, choices[middle], budget):
            high = middle
        else:
            low = middle + 1
    return fold_for_interval(found, choices[high])


def _fits(found: Sequence[Layer], interval: int, budget: int) -> bool:
    try:
        return multipliers(fold_for_interval(found, interval)) <= budget
    except DataflowError:
        return False


def _folded(layer: Layer, interval: int) -> UnitConfig:
    unit = layer.unit
    if isinstance(unit, ConvConfig):
        for folding in _foldings(unit):
            if folding.cycles <= interval:
                return _with_lanes(folding, interval, folding.pe)
        raise DataflowError(
            f"{layer.name}: no folding takes at most {interval:,} cycles; the shortest is "
            f"{min(_intervals(unit)):,}"
        )
    return _with_lanes(unit, interval, unit.channels)


def _with_lanes(unit: UnitConfig, interval: int, most: int) -> UnitConfig:
    """The unit with as few lanes, a divisor of ``most``, as let it keep the interval."""
    for lanes in _divisors(most):
        candidate = replace(unit, lanes=lanes)
        if max(candidate.cycles, _output_beats(candidate)) <= interval:
            return candidate
    return replace(unit, lanes=most)


def _output_beats(unit: UnitConfig) -> int:
    """Beats in which a frame leaves."""
    if isinstance(unit, ConvConfig):
        return unit.out_height * unit.out_width * unit.outputs // unit.lanes
    return unit.cycles


@lru_cache(maxsize=1024)
def _foldings(unit: ConvConfig) -> tuple[ConvConfig, ...]:
    """All foldings, the one to be preferred first: of fewest multipliers, then the squarest. They
    have lanes enough to be as fast as their multipliers."""
    found = []
    for simd in _divisors(unit.inputs):
        for pe in _divisors(unit.outputs):
            folding = replace(unit, simd=simd, pe=pe, lanes=1)
            lanes = next(n for n in _divisors(pe) if pe // n <= folding.dot_beats)
            found.append(replace(folding, lanes=lanes))
    return tuple(
        sorted(
            found,
            key=lambda each: (
                each.multipliers,
                each.cycles,
                max(each.simd, each.pe) / min(each.simd, each.pe),
                each.pe,
            ),
        )
    )


def _intervals(unit: UnitConfig) -> set[int]:
    """Cycles of a frame that foldings of a unit have."""
    if isinstance(unit, ConvConfig):
        return {folding.cycles for folding in _foldings(unit)}
    return {unit.cycles // lanes for lanes in _divisors(unit.channels)}


@lru_cache(maxsize=256)
def _divisors(number: int) -> tuple[int, ...]:
    return tuple(k for k in range(1, number + 1) if number % k == 0)
