"""Depths with which a pipeline stands still: a full queue keeps from its block what the sum that
empties the queue waits for."""

from __future__ import annotations

from math import ceil

import numpy as np
from numpy.typing import NDArray

from hw.cnn.config import (
    AddConfig,
    AveragePoolConfig,
    ConvConfig,
    MaxPoolConfig,
    PipelineConfig,
    Skip,
    UnitConfig,
)

from .timing import DOT_LATENCY, conv_latency, last_pixels

__all__ = ["standstill_depth"]


def standstill_depth(config: PipelineConfig, skip: Skip) -> int:
    """
    Beats below which a skip's queue lets not even one frame through, however long it may take.

    Certain, not exact: with some beats more the pipeline may stand still as well. What has left the
    queue and waits before the sum is taken to be as much as there can ever be.
    """
    channels, height, width = config.shape(skip.source)
    beats = channels // config.lanes(skip.source)
    passes = np.zeros((height, width), np.int64)
    passes[:: skip.stride, :: skip.stride] = beats
    flat = passes.reshape(-1)
    until = np.cumsum(flat)
    # The block may have the last beat of a pixel that the queue has no room for.
    last = _needed(config, skip)
    pushed = until[last] - (flat[last] > 0)
    taken = np.arange(len(last)) * beats
    return max(0, int((pushed - taken).max()) - _beyond(config, skip))


def _needed(config: PipelineConfig, skip: Skip) -> NDArray[np.int64]:
    """Of each pixel of the sum the last pixel of the tensor that the block needs for it."""
    add = skip.reader
    if not isinstance(config.node(add).unit, AddConfig):
        (add,) = config.readers(add)
    (name,) = set(config.node(add).sources) - {skip.source, skip.reader}
    _, height, width = config.shape(add)
    pixels = np.arange(height * width, dtype=np.int64)
    while name != skip.source:
        pixels = _last_pixels(config.node(name).unit)[pixels]
        name = config.node(name).sources[0]
    return pixels


def _last_pixels(unit: UnitConfig) -> NDArray[np.int64]:
    match unit:
        case ConvConfig():
            return last_pixels(unit)
        case MaxPoolConfig():
            rows = np.arange(unit.size - 1, unit.height, unit.size, dtype=np.int64)
            columns = np.arange(unit.size - 1, unit.width, unit.size, dtype=np.int64)
            return (rows[:, None] * unit.width + columns).reshape(-1)
        case AddConfig() | AveragePoolConfig():  # A sum: what follows a mean is no image.
            return np.arange(unit.height * unit.width, dtype=np.int64)


def _beyond(config: PipelineConfig, skip: Skip) -> int:
    """Beats that can be between the queue and the sum."""
    unit = config.node(skip.reader).unit
    lanes = config.lanes(skip.source)
    if not isinstance(unit, ConvConfig):
        return 2 * ceil(unit.lanes / lanes)
    # Pixels: in the line buffer and before it, in dot products, on their way to the sum.
    pixels = unit.ring_pixels + 1
    pixels += ceil((DOT_LATENCY + 1) / (unit.folds * unit.dot_beats)) + 1
    (add,) = config.readers(skip.reader)
    gathered = ceil(config.lanes(add) / unit.lanes)
    waiting = conv_latency(unit) - DOT_LATENCY + 1 + 2 * gathered
    pixels += ceil(waiting / (unit.folds * unit.drain_beats))
    return pixels * config.shape(skip.source)[0] // lanes
