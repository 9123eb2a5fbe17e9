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


def fold_for_budget(found: Sequence[Layer], budget: int, least: int = 1) -> tuple[UnitConfig, ...]:
    """
    The folding with the shortest frame interval, of ``least`` cycles or more, that takes at most
    ``budget`` multipliers.

    :class:`DataflowError` where one multiplier for each convolution is more already.
    """
    fewest = multipliers([layer.unit for layer in found])
    if budget < fewest:
        raise DataflowError(
            f"{budget} multipliers are too few: each convolution and linear layer takes at least "
            f"one, which makes {fewest}"
        )
    cycles = {folding.cycles for layer in found for folding in _foldings(layer.unit)}
    choices = sorted({max(least, each) for each in cycles})
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
    foldings = _foldings(layer.unit)
    for folding in foldings:
        if folding.cycles <= interval:
            return folding
    raise DataflowError(
        f"{layer.name}: no folding takes at most {interval:,} cycles; the shortest is "
        f"{min(folding.cycles for folding in foldings):,}"
    )


@lru_cache(maxsize=1024)
def _foldings(unit: UnitConfig) -> tuple[UnitConfig, ...]:
    """All foldings, the one to be preferred first: of fewest multipliers, then the squarest, then
    of fewest lanes."""
    if not isinstance(unit, ConvConfig):
        return tuple(replace(unit, lanes=lanes) for lanes in _divisors(unit.channels))
    found = [
        replace(unit, simd=simd, pe=pe, lanes=lanes)
        for simd in _divisors(unit.inputs)
        for pe in _divisors(unit.outputs)
        for lanes in _divisors(pe)
    ]
    return tuple(
        sorted(
            found,
            key=lambda each: (
                each.multipliers,
                max(each.simd, each.pe) / min(each.simd, each.pe),
                each.pe,
                each.lanes,
            ),
        )
    )


@lru_cache(maxsize=256)
def _divisors(number: int) -> tuple[int, ...]:
    return tuple(k for k in range(1, number + 1) if number % k == 0)
