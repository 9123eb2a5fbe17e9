"""The event counter against layers counted by hand."""

from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt
import pytest

from sim.entries import column_entries
from sim.events import (
    Events,
    layer_events,
    network_events,
)

Array = npt.NDArray[Any]


def layer_of(columns: list[tuple[int, ...]]) -> Array:
    """Mask whose column j gives PE p its ``columns[j][p]`` entries, in the PE's topmost rows."""
    n_pe = len(columns[0])
    height = max(1, *(count for column in columns for count in column))
    mask = np.zeros((height * n_pe, len(columns)), bool)
    for j, column in enumerate(columns):
        for p, count in enumerate(column):
            mask[p : count * n_pe : n_pe, j] = True
    return mask


class Case(NamedTuple):
    """A layer with all activations non-zero, and its events counted by hand."""

    depth: int
    columns: list[tuple[int, ...]]
    cycles: int
    busy: tuple[int, ...]
    empty: tuple[int, ...]
    starved: tuple[int, ...]
    stalls: int


# "b" lists the cycles of the broadcasts; then, for each PE, the cycles in which it works.
BY_HAND = {
    # b 0. PE 1 2 3. Starved in 0.
    "one column": Case(8, [(3,)], 4, (3,), (0,), (1,), 0),
    # b 0 1 2. PE 1 2 | 3 | 4 5 6.
    "one PE": Case(8, [(2,), (1,), (3,)], 7, (6,), (0,), (1,), 0),
    # b 0 1 2. PE (1) | 2 3 | (4), the cycles in brackets without an entry.
    "empty columns": Case(8, [(0,), (2,), (0,)], 5, (2,), (2,), (1,), 0),
    # b 0 2 4: the place is taken until the activation starts, and can be filled the cycle after.
    # PE 1 | 3 | 5; starved in 0 2 4; broadcast stalled in 1 3.
    "depth 1": Case(1, [(1,), (1,), (1,)], 6, (3,), (0,), (3,), 2),
    # b 0 1 2. PE 1 | 2 | 3.
    "depth 2": Case(2, [(1,), (1,), (1,)], 4, (3,), (0,), (1,), 0),
    # b 0 2 5. PE 1 2 3 | 4 | 6: the second waits in the queue from 3 until it starts in 4.
    # Starved in 0 5, stalled in 1 3 4.
    "depth 1 blocks": Case(1, [(3,), (1,), (1,)], 7, (5,), (0,), (2,), 3),
    # b 0 1 2 5. PE 1 2 3 | 4 | 5 | 6: two are queued in 3 and 4, which stalls the fourth.
    "depth 2 blocks": Case(2, [(3,), (1,), (1,), (1,)], 7, (6,), (0,), (1,), 2),
    # b 0 1. PE 0: 1 2 3 | 4. PE 1: 1 | 2, starved in 0 3 4.
    "imbalance": Case(8, [(3, 1), (1, 1)], 5, (4, 2), (0, 0), (1, 3), 0),
    # b 0 2 5. PE 0: 1 2 3 | 4 | 6, starved in 0 5. PE 1: 1 | 3 4 5 | 6, starved in 0 2.
    # The third waits in 3 for both, in 4 for PE 0; stalled in 1 3 4.
    "imbalance, depth 1": Case(1, [(3, 1), (1, 3), (1, 1)], 7, (5, 5), (0, 0), (2, 2), 3),
    # b 0 1 2. PE 0: 1 2 3 | 4 | 5. PE 1: 1 | 2 3 4 | 5. The queue hides the imbalance.
    "imbalance, depth 2": Case(2, [(3, 1), (1, 3), (1, 1)], 6, (5, 5), (0, 0), (1, 1), 0),
    # b 0 1 2. PE 0: (1) | 2 3 | (4). PE 1: 1 2 | (3) | (4).
    "empty in one PE": Case(2, [(0, 2), (2, 0), (0, 0)], 5, (2, 2), (2, 2), (1, 1), 0),
    # b 0 1 2. Both PEs: 1 2 | 3 4 | 5 6.
    "dense": Case(8, [(2, 2), (2, 2), (2, 2)], 7, (6, 6), (0, 0), (1, 1), 0),
    # b 0 1 2. PE 0: 1 | 2 | 3. PE 1 has no rows at all: (1) | (2) | (3).
    "fewer rows than PEs": Case(8, [(1, 0), (1, 0), (1, 0)], 4, (3, 0), (0, 3), (1, 1), 0),
    # b 0 1 2 6 10, depth 2. PE 0: 1-4 | 5-8 | 9-12 | 13-16 | 17-20. PE 1 takes the first three in
    # 1 2 3, the fourth in 7, the fifth in 11. Stalled in 3 4 5 and 7 8 9.
    "one PE holds all up": Case(2, [(4, 1)] * 5, 21, (20, 5), (0, 0), (1, 16), 6),
}


