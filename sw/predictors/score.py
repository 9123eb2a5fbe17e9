"""From the outputs of a predictor to one number: how slow an I/O will be."""

from __future__ import annotations

from typing import TypeVar

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from sw.network import Network

__all__ = ["logits", "score", "scores_of"]

_Outputs = TypeVar("_Outputs", Tensor, NDArray[np.float32], NDArray[np.int64])


def logits(outputs: _Outputs) -> _Outputs:
    """Outputs (n, 1) or (n, 2) to (n,): the output, or the second less the first. A predictor says
    slow above 0."""
    return outputs[:, 0] if outputs.shape[1] == 1 else outputs[:, 1] - outputs[:, 0]


def score(network: Network, inputs: NDArray[np.float32]) -> NDArray[np.float32]:
    """What a network in float makes of inputs (n, in): float32 (n,), higher meaning slower."""
    with torch.no_grad():
        out = network.forward(torch.from_numpy(np.ascontiguousarray(inputs, np.float32)))
    return logits(out).numpy()


def scores_of(outputs: NDArray[np.int16]) -> NDArray[np.int64]:
    """The same of integer outputs, int16 (n, 1) or (n, 2), exactly."""
    return logits(outputs.astype(np.int64))
