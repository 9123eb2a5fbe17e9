"""What other ways to keep skips would take: cycles of a machine without buffers for them, and bits
of one that reads them from line buffers."""

from __future__ import annotations

from math import ceil

import numpy as np

from hw.cnn.config import ConvConfig, PipelineConfig, Skip

from .memory import skip_bits
from .steady import Steady

__all__ = ["expected_hold_interval", "reread_skip_bits"]

_FRAMES = 4


def expected_hold_interval(config: PipelineConfig) -> int:
    """
    Cycles of a frame where skips are held by whole frames.

    A frame comes into a block in the bound's cycles; the next one waits until the sum has taken the
    last pixel. Until then each 3 x 3 convolution computes what it is behind: a row and a pixel, and
    the pixel itself; the first one of a block of stride 2 is behind by one pixel of its output. The
    longest block counts.
    """
    longest = 0.0
    for skip in config.skips:
        unit = _first_unit(config, skip)
        width = unit.out_width
        behind = width + 3 if unit.stride == 2 else 2 * (width + 2)
        longest = max(longest, behind / (unit.out_height * width))
    return ceil(config.bound * (1 + longest))


def reread_skip_bits(config: PipelineConfig) -> int:
    """
    Bits of all skips, if those of blocks of stride 1 are read from the line buffer of the block's
    first convolution (arXiv 2309.15631) and queues hold the others.

    The ring keeps a pixel until the window that begins with it is done, from frame to frame: what
    remains are whole pixels that have left it and that the sum has not taken, at most so many at a
    time. It is free of charge that the ring is read at two places.
    """
    steady, bits = Steady(config), skip_bits(config)
    total = 0
    for name in steady.sums:
        skip = steady.skip_of(name)
        if skip.stride == 2:
            total += bits[skip.source]
            continue
        first = _first_unit(config, skip)
        (main,) = set(config.readers(skip.source)) - {skip.reader}
        shifts = config.bound * np.arange(_FRAMES)[:, None]
        ends = (steady.starts[main] + first.folds * first.dot_beats + shifts).reshape(-1)
        pixels = steady.sums[name].reshape(first.height * first.width, -1)
        taken = (pixels[:, -1] + shifts).reshape(-1)
        # The window that begins with a pixel is that of a pixel a row and one further on.
        left = ends[first.width + 1 :]
        beyond = np.arange(len(left)) + 1 - np.searchsorted(taken, left)
        total += int(beyond.max()) * first.inputs * 8
    return total


def _first_unit(config: PipelineConfig, skip: Skip) -> ConvConfig:
    (name,) = set(config.readers(skip.source)) - {skip.reader}
    unit = config.node(name).unit
    assert isinstance(unit, ConvConfig)
    return unit