@pytest.mark.parametrize("case", BY_HAND.values(), ids=BY_HAND.keys())
def test_by_hand(case: Case) -> None:
    n_pe = len(case.columns[0])
    events = layer_events(layer_of(case.columns), np.ones(len(case.columns)), n_pe, case.depth)
    assert events == Events(
        cycles=case.cycles,
        busy=case.busy,
        empty=case.empty,
        starved=case.starved,
        broadcasts=len(case.columns),
        stalls=case.stalls,
        entries=sum(case.busy),
        padding=0,
    )


def test_shares_by_hand() -> None:
    """Five cycles of two PEs: 4 + 2 with an entry, 1 + 3 starved."""
    events = layer_events(layer_of([(3, 1), (1, 1)]), np.ones(2), 2)
    assert events.load_balance == pytest.approx(6 / 10)
    assert events.utilisation == pytest.approx(6 / 10)
    # Five cycles of two PEs: 2 + 2 with an entry, 2 + 2 empty, 1 + 1 starved.
    events = layer_events(layer_of([(0, 2), (2, 0), (0, 0)]), np.ones(3), 2)
    assert events.load_balance == pytest.approx(8 / 10)
    assert events.utilisation == pytest.approx(4 / 10)


@pytest.mark.parametrize(
    ("weight_rows", "rows", "padding"),
    [
        # One entry carries up to 15 zeros; a padding entry stands for 15 zeros and one more.
        ([15], 16, 0),
        ([16], 17, 1),
        ([17], 18, 1),
        ([31], 32, 1),  # 16 zeros and 15
        ([32], 33, 2),  # 16 zeros, 16 zeros and none
        ([63], 64, 3),  # 48 zeros and 15
        ([0], 64, 0),  # zeros after the last entry are not coded
        ([0, 16], 64, 0),  # 15 zeros between
        ([0, 17], 64, 1),  # 16 zeros between
        ([16, 33, 50], 64, 3),  # 16 zeros each time
        ([], 64, 0),
    ],
)
@pytest.mark.parametrize("n_pe", [1, 2, 5])
def test_padding(weight_rows: list[int], rows: int, padding: int, n_pe: int) -> None:
    """Two equal columns in the last PE: zeros are counted in its own slice, in each column anew."""
    mask = np.zeros((rows * n_pe, 2), np.uint8)
    mask[[row * n_pe + n_pe - 1 for row in weight_rows]] = 7
    events = layer_events(mask, np.array([1, -1]), n_pe)
    entries = 2 * (len(weight_rows) + padding)
    assert (events.entries, events.padding) == (entries, 2 * padding)
    assert events.busy == (0,) * (n_pe - 1) + (entries,)
    assert events.cycles == 1 + (entries or 2)


def test_zero_activations_are_skipped() -> None:
    """Columns of 2, 5 and 1 entries, the middle one not broadcast: b 0 1, PE 1 2 | 3."""
    events = layer_events(layer_of([(2,), (5,), (1,)]), np.array([4, 0, -3]), 1)
    assert events == Events(4, (3,), (0,), (1,), broadcasts=2, stalls=0, entries=3, padding=0)


@pytest.mark.parametrize("rows_per_batch", [1, 64])
def test_no_activation(rows_per_batch: int) -> None:
    events = layer_events(np.ones((5, 3)), np.zeros(3), 2, rows_per_batch=rows_per_batch)
    assert events == Events(0, (0, 0), (0, 0), (0, 0), broadcasts=0, stalls=0, entries=0, padding=0)
    assert events.load_balance == 1.0
    assert events.utilisation == 0.0


def test_row_batches_by_hand() -> None:
    # Five dense rows, two columns, one PE of two rows: batches of 2, 2 and 1 rows.
    # In each, b 0 1; the PE works in 1 2 | 3 4, in 1 2 | 3 4 and in 1 | 2.
    events = layer_events(np.ones((5, 2), bool), np.ones(2), 1, rows_per_batch=2)
    assert events == Events(13, (10,), (0,), (3,), broadcasts=6, stalls=0, entries=10, padding=0)


def test_zeros_are_counted_within_a_batch() -> None:
    mask = np.zeros((18, 1), bool)
    mask[17] = True
    # One batch: 17 zeros take a padding entry. b 0, PE 1 2.
    whole = layer_events(mask, np.ones(1), 1)
    assert whole == Events(3, (2,), (0,), (1,), broadcasts=1, stalls=0, entries=2, padding=1)
    # Batches of 16 and 2 rows: the first is empty, b 0, PE (1); the second has one zero, b 0, PE 1.
    split = layer_events(mask, np.ones(1), 1, rows_per_batch=16)
    assert split == Events(4, (1,), (1,), (2,), broadcasts=2, stalls=0, entries=1, padding=0)


