"""
Weng and Chien's second MittOS network, a graph of twelve matrices joined by sums and differences.

All matrices D are 128 x 128 but for the first, D1 (110 inputs), and the last three, E1 to E3
(128-32-16-1); each has biases. With x the 110 address bits::

    h  = D1 x            two branches:
    d4 = D4 D3 D2 h      d6 = D6 D5 h
    s1 = d4 - d6         a1 = relu(s1)
    s2 = d4 - a1         a2 = relu(D7 s1)
    p1 = s2 + a2         a3 = relu(D8 a1)
    p2 = p1 + D9 a3      logit = E3 E2 E1 p2

As a chain of layers it needs no more than what passes values on: where a vector that may be
negative must go through a layer with ReLU, it goes as two, ``v = relu(v) - relu(-v)``, of which one
is zero and costs an array that skips zeros nothing. And since ``d4 = s1 + d6``, no matrix is stored
twice. The layers, each a matrix of blocks (I the identity)::

    1  h              = D1 x
    2  d2, d5         = [D2; D5] h
    3  d3, d6         = diag(D3, D6) (d2, d5)
    4  s1, d6         = [D4 -I; 0 I] (d3, d6)
    5  a1, a2, d4+-   = relu [I 0; D7 0; I I; -I -I] (s1, d6)
    6  a3, p1+-       = relu [D8 0 0 0; -I I I -I; I -I -I I] (a1, a2, d4+, d4-)
    7  p2             = [D9 I -I] (a3, p1+, p1-)
    8, 9, 10          = E1, E2, E3
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from torch.nn import functional

from sw.compress import prune
from sw.predictors.networks import Chain, Masked

__all__ = ["WEIGHTS", "GoodCustom", "compose", "decompose", "good_custom"]

WEIGHTS = 149_776
_WIDTH = 128
_NAMES = ("D1", "D2", "D3", "D4", "D5", "D6", "D7", "D8", "D9", "E1", "E2", "E3")
D1, D2, D3, D4, D5, D6, D7, D8, D9, E1, E2, E3 = range(len(_NAMES))
_SHAPES = ((128, 110), *[(128, 128)] * 8, (32, 128), (16, 32), (1, 16))  # (out, in)

# The chain's layers, a string for each row of blocks: a matrix, the identity or its negative, zero.
_LAYERS = (
    ("D1",),
    ("D2", "D5"),
    ("D3 0", "0 D6"),
    ("D4 -", "0 +"),
    ("+ 0", "D7 0", "+ +", "- -"),
    ("D8 0 0 0", "- + + -", "+ - - +"),
    ("D9 + -",),
    ("E1",),
    ("E2",),
    ("E3",),
)
_RELU = (4, 5)
_FILL = {"+": np.eye(_WIDTH), "-": -np.eye(_WIDTH), "0": np.zeros((_WIDTH, _WIDTH))}


class GoodCustom(Masked):
    """
    The graph, trainable and prunable.

    Parameters
    ----------
    generator : torch.Generator
        Draws the initial weights: normal, of variance 1 / inputs, or 2 / inputs ahead of ReLU.
    """

    def __init__(self, generator: torch.Generator) -> None:
        gains = [2.0 if k in (D7, D8) else 1.0 for k in range(len(_NAMES))]
        shapes = zip(_SHAPES, gains, strict=True)
        super().__init__([(fan_in, out, gain) for (out, fan_in), gain in shapes], generator)

    def forward(self, x: Tensor) -> Tensor:
        """Logits (n, 1) of inputs (n, 110), float32, 0 or 1."""
        matrix, relu = self.matrix, functional.relu
        h = matrix(D1, 2 * x - 1)
        d4 = matrix(D4, matrix(D3, matrix(D2, h)))
        s1 = d4 - matrix(D6, matrix(D5, h))
        a1 = relu(s1)
        p1 = d4 - a1 + relu(matrix(D7, s1))
        p2 = p1 + matrix(D9, relu(matrix(D8, a1)))
        return matrix(E3, matrix(E2, matrix(E1, p2)))

    def prune(self, target: float) -> None:
        """As in :class:`Masked`; weights that the graph leaves without meaning go first."""
        weights, biases = self.raw_arrays()
        masks = prune.prune(weights, target, [m.numpy() > 0 for m in self.masks], live=_live)
        kept = [np.where(m, w, 0).astype(w.dtype) for w, m in zip(weights, masks, strict=True)]
        self.load_arrays(kept, biases, masks)

    def chain(self) -> Chain:
        """As in :class:`Masked`: ten layers."""
        weights, biases = self.arrays()
        layers = compose(weights)
        fixed = [layer != 0 for layer in compose([np.zeros_like(w) for w in weights])]
        linear = tuple(0 if k in _RELU else len(layer) for k, layer in enumerate(layers))
        return Chain(layers, _layer_biases(biases), linear, fixed)


def compose(matrices: Sequence[NDArray]) -> list[NDArray]:
    """The layers' matrices, identities included, from the twelve of the graph, in their dtype;
    as bool they are masks."""
    named = {**_FILL, **dict(zip(_NAMES, matrices, strict=True))}
    return [
        np.vstack([np.hstack([named[block] for block in row.split()]) for row in rows]).astype(
            matrices[0].dtype
        )
        for rows in _LAYERS
    ]


def decompose(layers: Sequence[NDArray]) -> list[NDArray]:
    """The twelve matrices out of the layers' (the inverse of :func:`compose`), as views."""
    found = {name: layers[k][rows, columns] for k, name, rows, columns in _places()}
    return [found[name] for name in _NAMES]


def _places() -> Iterator[tuple[int, str, slice, slice]]:
    """Layer, name, rows and columns of every matrix in the chain."""
    shapes = dict(zip(_NAMES, _SHAPES, strict=True))
    for k, rows in enumerate(_LAYERS):
        for i, row in enumerate(rows):
            for j, block in enumerate(row.split()):
                if block in shapes:
                    height, width = shapes[block]
                    top, left = i * _WIDTH, j * _WIDTH
                    yield k, block, slice(top, top + height), slice(left, left + width)


def _layer_biases(biases: Sequence[NDArray[np.float32]]) -> list[NDArray[np.float32]]:
    """The layers' biases from those of the matrices; zero where only identities are."""
    named = dict(zip(_NAMES, biases, strict=True))
    zeros = np.zeros(_WIDTH, np.float32)
    return [
        np.concatenate([next((named[b] for b in row.split() if b in named), zeros) for row in rows])
        for rows in _LAYERS
    ]


def _live(masks: Sequence[NDArray[np.bool_]]) -> list[NDArray[np.bool_]]:
    """What :func:`sw.compress.prune.live_masks` leaves of the twelve matrices in their chain."""
    return [mask.copy() for mask in decompose(prune.live_masks(compose(masks)))]


def good_custom(seed: int) -> GoodCustom:
    """The network with initial weights drawn from ``seed``."""
    return GoodCustom(torch.Generator().manual_seed(seed))
