"""Predicted cycles of groups against a count over all sets of activations, and the choice."""

from dataclasses import replace
from itertools import product

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hw.eie.config import GROUPS, PRESETS
from sw.compress.grouping import choose_group, predicted_cycles, split_overhead
from sw.compress.records import fits_records

WIDE = PRESETS["wide8"]


def pointers_of(entries):
    """Pointers of columns with so many entries, (n_pe, columns)."""
    entries = np.asarray(entries)
    pointers = np.zeros((len(entries), entries.shape[1] + 1), np.int64)
    np.cumsum(entries, axis=1, out=pointers[:, 1:])
    return pointers


def cycles_by_hand(entries, active, group, lanes):
    """The mean over all sets of non-zero activations, weighted by how likely each is."""
    columns = len(active)
    broadcasts, work = 0.0, [0.0] * len(entries)
    for mask in product((False, True), repeat=columns):
        likely = 1.0
        for is_active, share in zip(mask, active, strict=True):
            likely *= share if is_active else 1 - share
        for first in range(0, columns, group):
            if not any(mask[first : first + group]):
                continue
            broadcasts += likely
            for pe, counts in enumerate(entries):
                held = int(sum(counts[first : first + group]))
                work[pe] += likely * max(1, (held + lanes - 1) // lanes)
    return max(broadcasts, *work)


@settings(max_examples=60)
@given(
    seed=st.integers(0, 2**32 - 1),
    n_pe=st.integers(1, 3),
    columns=st.integers(1, 8),
    group=st.sampled_from(GROUPS),
    lanes=st.sampled_from([1, 2, 4, 8]),
)
def test_predicted_cycles(seed, n_pe, columns, group, lanes):
    rng = np.random.default_rng(seed)
    entries = rng.integers(0, 6, (n_pe, columns))
    active = rng.choice([0.0, 0.25, 0.5, 1.0], columns)
    predicted = predicted_cycles(pointers_of(entries), active, group, lanes)
    assert predicted == pytest.approx(cycles_by_hand(entries, active, group, lanes))


@settings(max_examples=60)
@given(
    seed=st.integers(0, 2**32 - 1),
    columns=st.integers(1, 200),
    most=st.sampled_from([1, 5, 40]),
    active=st.sampled_from([0.05, 0.5, 1.0]),
    group_max=st.sampled_from(GROUPS),
)
def test_choice_is_the_best(seed, columns, most, active, group_max):
    """Of the sizes allowed none takes fewer cycles, and no larger one as few."""
    rng = np.random.default_rng(seed)
    config = replace(WIDE, group_max=group_max, ptr_depth=256)
    pointers = pointers_of(rng.integers(0, most + 1, (8, columns)))
    share = np.full(columns, active)
    chosen = choose_group(pointers, share, config)
    cycles = {}
    for group in GROUPS:
        # Records of 8 pointers: no more of them than the columns of whole groups take, or a 16th
        # of all.
        small = 8 * -(-columns // group) <= max(columns + group + 1, 16)
        allowed = group == 1 or (group <= group_max and small and fits_records(pointers, group))
        if allowed:
            cycles[group] = predicted_cycles(pointers, share, group, config.lanes)
    assert chosen in cycles
    assert all(
        value > cycles[chosen] or (value == cycles[chosen] and group <= chosen)
        for group, value in cycles.items()
    )


def test_few_entries_make_large_groups_and_idle_columns_small_ones():
    sparse = pointers_of(np.ones((8, 320)))
    assert choose_group(sparse, np.ones(320), replace(WIDE, group_max=8)) == 8
    assert choose_group(sparse, np.ones(320), WIDE) == 16  # as many cycles, fewer records
    assert choose_group(pointers_of(np.zeros((8, 320))), np.ones(320), WIDE) == 16
    assert choose_group(pointers_of(np.full((8, 320), 8)), np.full(320, 0.05), WIDE) == 1
    assert choose_group(pointers_of(np.full((8, 320), 40)), np.ones(320), WIDE) <= 2


@pytest.mark.parametrize(
    ("n_pe", "rows", "cycles"), [(2, 1, 3), (4, 2, 4), (8, 4, 7), (16, 1, 4), (64, 32, 36)]
)
def test_split_overhead(n_pe, rows, cycles):
    """The PEs wait for each other for two cycles, a tree of four-input adders, a row a cycle."""
    assert split_overhead(rows, replace(WIDE, n_pe=n_pe)) == cycles