def test_a_pe_holds_64_rows() -> None:
    """Row 128 of two PEs is the first of a second batch, in PE 0."""
    assert layer_events(np.ones((128, 1)), np.ones(1), 2).broadcasts == 1
    events = layer_events(np.ones((129, 1)), np.ones(1), 2)
    assert (events.broadcasts, events.busy, events.empty) == (2, (65, 64), (0, 1))
    assert events.cycles == (1 + 64) + (1 + 1)


def test_lanes_by_hand() -> None:
    """Columns of 3, 0, 4 and 1 entries in PE 0 and 5, 1, 0 and 0 in PE 1, two entries a cycle.

    b 0 1 2 3. PE 0: 1 2 | (3) | 4 5 | 6. PE 1: 1 2 3 | 4 | (5) | (6).
    """
    layer = layer_of([(3, 5), (0, 1), (4, 0), (1, 0)])
    assert layer_events(layer, np.ones(4), 2, lanes=2) == Events(
        cycles=7,
        busy=(5, 4),
        empty=(1, 2),
        starved=(1, 1),
        broadcasts=4,
        stalls=0,
        entries=14,
        padding=0,
    )


def test_groups_by_hand() -> None:
    """The same columns and one of 2 and 2, in groups of two; the second and third have a zero
    activation, the last is a group by itself.

    Three groups of 3 and 6, 5 and 0, 2 and 2 entries: b 0 1 2.
    PE 0: 1 2 | 3 4 5 | 6. PE 1: 1 2 3 | (4) | 5.
    """
    layer = layer_of([(3, 5), (0, 1), (4, 0), (1, 0), (2, 2)])
    active = np.array([7, 0, 0, 7, 7])
    assert layer_events(layer, active, 2, lanes=2, group=2) == Events(
        cycles=7,
        busy=(6, 4),
        empty=(0, 1),
        starved=(1, 2),
        broadcasts=3,
        stalls=0,
        entries=18,
        padding=0,
    )
    # Without any activation in the first group: b 0 1. PE 0: 1 2 3 | 4. PE 1: (1) | 2.
    active[0] = 0
    assert layer_events(layer, active, 2, lanes=2, group=2) == Events(
        cycles=5,
        busy=(4, 1),
        empty=(0, 1),
        starved=(1, 3),
        broadcasts=2,
        stalls=0,
        entries=9,
        padding=0,
    )


@pytest.mark.parametrize("name", ["lanes", "group"])
def test_lanes_and_groups_are_positive(name: str) -> None:
    with pytest.raises(ValueError, match=f"{name} must be a positive integer, not 0"):
        layer_events(np.ones((2, 2)), np.ones(2), 1, **{name: 0})


def test_network_by_hand() -> None:
    """The layers "imbalance" and "empty in one PE" one after the other."""
    layers = [layer_of([(3, 1), (1, 1)]), layer_of([(0, 2), (2, 0), (0, 0)])]
    counted = network_events(layers, [np.ones(2), np.ones(3)], 2)
    assert [layer.cycles for layer in counted.layers] == [5, 5]
    assert counted.total == Events(
        cycles=10,
        busy=(6, 4),
        empty=(2, 2),
        starved=(2, 4),
        broadcasts=5,
        stalls=0,
        entries=10,
        padding=0,
    )


def test_network_passes_depth_and_batch_on() -> None:
    """The layer "imbalance, depth 1" in batches of two rows per PE and then of one.

    The first has columns (2, 1) (1, 2) (1, 1): b 0 2 4, PE 0: 1 2 | 3 | 5, PE 1: 1 | 3 4 | 5.
    The second has columns (1, 0) (0, 1) (0, 0): b 0 2 4, PE 0: 1 | (3) | (5), PE 1: (1) | 3 | (5).
    """
    layer = layer_of([(3, 1), (1, 3), (1, 1)])
    counted = network_events([layer], [np.ones(3)], 2, 1, rows_per_batch=2)
    assert counted.total == Events(
        cycles=12,
        busy=(5, 5),
        empty=(2, 2),
        starved=(5, 5),
        broadcasts=6,
        stalls=4,
        entries=10,
        padding=0,
    )
    assert column_entries(np.ones((64, 1)), 1).weights.shape == (1, 1, 1)
    assert column_entries(np.ones((65, 1)), 1).weights.shape == (2, 1, 1)
