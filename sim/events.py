"""Event counter of EIE (Han et al., ISCA 2016): how long a sparse layer takes, and why.

The model knows no registers, memories or pipelines, only the events the paper names. For ``n_pe``
processing elements (PEs), row ``i`` of the layer belonging to PE ``i mod n_pe``:

- At most one non-zero activation is broadcast per cycle, in ascending column order, into the
  queue of every PE. The broadcast waits in each cycle that begins with any queue full.
- A queue of depth ``d`` holds the activations its PE has not started. An activation can be started
  in the cycle after its broadcast; a place freed in a cycle can be filled in the next one.
- A PE works one entry per cycle, padding entries included. A column without entries in a PE
  costs this PE one cycle.
- Beyond the paper, ``group`` neighbouring columns (the first of them a multiple of ``group``) can
  be broadcast together, if any of their activations is not zero, and a PE can work ``lanes``
  entries per cycle. What is said of an activation and its column then holds for a group: a PE works
  all entries of its columns, also where their own activation is zero, one after the other, and
  begins a group in a cycle of its own.
- Cycle 0 is the first broadcast; the count ends with the last entry of the last PE.

With ``b[k]`` the cycle of broadcast ``k``, ``s[p][k]`` the cycle in which PE ``p`` starts it, and
``w[p][k]`` the cycles it takes (its entries divided by ``lanes``, rounded up, at least 1), these
rules are two max-plus recurrences::

    b[k]    = max(b[k-1] + 1, max over p of s[p][k-d] + 1)
    s[p][k] = max(b[k] + 1, s[p][k-1] + w[p][k-1])

A layer with more rows than the accumulators hold runs in row batches; every batch broadcasts the
input again. Batches, like layers, do not overlap: each counts from its own first broadcast.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import reduce
from operator import add
from typing import Any

import numpy as np
import numpy.typing as npt

from .entries import ColumnEntries, column_entries, positive

__all__ = [
    "Events",
    "NetworkEvents",
    "layer_events",
    "network_events",
    "schedule",
    "within_bar",
]

_Array = npt.NDArray[Any]


@dataclass(frozen=True)
class Events:
    """What happened in one layer, or in several that ran one after another.

    ``busy[p] + empty[p] + starved[p] == cycles`` for every PE ``p``.

    Members
    -------
    cycles: from the first broadcast to the last entry of the last PE, both included.
    busy: per PE, cycles spent on entries (padding included).
    empty: per PE, cycles spent on columns, or groups, without entries in this PE.
    starved: per PE, cycles with nothing to do: before the first activation arrives, whenever the
        queue runs dry, and after the PE's last entry until the slowest PE's.
    broadcasts: activations, or groups of them, broadcast.
    stalls: cycles in which an activation was ready to be broadcast but some queue was full.
    entries: entries worked by all PEs (columns that are not broadcast are not), padding included.
    padding: those of them that only bridge more than 15 zeros.
    """

    cycles: int
    busy: tuple[int, ...]
    empty: tuple[int, ...]
    starved: tuple[int, ...]
    broadcasts: int
    stalls: int
    entries: int
    padding: int

    @property
    def n_pe(self) -> int:
        """Number of PEs."""
        return len(self.busy)

    @property
    def load_balance(self) -> float:
        """The paper's load-balance efficiency: 1 - starved share of all PE cycles (1 if none)."""
        return 1.0 - sum(self.starved) / (self.n_pe * self.cycles) if self.cycles else 1.0

    @property
    def utilisation(self) -> float:
        """Share of all PE cycles spent on entries (0 if there are none)."""
        return sum(self.busy) / (self.n_pe * self.cycles) if self.cycles else 0.0

    def __add__(self, later: "Events") -> "Events":
        """Add the events of ``later`` work on the same PEs, without overlap."""
        if self.n_pe != later.n_pe:
            raise ValueError(f"events of {self.n_pe} and of {later.n_pe} PEs cannot be added")
        return Events(
            cycles=self.cycles + later.cycles,
            busy=tuple(map(add, self.busy, later.busy)),
            empty=tuple(map(add, self.empty, later.empty)),
            starved=tuple(map(add, self.starved, later.starved)),
            broadcasts=self.broadcasts + later.broadcasts,
            stalls=self.stalls + later.stalls,
            entries=self.entries + later.entries,
            padding=self.padding + later.padding,
        )


@dataclass(frozen=True)
class NetworkEvents:
    """Events of a network's layers, in order; ``total`` adds them up."""

    layers: tuple[Events, ...]

    @property
    def total(self) -> Events:
        """All layers, one after another."""
        return reduce(add, self.layers)


