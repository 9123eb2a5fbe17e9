"""
When each beat of a pipeline is on its way, if images come as evenly as the slowest unit takes them.

Nothing is ever held up then, and every beat leaves a unit as soon as it can. What a skip holds at
most in such a schedule is what its queue must be able to hold for the full rate, and no more: a
pipeline that is offered images earlier goes no slower. Latencies are those that the docstrings of
``hw.cnn`` promise.
"""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray

from hw.cnn.config import (
    INPUT,
    AddConfig,
    AveragePoolConfig,
    ConvConfig,
    MaxPoolConfig,
    Node,
    Number,
    PipelineConfig,
)

__all__ = [
    "ADD_LATENCY",
    "FIFO_LATENCY",
    "Times",
    "conv_latency",
    "repacked",
    "subsampled",
    "tensor_times",
]

Times = NDArray[np.int64]
"""Cycle in which each beat of a tensor is taken, int64 (frames * pixels, beats of a pixel)."""

WINDOW_LATENCY = 2
"""From a window's last beat to its first tap."""
ADD_LATENCY = 2
FIFO_LATENCY = 2
AVERAGE_LATENCY = 2
MAX_LATENCY = 1


def conv_latency(unit: ConvConfig) -> int:
    """From the cycle after a dot product's last tap to its first channel's beat."""
    return 3 if unit.output is Number.S32 else 6 if unit.scaled else 5


def tensor_times(config: PipelineConfig, frames: int) -> dict[str, Times]:
    """Beats of every tensor, from the first image's first on."""
    pixels = config.height * config.width
    starts = np.arange(frames * pixels, dtype=np.int64) * config.bound // pixels
    found = {INPUT: starts[:, None] + np.arange(config.channels)}
    for node in config.nodes:
        found[node.name] = _times(config, node, found, frames)
    return found


def _times(config: PipelineConfig, node: Node, found: Mapping[str, Times], frames: int) -> Times:
    source = node.sources[0]
    times, before = found[source], config.lanes(source)
    match node.unit:
        case ConvConfig() as unit:
            if config.shape(source)[1] != unit.height:
                times = subsampled(times, frames, *config.shape(source)[1:])
            return _conv_times(unit, repacked(times, before, unit.simd)[:, -1], frames)
        case AddConfig() as unit:
            second = repacked(found[node.sources[1]], config.lanes(node.sources[1]), unit.lanes)
            both = np.maximum(repacked(times, before, unit.lanes), second)
            return _one_by_one(both) + ADD_LATENCY
        case AveragePoolConfig() as unit:
            times = repacked(times, before, unit.lanes)
            last = times.reshape(frames, unit.height * unit.width, -1)[:, -1]
            return last + AVERAGE_LATENCY
        case MaxPoolConfig() as unit:
            times = repacked(times, before, unit.lanes)
            shape = (frames, unit.height, unit.width, -1)
            last = times.reshape(shape)[:, unit.size - 1 :: unit.size, unit.size - 1 :: unit.size]
            return last.reshape(-1, times.shape[1]) + MAX_LATENCY


def _conv_times(unit: ConvConfig, pixels: NDArray[np.int64], frames: int) -> Times:
    """Beats that leave a convolution whose pixels are complete at ``pixels``."""
    complete = pixels.reshape(frames, unit.height, unit.width)
    reach = unit.kernel // 2
    rows = np.minimum(np.arange(unit.out_height) * unit.stride + reach, unit.height - 1)
    columns = np.minimum(np.arange(unit.out_width) * unit.stride + reach, unit.width - 1)
    ready = complete[:, rows][:, :, columns].reshape(-1) + WINDOW_LATENCY
    period = unit.folds * unit.dot_beats
    starts = _spaced(ready, period)
    ends = (np.arange(unit.folds) + 1) * unit.dot_beats + conv_latency(unit)
    beats = (ends[:, None] + np.arange(unit.drain_beats)).reshape(-1)
    return starts[:, None] + beats


def _spaced(ready: NDArray[np.int64], period: int) -> NDArray[np.int64]:
    """Starts of what takes ``period`` each, one after the other, none before it is ready."""
    steps = np.arange(len(ready)) * period
    return np.maximum.accumulate(ready - steps) + steps


def _one_by_one(times: Times) -> Times:
    return _spaced(times.reshape(-1), 1).reshape(times.shape)


def repacked(times: Times, before: int, after: int) -> Times:
    """Beats of ``after`` channels from those of ``before``: gathered with their last one, or cut
    into one a cycle."""
    if before <= after:
        return times.reshape(len(times), -1, after // before)[:, :, -1]
    return _one_by_one(np.repeat(times, before // after, axis=1))


def subsampled(times: Times, frames: int, height: int, width: int) -> Times:
    """Those of every other pixel of every other row."""
    grid = times.reshape(frames, height, width, -1)
    return grid[:, ::2, ::2].reshape(-1, times.shape[1])
