"""Depths of skips: the fewest beats with which the pipeline keeps its full rate."""

from __future__ import annotations

from collections.abc import Mapping
from math import prod

import numpy as np
from numpy.typing import NDArray

from hw.cnn.config import ConvConfig, PipelineConfig, Skip, SkipKind

from .projection import projection_pops
from .timing import ADD_LATENCY, FIFO_LATENCY, Times, repacked, subsampled, tensor_times

__all__ = ["skip_depths"]

_FRAMES = 3
_LEAST = 3
"""Beats below which a queue does not move one a cycle."""


def skip_depths(config: PipelineConfig) -> dict[str, int]:
    """Beats that the skip of each tensor that has one must hold, by the tensor's name, whatever the
    depths in ``config``."""
    times = tensor_times(config, _FRAMES)
    found = {}
    for skip in config.skips:
        channels, height, width = config.shape(skip.source)
        lanes = config.lanes(skip.source)
        if skip.kind is SkipKind.HOLD:
            found[skip.source] = prod((channels, height, width)) // lanes
            continue
        pushes = times[skip.source]
        if skip.stride == 2:
            pushes = subsampled(pushes, _FRAMES, height, width)
        pops = _pops(config, skip, pushes, times)
        found[skip.source] = max(_LEAST, _occupancy(pushes.reshape(-1), pops))
    return found


def _occupancy(pushes: NDArray[np.int64], pops: NDArray[np.int64]) -> int:
    """The most beats held: one that leaves makes room from the next cycle on."""
    gone = np.searchsorted(pops, pushes, side="left")
    return int((np.arange(len(pushes)) + 1 - gone).max())


def _pops(
    config: PipelineConfig, skip: Skip, pushes: Times, times: Mapping[str, Times]
) -> NDArray[np.int64]:
    """When beats leave a skip's queue."""
    reader = config.node(skip.reader)
    lanes = config.lanes(skip.source)
    if isinstance(reader.unit, ConvConfig):
        (name,) = config.readers(reader.name)
        end = config.node(name)
        first = end.sources[0]
        taken = repacked(times[first], config.lanes(first), config.lanes(name))
        return projection_pops(reader.unit, pushes, lanes, taken.reshape(-1), config.lanes(name))
    takes = times[reader.name] - ADD_LATENCY
    pieces = config.lanes(reader.name) // lanes
    if pieces <= 1:
        # A beat that is cut leaves with its last part.
        parts = lanes // config.lanes(reader.name)
        return takes.reshape(-1, parts)[:, -1]
    # Pieces are gathered as soon as those before have been taken.
    free = np.concatenate([[-1], takes.reshape(-1)[:-1]]) + 1
    pops = np.maximum(pushes.reshape(-1, pieces) + FIFO_LATENCY, free[:, None] + np.arange(pieces))
    pops[:, -1] = takes.reshape(-1)
    return pops.reshape(-1)
