"""Convolutions under test, by name, and what NumPy says of their windows."""

import numpy as np

from hw.cnn.config import ConvConfig

__all__ = ["SHORT", "WINDOWS", "images", "items", "schedule", "taps", "windows"]


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


def schedule(config, taken):
    """Cycles in which windows' first taps come, if none has to wait: ``taken`` are those in which
    the beats of whole frames were taken."""
    pixels = config.height * config.width
    length = config.folds * config.dot_beats
    found, free = [], 0
    for frame in range(len(taken) // (pixels * config.groups)):
        for _, last in windows(config):
            came = taken[(frame * pixels + last + 1) * config.groups - 1]
            found.append(max(came + 2, free))
            free = found[-1] + length
    return found