def schedule(entries: _Array, depth: int) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.int64]]:
    """Solve the recurrences for activations broadcast in the order given.

    ``entries`` holds integers (PEs, activations), the cycles of work on each activation's column;
    ``depth`` is the queue depth. Returns the cycle of each broadcast (activations,) and the cycle
    after each PE's last work (PEs,), both int64.
    """
    positive(depth=depth)
    n_pe, count = entries.shape
    duration = np.ascontiguousarray(np.maximum(entries, 1).T, dtype=np.int64)
    broadcast: list[int] = []
    latest_start: list[int] = []  # of each activation, by the slowest PE
    start = np.zeros(n_pe, np.int64)
    free = np.zeros(n_pe, np.int64)
    cycle = -1
    for k in range(count):
        cycle += 1
        if k >= depth:
            cycle = max(cycle, latest_start[k - depth] + 1)
        np.maximum(free, cycle + 1, out=start)
        np.add(start, duration[k], out=free)
        broadcast.append(cycle)
        latest_start.append(int(start.max()))
    return np.array(broadcast, np.int64), free


def layer_events(
    layer: _Array | ColumnEntries,
    activations: _Array,
    n_pe: int,
    depth: int = 8,
    *,
    rows_per_batch: int = 64,
    lanes: int = 1,
    group: int = 1,
) -> Events:
    """Run one layer.

    Parameters
    ----------
    layer: mask of the weights (rows, columns), or its `column_entries`, whose number of PEs must
        be ``n_pe`` and whose batches stay as they are.
    activations: (columns,), boolean or numeric; those that are not zero are broadcast.
    n_pe: number of PEs.
    depth: queue depth in activations.
    rows_per_batch: rows that one PE holds per batch.
    lanes: entries that a PE works in a cycle.
    group: columns that are broadcast together.

    Raises ``ValueError`` if shapes do not match or a number is not positive.
    """
    if not isinstance(layer, ColumnEntries):
        layer = column_entries(layer, n_pe, rows_per_batch=rows_per_batch)
    _, held_pe, columns = layer.weights.shape
    if held_pe != n_pe:
        raise ValueError(f"column entries are of {held_pe} PEs, not {n_pe}")
    active = np.asarray(activations) != 0
    if active.shape != (columns,):
        raise ValueError(f"activations must be ({columns},) like the columns, not {active.shape}")
    positive(lanes=lanes, group=group)
    first = np.arange(0, columns, group)  # of each group
    sent = np.logical_or.reduceat(active, first)
    weights, padding = (
        np.add.reduceat(counts, first, axis=2)[:, :, sent]
        for counts in (layer.weights, layer.padding)
    )
    batches = zip(weights, padding, strict=True)
    return reduce(add, (_batch_events(*batch, depth, lanes) for batch in batches))


def network_events(
    layers: Sequence[_Array | ColumnEntries],
    activations: Sequence[_Array],
    n_pe: int,
    depth: int = 8,
    *,
    rows_per_batch: int = 64,
) -> NetworkEvents:
    """Run layers one after another; each is as in `layer_events` and has its own activations.

    ``activations[k]`` is the input of layer ``k``. Errors name the layer, counted from 0.
    """
    if not layers or len(layers) != len(activations):
        raise ValueError(f"{len(layers)} layers need as many inputs, not {len(activations)}")
    results = []
    for number, (layer, inputs) in enumerate(zip(layers, activations, strict=True)):
        try:
            results.append(layer_events(layer, inputs, n_pe, depth, rows_per_batch=rows_per_batch))
        except ValueError as error:
            raise ValueError(f"layer {number}: {error}") from error
    return NetworkEvents(tuple(results))


def within_bar(measured: int, expected: int, rows: int, n_pe: int) -> bool:
    """Whether measured cycles of a layer agree with the expected ones.

    The bar: ``|measured - expected| <= 3 % of expected + 32 + 2 * ceil(rows / n_pe)``, exactly.
    """
    positive(rows=rows, n_pe=n_pe)
    fixed = 32 + 2 * -(-rows // n_pe)
    return 100 * abs(measured - expected) <= 3 * expected + 100 * fixed


def _batch_events(weights: _Array, padding: _Array, depth: int, lanes: int) -> Events:
    """Run one row batch, its groups (PEs, broadcasts) in order of broadcast."""
    entries = weights + padding
    work = -(-entries // lanes)
    broadcast, free = schedule(work, depth)
    cycles = int(free.max())
    busy = work.sum(axis=1)
    empty = (entries == 0).sum(axis=1)
    count = entries.shape[1]
    return Events(
        cycles=cycles,
        busy=tuple(busy.tolist()),
        empty=tuple(empty.tolist()),
        starved=tuple((cycles - busy - empty).tolist()),
        broadcasts=count,
        stalls=int(broadcast[-1]) - (count - 1) if count else 0,
        entries=int(entries.sum()),
        padding=int(padding.sum()),
    )
