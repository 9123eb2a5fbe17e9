"""Augmentation of images as bytes: shifted by some pixels, and turned over."""

from __future__ import annotations

import torch
from torch import Tensor

__all__ = ["shift_and_flip"]


def shift_and_flip(
    pixels: Tensor, generator: torch.Generator, reach: int = 4, flip: bool = True
) -> Tensor:
    """
    Each image moved by -reach to reach pixels in both directions, black coming in, and with
    ``flip`` every second one turned left to right, by chance; uint8 (n, channels, height, width)
    to the same.
    """
    n, _, height, width = pixels.shape
    padded = torch.nn.functional.pad(pixels, (reach, reach, reach, reach))
    down, right = torch.randint(0, 2 * reach + 1, (2, n), generator=generator)
    windows = padded.unfold(2, height, 1).unfold(3, width, 1)
    moved = windows[torch.arange(n), :, down, right]
    if not flip:
        return moved
    turned = torch.rand(n, generator=generator) < 0.5
    return torch.where(turned[:, None, None, None], moved.flip(3), moved)
