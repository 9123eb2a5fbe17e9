"""Convolutions under test, by name, and what NumPy says of their windows."""

import numpy as np
import torch

from hw.cnn.config import MAX_SCALED_SHIFT, MAX_SHIFT, SCALE_BITS, ConvConfig, Number
from sw.golden.cnn import requantise
from sw.golden.cnn_graph import QConv, QLinear, Range

__all__ = ["DOTS", "REQUANTISERS", "SHORT", "STAGES", "STALLS", "WINDOWS"]
__all__ += ["complete", "images", "items", "node", "requantised", "schedule", "taps", "windows"]


STALLS = [("never", "heavy"), ("heavy", "never"), ("light", "bursty"), ("bursty", "light")]
"""Of source and sink."""


class Short(ConvConfig):
    """With a pixel less in the line buffer."""

    @property
    def ring_pixels(self):
        return super().ring_pixels - 1


WINDOWS = {
    "smallest": ConvConfig(1, 1, 2, 2),
    "narrow": ConvConfig(4, 2, 3, 2, simd=2),
    "odd": ConvConfig(3, 1, 3, 5),
    "even": ConvConfig(4, 6, 4, 4, simd=4, pe=2),
    "half_smallest": ConvConfig(1, 1, 2, 2, stride=2),
    "half": ConvConfig(1, 2, 6, 4, stride=2),
    "half_narrow": ConvConfig(6, 2, 4, 2, stride=2, simd=2, pe=2),
    "half_wide": ConvConfig(4, 2, 4, 6, stride=2, simd=2),
    "points": ConvConfig(2, 2, 2, 3, kernel=1, simd=2, pe=2, lanes=2),
    "points_folded": ConvConfig(3, 4, 3, 2, kernel=1, pe=2),
    "vector": ConvConfig(8, 3, 1, 1, kernel=1, simd=2),
}
SHORT = {
    "short": Short(1, 1, 3, 4),
    "short_groups": Short(2, 2, 3, 3),
    "short_half": Short(1, 1, 4, 6, stride=2),
    "short_points": Short(2, 2, 2, 3, kernel=1, simd=2, pe=2, lanes=2),
}
DOTS = {
    "single": ConvConfig(1, 1, 2, 2),
    "narrow": ConvConfig(3, 2, 2, 2, weight_bits=4),
    "single_word": ConvConfig(4, 2, 2, 2, kernel=1, simd=4, pe=2),
    "uneven": ConvConfig(6, 6, 2, 2, simd=3, pe=3),
    "uneven_narrow": ConvConfig(10, 4, 2, 2, kernel=1, simd=5, pe=2, weight_bits=4),
    "wide": ConvConfig(16, 2, 2, 2, simd=16, pe=1),
}
REQUANTISERS = {
    "u8": ConvConfig(1, 32, 2, 2, pe=4),
    "u8_wide": ConvConfig(1, 32, 2, 2, pe=4, lanes=4),
    "u8_scaled": ConvConfig(1, 48, 2, 2, pe=4, lanes=2, scaled=True),
    "s16": ConvConfig(1, 32, 2, 2, pe=4, lanes=2, output=Number.S16),
    "s16_scaled": ConvConfig(1, 48, 2, 2, pe=3, output=Number.S16, scaled=True),
    "s32": ConvConfig(1, 6, 1, 1, kernel=1, pe=3, output=Number.S32),
    "s32_single": ConvConfig(1, 2, 1, 1, kernel=1, output=Number.S32),
}
STAGES = {
    "folded": ConvConfig(4, 6, 3, 5, simd=2, pe=2, weight_bits=4),
    "scaled": ConvConfig(2, 8, 3, 4, simd=2, pe=4, lanes=2, scaled=True),
    "summand": ConvConfig(4, 4, 2, 2, simd=4, pe=4, lanes=4, output=Number.S16),
    "half": ConvConfig(3, 4, 6, 4, stride=2, simd=3, pe=2),
    "half_summand": ConvConfig(4, 2, 4, 8, stride=2, pe=2, lanes=2, output=Number.S16, scaled=True),
    "draining": ConvConfig(2, 8, 3, 2, kernel=1, pe=4),
    "draining_just": ConvConfig(2, 6, 4, 5, kernel=1, pe=3),
    "linear": ConvConfig(12, 10, 1, 1, kernel=1, simd=3, pe=5, output=Number.S32),
}


