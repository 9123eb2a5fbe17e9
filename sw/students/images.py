"""Labelled images, and how a set of them is parted."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

__all__ = ["Images", "Split", "stratified"]


@dataclass(frozen=True, eq=False)
class Images:
    """
    Images with labels.

    Parameters
    ----------
    pixels : uint8 (n, channels, height, width)
    labels : int64 (n,)
    frac : int
        Fraction bits of a pixel: networks see pixel x 2^-frac, with no mean taken away, so that
        zero padding means the same everywhere.
    """

    pixels: NDArray[np.uint8]
    labels: NDArray[np.int64]
    frac: int

    def __post_init__(self) -> None:
        if self.pixels.dtype != np.uint8 or self.pixels.ndim != 4:
            kind = f"{self.pixels.dtype} {self.pixels.shape}"
            raise ValueError(f"pixels must be uint8 (n, channels, height, width), not {kind}")
        if self.labels.dtype != np.int64 or self.labels.shape != self.pixels.shape[:1]:
            kind = f"{self.labels.dtype} {self.labels.shape}"
            raise ValueError(f"labels must be int64 ({len(self.pixels)},), not {kind}")

    def __len__(self) -> int:
        return len(self.pixels)

    def part(self, rows: NDArray[np.int64] | slice) -> Images:
        """Some of the images."""
        return replace(self, pixels=self.pixels[rows], labels=self.labels[rows])

    def real(self, rows: NDArray[np.int64] | slice = slice(None)) -> Tensor:
        """What networks see of some of the images, float32 (k, channels, height, width)."""
        return torch.from_numpy(self.pixels[rows]).float() * 2.0**-self.frac


@dataclass(frozen=True, eq=False)
class Split:
    """
    A set of images in three parts: ``train`` to learn from, ``validation`` to choose by, ``test``
    to judge once. ``data`` says in words where they come from.
    """

    name: str
    classes: tuple[str, ...]
    data: str
    train: Images
    validation: Images
    test: Images


def stratified(
    labels: NDArray[np.int64], shares: Sequence[float], seed: int
) -> list[NDArray[np.int64]]:
    """
    Rows parted by shares, which sum to 1, so that every class is in every part in its proportion;
    the same seed gives the same parts. Rows of a part are in rising order.
    """
    if abs(sum(shares) - 1) > 1e-9 or min(shares) < 0:
        raise ValueError(f"shares must be positive and sum to 1, not {tuple(shares)}")
    rng = np.random.default_rng(seed)
    parts: list[list[NDArray[np.int64]]] = [[] for _ in shares]
    for label in np.unique(labels):
        rows = rng.permutation(np.flatnonzero(labels == label))
        ends = np.round(np.cumsum(shares) * len(rows)).astype(int)
        for part, some in zip(parts, np.split(rows, ends[:-1]), strict=True):
            part.append(some)
    return [np.sort(np.concatenate(part)) for part in parts]
