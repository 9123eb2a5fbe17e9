"""
Augmentation of images as bytes: shifted by some pixels, turned over, with a hole.

What chance decides is drawn on the CPU, so that it is the same for images on every device.
"""

from __future__ import annotations

import torch
from torch import Tensor

__all__ = ["erase", "shift_and_flip"]


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
    down, right = torch.randint(0, 2 * reach + 1, (2, n), generator=generator).to(
        pixels.device, non_blocking=True
    )
    windows = padded.unfold(2, height, 1).unfold(3, width, 1)
    moved = windows[torch.arange(n, device=pixels.device), :, down, right]
    if not flip:
        return moved
    turned = _sent(torch.rand(n, generator=generator) < 0.5, pixels)
    return torch.where(turned[:, None, None, None], moved.flip(3), moved)


def erase(pixels: Tensor, generator: torch.Generator, hole: int) -> Tensor:
    """
    Each image with a black square, ``hole`` pixels wide and anywhere in it, cut off where it goes
    beyond a border (cutout, DeVries and Taylor 2017); uint8 (n, channels, height, width) to the
    same.
    """
    n, _, height, width = pixels.shape

    def inside(size: int) -> Tensor:
        """Of each image, which rows or columns the hole is in, (n, size)."""
        first = torch.randint(0, size, (n, 1), generator=generator) - hole // 2
        places = torch.arange(size)
        return (places >= first) & (places < first + hole)

    gone = (inside(height)[:, :, None] & inside(width)[:, None, :]).to(
        pixels.device, non_blocking=True
    )
    return pixels.masked_fill(gone[:, None], 0)


def _sent(drawn: Tensor, pixels: Tensor) -> Tensor:
    """What was drawn, where the pixels are."""
    return drawn.to(pixels.device, non_blocking=True)