def node(config, rng):
    """A node at random for a unit: shifts of all sizes, biases and multipliers that suit them."""
    top = 1 << config.weight_bits - 1
    shape = (config.outputs, config.inputs, config.kernel, config.kernel)
    weight = torch.from_numpy(rng.integers(-top, top, shape, np.int8))
    bias = torch.from_numpy(rng.integers(-40000, 40000, config.outputs, np.int32))
    if config.output is Number.S32:
        return QLinear("node", "input", weight[:, :, 0, 0], bias, config.weight_bits, None)
    largest = MAX_SCALED_SHIFT if config.scaled else MAX_SHIFT
    shift = torch.arange(config.outputs, dtype=torch.int32) * 7 % (largest + 1)
    scale = None
    if config.scaled:
        scale = torch.from_numpy(rng.integers(1, 1 << SCALE_BITS, config.outputs, np.int32))
        scale[-1] = (1 << SCALE_BITS) - 1
    kind = Range(config.output.value)
    rest = {"stride": config.stride, "range": kind, "weight_bits": config.weight_bits}
    return QConv("node", "input", weight, bias, shift, frac=None, multiplier=scale, **rest)


def requantised(node, sums):
    """Outputs of a node, from sums (..., channels, height, width) without its bias."""
    total = torch.as_tensor(sums) + node.bias.long()[:, None, None]
    if isinstance(node, QLinear):
        return total.to(torch.int32).numpy()
    multiplier = None if node.multiplier is None else node.multiplier[:, None, None]
    return requantise(total, node.shift[:, None, None], node.range, multiplier).numpy()


def images(config, count, rng):
    """uint8 (count, inputs, height, width), some all dark and some all bright."""
    found = rng.integers(0, 256, (count, config.inputs, config.height, config.width), np.uint8)
    extreme = rng.choice([0, 255], found.shape)
    return np.where(rng.random(found.shape) < 0.3, extreme, found).astype(np.uint8)


def items(frames, lanes):
    """Beats of frames (count, channels, height, width)."""
    return np.moveaxis(np.asarray(frames), 1, -1).reshape(-1, lanes).tolist()


def windows(config):
    """Of each output pixel's window the pixel in its first corner, which may lie before the
    image, and the last one on the image: numbers in raster order."""
    reach, width = config.kernel // 2, config.width
    for row in range(0, config.height, config.stride):
        for column in range(0, width, config.stride):
            last_row = min(row + reach, config.height - 1)
            last_column = min(column + reach, width - 1)
            yield (row - reach) * width + column - reach, last_row * width + last_column


def taps(config, frames):
    """What a line buffer gives of frames."""
    reach, side = config.kernel // 2, config.kernel
    padded = np.pad(frames, ((0, 0), (0, 0), (reach, reach), (reach, reach)))
    found = []
    for image in padded:
        for row in range(0, config.height, config.stride):
            for column in range(0, config.width, config.stride):
                window = image[:, row : row + side, column : column + side]
                dot = [{"x": beat, "last": 0} for beat in items(window[None], config.simd)]
                dot[-1]["last"] = 1
                found += dot * config.folds
    return found


def complete(config, taken):
    """Cycles in which windows' last beats were taken; ``taken`` are those of whole frames."""
    beats = config.height * config.width * config.groups
    for frame in range(0, len(taken), beats):
        for _, last in windows(config):
            yield taken[frame + (last + 1) * config.groups - 1]


def schedule(config, taken):
    """Cycles in which windows' first taps come, if none has to wait: ``taken`` are those in which
    the beats of whole frames were taken."""
    length = config.folds * config.dot_beats
    found, free = [], 0
    for came in complete(config, taken):
        found.append(max(came + 2, free))
        free = found[-1] + length
    return found
