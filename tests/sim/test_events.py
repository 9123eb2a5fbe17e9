"""The event counter against layers counted by hand and against a cycle-by-cycle simulation."""

import re
import time
from collections import deque
from itertools import pairwise
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sim.entries import column_entries
from sim.events import (
    Events,
    layer_events,
    network_events,
    schedule,
    within_bar,
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


# --- a second implementation: a state machine that steps through the cycles -----------------------


def stepped_entries(mask: Array, n_pe: int, first: int, last: int) -> tuple[Array, Array]:
    """Weights and padding entries (PEs, columns) of rows first ... last - 1, encoded one by one."""
    weights = np.zeros((n_pe, mask.shape[1]), int)
    padding = np.zeros_like(weights)
    for p in range(n_pe):
        for j in range(mask.shape[1]):
            pending = zeros = 0
            for i in range(first, last):
                if i % n_pe != p:
                    continue
                if mask[i, j]:
                    weights[p, j] += 1
                    padding[p, j] += pending
                    pending = zeros = 0
                elif zeros == 15:  # a 16th zero: what came before, and it, need a padding entry
                    pending, zeros = pending + 1, 0
                else:
                    zeros += 1
    return weights, padding


def stepped_batch(
    entries: Array, active: list[int], depth: int, lanes: int = 1
) -> tuple[int, Array, Array, int]:
    """Cycles, busy (PEs,), empty (PEs,) and stalls of one row batch, ``active`` the columns (or
    groups of them) that are broadcast."""
    n_pe = len(entries)
    queues: list[deque[int]] = [deque() for _ in range(n_pe)]
    left = [0] * n_pe
    bubble = [False] * n_pe
    busy = np.zeros(n_pe, int)
    empty = np.zeros(n_pe, int)
    to_send = deque(active)
    cycles = stalls = 0
    while to_send or any(queues) or any(left):
        full = any(len(queue) >= depth for queue in queues)
        for p in range(n_pe):
            if left[p] == 0 and queues[p]:
                count = int(entries[p, queues[p].popleft()])
                bubble[p] = count == 0
                left[p] = 1 if bubble[p] else count
            if left[p]:
                left[p] = max(0, left[p] - lanes)
                (empty if bubble[p] else busy)[p] += 1
        if to_send and full:
            stalls += 1
        elif to_send:
            column = to_send.popleft()
            for queue in queues:
                queue.append(column)
        cycles += 1
    return cycles, busy, empty, stalls


def stepped_layer(
    mask: Array,
    activations: Array,
    n_pe: int,
    depth: int,
    rows_per_batch: int,
    lanes: int = 1,
    group: int = 1,
) -> Events:
    """What `layer_events` does, slowly."""
    rows, columns = mask.shape
    members = [range(j, min(j + group, columns)) for j in range(0, columns, group)]
    active = [g for g, group in enumerate(members) if any(activations[j] for j in group)]
    cycles = broadcasts = stalls = padded = worked = 0
    busy = np.zeros(n_pe, int)
    empty = np.zeros(n_pe, int)
    for first in range(0, rows, n_pe * rows_per_batch):
        last = min(rows, first + n_pe * rows_per_batch)
        weights, padding = stepped_entries(mask, n_pe, first, last)
        held = np.array([[sum(pe[group]) for group in members] for pe in weights + padding])
        took, works, bubbles, waits = stepped_batch(held, active, depth, lanes)
        worked += int(held[:, active].sum())
        cycles, stalls, broadcasts = cycles + took, stalls + waits, broadcasts + len(active)
        busy, empty = busy + works, empty + bubbles
        padded += sum(int(padding[:, members[g]].sum()) for g in active)
    starved = cycles - busy - empty
    return Events(
        cycles=cycles,
        busy=tuple(busy.tolist()),
        empty=tuple(empty.tolist()),
        starved=tuple(starved.tolist()),
        broadcasts=broadcasts,
        stalls=stalls,
        entries=worked,
        padding=padded,
    )


class Layer(NamedTuple):
    """A random layer."""

    mask: Array
    activations: Array
    n_pe: int


@st.composite
def random_layers(draw: st.DrawFn) -> Layer:
    """Layers of all shapes: also tall ones, sparse enough for long runs of zeros."""
    n_pe = draw(st.integers(1, 7))
    rows = draw(st.integers(1, 60 * n_pe))
    columns = draw(st.integers(1, 24))
    density = draw(st.sampled_from([0.0, 0.02, 0.1, 0.4, 1.0]))
    activity = draw(st.sampled_from([0.0, 0.4, 1.0]))
    rng = np.random.default_rng(draw(st.integers(0, 2**32 - 1)))
    mask = rng.random((rows, columns)) < density
    # Some columns weigh on few rows only, so that the slowest PE changes.
    mask[:, rng.random(columns) < 0.3] &= rng.random((rows, 1)) < 0.3
    activations = np.where(rng.random(columns) < activity, rng.integers(-9, 10, columns), 0)
    return Layer(mask, activations, n_pe)


@settings(max_examples=150, deadline=None)
@given(
    layer=random_layers(),
    depth=st.integers(1, 9),
    rows_per_batch=st.sampled_from([1, 3, 16, 17, 40, 64]),
)
def test_equals_stepped_simulation(layer: Layer, depth: int, rows_per_batch: int) -> None:
    expected = stepped_layer(*layer, depth, rows_per_batch)
    assert layer_events(*layer, depth, rows_per_batch=rows_per_batch) == expected
    counted = column_entries(layer.mask, layer.n_pe, rows_per_batch=rows_per_batch)
    assert layer_events(counted, layer.activations, layer.n_pe, depth) == expected


@settings(max_examples=150, deadline=None)
@given(
    layer=random_layers(),
    depth=st.integers(1, 9),
    rows_per_batch=st.sampled_from([1, 16, 64]),
    lanes=st.sampled_from([1, 2, 3, 8]),
    group=st.sampled_from([1, 2, 5, 16]),
)
def test_lanes_and_groups_equal_stepped_simulation(
    layer: Layer, depth: int, rows_per_batch: int, lanes: int, group: int
) -> None:
    expected = stepped_layer(*layer, depth, rows_per_batch, lanes, group)
    counted = layer_events(*layer, depth, rows_per_batch=rows_per_batch, lanes=lanes, group=group)
    assert counted == expected


@settings(max_examples=100, deadline=None)
@given(layer=random_layers())
def test_deeper_queues_are_never_slower(layer: Layer) -> None:
    counted = [layer_events(*layer, depth) for depth in range(1, 26)]
    for shallow, deep in pairwise(counted):
        assert deep.cycles <= shallow.cycles
        assert deep.stalls <= shallow.stalls
        assert (deep.busy, deep.empty) == (shallow.busy, shallow.empty)
    # A queue for all 24 columns never fills, and no PE is faster than its own work.
    least = max(map(sum, zip(counted[-1].busy, counted[-1].empty, strict=True)))
    assert counted[-1].stalls == 0
    assert all(events.cycles >= least + 1 for events in counted if least)


@settings(max_examples=100, deadline=None)
@given(layer=random_layers(), depth=st.integers(1, 9), data=st.data())
def test_schedule_takes_any_order(layer: Layer, depth: int, data: st.DataObject) -> None:
    """Permuted broadcasts are those of the permuted layer; work does not change, order may."""
    weights, padding = stepped_entries(layer.mask, layer.n_pe, 0, len(layer.mask))
    order = data.draw(st.permutations(range(layer.mask.shape[1])))
    broadcast, free = schedule((weights + padding)[:, order], depth)
    cycles, _, _, stalls = stepped_batch(weights + padding, list(order), depth)
    assert (int(free.max()), int(broadcast[-1]) - (len(order) - 1)) == (cycles, stalls)


@pytest.mark.parametrize("seed", range(3))
def test_random_layer_on_64_pes(seed: int) -> None:
    """4096 inputs, 1000 outputs, 25 % dense, 37.5 % active: some 6,000 cycles of work per PE."""
    rng = np.random.default_rng(seed)
    mask = rng.random((1000, 4096)) < 0.25
    activations = rng.random(4096) < 0.375
    events = layer_events(mask, activations, 64)
    assert events.broadcasts == activations.sum()
    assert events.entries - events.padding == mask[:, activations].sum()
    assert 6_000 <= events.cycles <= 8_200


def test_is_quick() -> None:
    """9216 broadcasts to 64 PEs take less than a second of processor time."""
    entries = np.random.default_rng(0).poisson(5, (64, 9216))
    began = time.process_time()
    schedule(entries, 8)
    assert time.process_time() - began < 1.0


# --- the bar and the errors -----------------------------------------------------------------------


@pytest.mark.parametrize(
    ("measured", "expected", "rows", "n_pe", "within"),
    [
        # 3 % of 1000 is 30, ceil(100 / 32) is 4: 30 + 32 + 8 = 70.
        (1070, 1000, 100, 32, True),
        (1071, 1000, 100, 32, False),
        (930, 1000, 100, 32, True),
        (929, 1000, 100, 32, False),
        # 96 rows fill three times 32: 30 + 32 + 6 = 68.
        (1068, 1000, 96, 32, True),
        (1069, 1000, 96, 32, False),
        # 1.5 + 32 + 2 = 35.5.
        (85, 50, 1, 64, True),
        (86, 50, 1, 64, False),
        # Nothing to do: 32 + 2.
        (34, 0, 16, 16, True),
        (35, 0, 16, 16, False),
    ],
)
def test_within_bar(measured: int, expected: int, rows: int, n_pe: int, within: bool) -> None:
    assert within_bar(measured, expected, rows, n_pe) is within


@pytest.mark.parametrize(
    ("arguments", "options", "message"),
    [
        (
            (np.ones(3), np.ones(3), 2),
            {},
            "mask must be (rows, columns) and not empty, its shape is (3,)",
        ),
        (
            (np.ones((0, 3)), np.ones(3), 2),
            {},
            "mask must be (rows, columns) and not empty, its shape is (0, 3)",
        ),
        (
            (np.ones((4, 3)), np.ones(4), 2),
            {},
            "activations must be (3,) like the columns, not (4,)",
        ),
        ((np.ones((4, 3)), np.ones(3), 0), {}, "n_pe must be a positive integer, not 0"),
        ((np.ones((4, 3)), np.ones(3), 2, 0), {}, "depth must be a positive integer, not 0"),
        (
            (np.ones((4, 3)), np.ones(3), 2),
            {"rows_per_batch": -1},
            "rows_per_batch must be a positive integer, not -1",
        ),
        (
            (column_entries(np.ones((4, 3)), 4), np.ones(3), 2),
            {},
            "column entries are of 4 PEs, not 2",
        ),
    ],
)
def test_layer_errors(arguments: Any, options: dict[str, Any], message: str) -> None:
    with pytest.raises(ValueError, match=f"^{re.escape(message)}$"):
        layer_events(*arguments, **options)


def test_network_errors() -> None:
    masks = [np.ones((4, 3)), np.ones((2, 4))]
    with pytest.raises(ValueError, match=r"^2 layers need as many inputs, not 1$"):
        network_events(masks, [np.ones(3)], 2)
    with pytest.raises(ValueError, match=r"^0 layers need as many inputs, not 0$"):
        network_events([], [], 2)
    with pytest.raises(
        ValueError, match=r"^layer 1: activations must be \(4,\) like the columns, not \(3,\)$"
    ):
        network_events(masks, [np.ones(3), np.ones(3)], 2)


def test_other_numbers_of_pes_do_not_add() -> None:
    one = layer_events(np.ones((4, 1)), np.ones(1), 1)
    two = layer_events(np.ones((4, 1)), np.ones(1), 2)
    with pytest.raises(ValueError, match=r"^events of 1 and of 2 PEs cannot be added$"):
        one + two
