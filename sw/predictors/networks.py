"""
The networks of the predictors, as PyTorch modules to train and as arrays to compress.

A network's last layer is one logit: the request is predicted EBUSY exactly where it is above 0.
Its integer counterpart decides by the sign of the integer output likewise.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
import torch
from numpy.typing import ArrayLike, NDArray
from torch import Tensor, nn
from torch.nn import functional

from sw.compress import prune
from sw.compress.shared import chain_linear
from sw.network import Layer, Network

__all__ = [
    "PRECISE_LINEAR",
    "Chain",
    "Masked",
    "MaskedMlp",
    "logits",
    "precise_linear",
    "weight_count",
]

PRECISE_LINEAR = (110, 352, 352, 352, 352, 352, 128, 32, 1)


def weight_count(widths: Sequence[int]) -> int:
    """Weights, biases not counted, of fully connected layers of these widths."""
    return sum(a * b for a, b in pairwise(widths))


@dataclass(frozen=True, eq=False)
class Chain:
    """
    A network as a chain of fully connected layers.

    Parameters
    ----------
    weights, biases : list of float32 (out, in) and (out,)
    linear : tuple of int
        Leading outputs of each layer that no ReLU follows.
    fixed : list of bool (out, in)
        Weights that only pass values on, 1 or -1, and are not trained.
    """

    weights: list[NDArray[np.float32]]
    biases: list[NDArray[np.float32]]
    linear: tuple[int, ...]
    fixed: list[NDArray[np.bool_]]

    @property
    def network(self) -> Network:
        """The chain in the form that files and the compiler take."""
        layers = zip(self.weights, self.biases, self.linear, strict=True)
        return Network(tuple(Layer.of(w, b, rows) for w, b, rows in layers))


class Masked(nn.Module):
    """
    Matrices with biases, some weights masked to zero; a subclass says how they are joined.

    Inputs are 0 or 1. Inside they are moved to -1 and +1, where training starts better; ``chain``
    gives the same function on 0 and 1.

    Parameters
    ----------
    shapes : sequence of (int, int, float)
        Inputs and outputs of each matrix, and the variance of its initial weights (normal) times
        the inputs. Biases start at 0.
    generator : torch.Generator
        Draws the initial weights.
    """

    def __init__(
        self, shapes: Sequence[tuple[int, int, float]], generator: torch.Generator
    ) -> None:
        super().__init__()
        self.weights = nn.ParameterList()
        self.biases = nn.ParameterList()
        for k, (fan_in, fan_out, gain) in enumerate(shapes):
            start = torch.randn(fan_out, fan_in, generator=generator) * (gain / fan_in) ** 0.5
            self.weights.append(nn.Parameter(start))
            self.biases.append(nn.Parameter(torch.zeros(fan_out)))
            self.register_buffer(f"mask_{k}", torch.ones(fan_out, fan_in))

    @property
    def masks(self) -> list[Tensor]:
        """1.0 where a weight may be other than zero, float32 (out, in) per matrix."""
        return [self.get_buffer(f"mask_{k}") for k in range(len(self.weights))]

    def matrix(self, k: int, x: Tensor) -> Tensor:
        """Matrix k and its bias on (n, in): (n, out)."""
        return functional.linear(x, self.weights[k] * self.masks[k], self.biases[k])

    def raw_arrays(self) -> tuple[list[NDArray[np.float32]], list[NDArray[np.float32]]]:
        """Masked weights and biases for inputs -1 and +1, copies."""
        with torch.no_grad():
            pairs = zip(self.weights, self.masks, strict=True)
            weights = [(w * m).numpy().copy() for w, m in pairs]
            return weights, [b.numpy().copy() for b in self.biases]

    def load_arrays(
        self, weights: Sequence[NDArray], biases: Sequence[NDArray], masks: Sequence[NDArray]
    ) -> None:
        """Set weights and biases (for inputs -1 and +1) and masks, in place."""
        with torch.no_grad():
            for k, (w, b, m) in enumerate(zip(weights, biases, masks, strict=True)):
                self.weights[k].copy_(torch.from_numpy(w))
                self.biases[k].copy_(torch.from_numpy(b))
                self.masks[k].copy_(torch.from_numpy(m.astype(np.float32)))

    def arrays(self) -> tuple[list[NDArray[np.float32]], list[NDArray[np.float32]]]:
        """Masked weights (out, in) and biases (out,) of the same function for inputs 0 and 1; the
        first matrix, and no other, takes the inputs."""
        weights, biases = self.raw_arrays()
        biases[0] = (biases[0] - weights[0].astype(np.float64).sum(axis=1)).astype(np.float32)
        weights[0] = 2 * weights[0]
        return weights, biases

    def prune(self, target: float) -> None:
        """Mask weights until the share ``target`` of them is gone."""
        raise NotImplementedError

    def chain(self) -> Chain:
        """The same function as a chain of layers, for inputs 0 and 1."""
        raise NotImplementedError


class MaskedMlp(Masked):
    """
    Fully connected layers, ReLU after each but the last.

    Parameters
    ----------
    widths : sequence of int
        Inputs, outputs of each layer.
    generator : torch.Generator
        Draws the initial weights (He, normal).
    """

    def __init__(self, widths: Sequence[int], generator: torch.Generator) -> None:
        super().__init__([(a, b, 2.0) for a, b in pairwise(widths)], generator)

    def forward(self, x: Tensor) -> Tensor:
        """Outputs (n, out) of inputs (n, in), float32, 0 or 1."""
        x = 2 * x - 1
        last = len(self.weights) - 1
        for k in range(last):
            x = functional.relu(self.matrix(k, x))
        return self.matrix(last, x)

    def prune(self, target: float) -> None:
        """As in :class:`Masked`; neurons that are constant move into the biases that they feed."""
        weights, biases = self.raw_arrays()
        masks = prune.prune(weights, target, [m.numpy() > 0 for m in self.masks])
        self.load_arrays(*prune.fold_constants(weights, biases, masks), masks)

    def chain(self) -> Chain:
        """As in :class:`Masked`."""
        weights, biases = self.arrays()
        fixed = [np.zeros(w.shape, bool) for w in weights]
        return Chain(weights, biases, chain_linear(biases), fixed)


def precise_linear(seed: int) -> MaskedMlp:
    """Weng and Chien's large MittOS network: 110 inputs, eight layers, 583,520 weights."""
    return MaskedMlp(PRECISE_LINEAR, torch.Generator().manual_seed(seed))


def logits(
    weights: Sequence[NDArray],
    biases: Sequence[NDArray],
    x: ArrayLike,
    batch: int = 8192,
    linear: Sequence[int] = (),
) -> NDArray[np.float32]:
    """Outputs (n, out) of a ReLU network given as arrays, in float32, for inputs (n, in);
    ``linear`` is as in :class:`sw.compress.shared.SharedNetwork`."""
    inputs = np.asarray(x)
    leading = tuple(linear) or chain_linear(biases)
    out = np.empty((len(inputs), len(biases[-1])), np.float32)
    for start in range(0, len(inputs), batch):
        a = inputs[start : start + batch].astype(np.float32)
        for w, b, rows in zip(weights, biases, leading, strict=True):
            a = a @ w.T.astype(np.float32) + b.astype(np.float32)
            np.maximum(a[:, rows:], 0, out=a[:, rows:])
        out[start : start + batch] = a
    return out
