"""Latencies that the docstrings of ``hw.cnn`` promise, and times of beats."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from hw.cnn.config import ConvConfig, Number

__all__ = [
    "ADD_LATENCY",
    "AVERAGE_LATENCY",
    "DOT_LATENCY",
    "FIFO_LATENCY",
    "MAX_LATENCY",
    "WINDOW_LATENCY",
    "Times",
    "conv_latency",
    "last_pixels",
    "subsampled",
]

Times = NDArray[np.int64]
"""Cycle in which each beat of a frame is taken, int64 (pixels, beats of a pixel)."""

WINDOW_LATENCY = 2
"""From a window's last beat to its first tap."""
DOT_LATENCY = 3
"""From a dot product's last tap to its sums."""
ADD_LATENCY = 2
FIFO_LATENCY = 2
AVERAGE_LATENCY = 2
MAX_LATENCY = 1


def conv_latency(unit: ConvConfig) -> int:
    """From the cycle after a dot product's last tap to its first channel's beat."""
    return DOT_LATENCY + (1 if unit.output is Number.S32 else 4 if unit.scaled else 3)


def last_pixels(unit: ConvConfig) -> NDArray[np.int64]:
    """Of each output pixel the last pixel of its window, by its place in the image."""
    reach = unit.kernel // 2
    rows = np.minimum(np.arange(unit.out_height) * unit.stride + reach, unit.height - 1)
    columns = np.minimum(np.arange(unit.out_width) * unit.stride + reach, unit.width - 1)
    return (rows[:, None] * unit.width + columns).reshape(-1)


def subsampled(times: Times, height: int, width: int) -> Times:
    """Those of every other pixel of every other row."""
    grid = times.reshape(height, width, -1)
    return grid[::2, ::2].reshape(-1, times.shape[1])
