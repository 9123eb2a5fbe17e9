"""The event counter a second time: a state machine that steps through the cycles."""

from collections import deque
from typing import Any

import numpy as np
import numpy.typing as npt

from sim.events import (
    Events,
)

Array = npt.NDArray[Any]


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
