"""
The networks of the predictors, as PyTorch modules to train and as arrays to compress.

A network's last layer is one logit: the request is predicted EBUSY exactly where it is above 0.
Its integer counterpart decides by the sign of the integer output likewise.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise

import numpy as np
import torch
from numpy.typing import ArrayLike, NDArray
from torch import Tensor, nn
from torch.nn import functional

from sw.compress.shared import chain_linear

__all__ = ["PRECISE_LINEAR", "MaskedMlp", "logits", "precise_linear", "weight_count"]

PRECISE_LINEAR = (110, 352, 352, 352, 352, 352, 128, 32, 1)


def weight_count(widths: Sequence[int]) -> int:
    """Weights, biases not counted, of fully connected layers of these widths."""
    return sum(a * b for a, b in pairwise(widths))


class MaskedMlp(nn.Module):
    """
    Fully connected layers with biases, ReLU after each but the last, some weights masked to zero.

    Inputs are 0 or 1. Inside they are moved to -1 and +1, where training starts better; ``arrays``
    gives the same function on 0 and 1.

    Parameters
    ----------
    widths : sequence of int
        Inputs, outputs of each layer.
    generator : torch.Generator
        Draws the initial weights (He, normal); biases start at 0.
    """

    def __init__(self, widths: Sequence[int], generator: torch.Generator) -> None:
        super().__init__()
        self.weights = nn.ParameterList()
        self.biases = nn.ParameterList()
        for k, (fan_in, fan_out) in enumerate(pairwise(widths)):
            start = torch.randn(fan_out, fan_in, generator=generator) * (2 / fan_in) ** 0.5
            self.weights.append(nn.Parameter(start))
            self.biases.append(nn.Parameter(torch.zeros(fan_out)))
            self.register_buffer(f"mask_{k}", torch.ones(fan_out, fan_in))

    @property
    def masks(self) -> list[Tensor]:
        """1.0 where a weight may be other than zero, float32 (out, in) per layer."""
        return [self.get_buffer(f"mask_{k}") for k in range(len(self.weights))]

    def forward(self, x: Tensor) -> Tensor:
        """Outputs (n, out) of inputs (n, in), float32, 0 or 1."""
        x = 2 * x - 1
        last = len(self.weights) - 1
        layers = zip(self.weights, self.masks, self.biases, strict=True)
        for k, (weight, mask, bias) in enumerate(layers):
            x = functional.linear(x, weight * mask, bias)
            x = functional.relu(x) if k < last else x
        return x

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
        """Masked weights (out, in) and biases (out,) of the same function for inputs 0 and 1."""
        weights, biases = self.raw_arrays()
        biases[0] = (biases[0] - weights[0].astype(np.float64).sum(axis=1)).astype(np.float32)
        weights[0] = 2 * weights[0]
        return weights, biases


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
