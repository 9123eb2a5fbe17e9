"""How many columns to broadcast together: the group size of each pass, by predicted cycles."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from hw.eie.config import GROUPS, EieConfig
from sw.compress.records import fits_records, pointer_words

__all__ = ["choose_group", "predicted_cycles", "split_overhead"]

SMALL_PART = 16
"""Part of the pointer memory that counts as small: one in so many."""


def predicted_cycles(
    pointers: NDArray[np.int64], active: NDArray[np.floating], group: int, lanes: int
) -> float:
    """
    Cycles that a tile is expected to take: the broadcasts, or the work of the busiest PE, whichever
    is more. A group is broadcast if any of its activations is not zero; a PE then takes a cycle
    for each ``lanes`` entries of all its columns, at least one.

    Parameters
    ----------
    pointers : int64 (n_pe, columns + 1)
        As in ``EncodedTile``.
    active : float (columns,)
        Probability of each input not to be zero; inputs are taken as independent.
    group, lanes : int
    """
    columns = pointers.shape[1] - 1
    edges = np.minimum(np.arange(0, columns + group, group), columns)
    entries = np.diff(pointers[:, edges], axis=1)
    idle = np.ones(len(edges[:-1]) * group)
    idle[:columns] = 1 - active
    sent = 1 - idle.reshape(-1, group).prod(axis=1)
    work = np.maximum(1, -(-entries // lanes)) @ sent
    return float(max(sent.sum(), work.max(initial=0)))


def choose_group(
    pointers: NDArray[np.int64], active: NDArray[np.floating], config: EieConfig
) -> int:
    """The group size, at most ``group_max``, of fewest predicted cycles; the larger of equals. Only
    sizes whose records can count the entries, and that take no more pointer memory than single
    columns of as many whole groups or else a small part of it, are considered."""
    best, least = 1, predicted_cycles(pointers, active, 1, config.lanes)
    for group in GROUPS[1:]:
        words = pointer_words(len(active), group)
        single = pointer_words(len(active) + group, 1)  # the last group may not be whole
        roomy = words <= max(single, config.ptr_depth // SMALL_PART)
        if group > config.group_max or not roomy or not fits_records(pointers, group):
            continue
        cycles = predicted_cycles(pointers, active, group, config.lanes)
        if cycles <= least:
            best, least = group, cycles
    return best


def split_overhead(rows: int, config: EieConfig) -> int:
    """Cycles by which a split pass of so many rows drains later than another: all PEs wait for each
    other, the sums come out of an adder tree, row by row."""
    return 2 + max(1, (config.pe_bits + 1) // 2) + rows - 1
