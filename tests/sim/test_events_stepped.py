"""The event counter against a cycle-by-cycle simulation, and on big layers."""

import time
from itertools import pairwise
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sim.entries import column_entries
from sim.events import (
    layer_events,
    schedule,
)
from tests.sim.stepped import stepped_batch, stepped_entries, stepped_layer

Array = npt.NDArray[Any]


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
