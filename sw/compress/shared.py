"""A network with shared weights, as arrays and as a PyTorch module whose shared values train."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn
from torch.nn import functional

from sw.compress.kmeans import SHARED_VALUES

__all__ = ["SharedMlp", "SharedNetwork", "chain_linear"]


def chain_linear(biases: Sequence[NDArray]) -> tuple[int, ...]:
    """Leading outputs without ReLU in each layer of a plain chain: none, but all of the last."""
    return (*[0] * (len(biases) - 1), len(biases[-1]))


@dataclass(frozen=True, eq=False)
class SharedNetwork:
    """
    A ReLU network whose layer k has weights ``codebooks[k][indices[k]]``.

    Parameters
    ----------
    codebooks : tuple of float32 (16,)
        Shared values, ascending; entry 0 is zero, as are entries that no weight uses.
    indices : tuple of uint8 (out, in)
        0 to 15.
    biases : tuple of float32 (out,)
    linear : tuple of int
        Leading outputs of each layer that no ReLU follows; by default 0, and all of the last layer.
    held : tuple of tuple of float
        Shared values of each layer that training leaves as they are; by default none.
    """

    codebooks: tuple[NDArray[np.float32], ...]
    indices: tuple[NDArray[np.uint8], ...]
    biases: tuple[NDArray[np.float32], ...]
    linear: tuple[int, ...] = ()
    held: tuple[tuple[float, ...], ...] = ()

    def __post_init__(self) -> None:
        object.__setattr__(self, "linear", tuple(self.linear) or chain_linear(self.biases))
        object.__setattr__(self, "held", tuple(self.held) or ((),) * len(self.biases))

    @property
    def weights(self) -> list[NDArray[np.float32]]:
        """Dense weights, float32 (out, in) per layer."""
        return [c[i] for c, i in zip(self.codebooks, self.indices, strict=True)]


class SharedMlp(nn.Module):
    """
    A shared network whose codebooks and biases can be trained; indices, entry 0, and the values
    that are held, stay.

    Parameters
    ----------
    network : SharedNetwork
        Where it starts.
    """

    def __init__(self, network: SharedNetwork) -> None:
        super().__init__()
        self.codebooks = nn.ParameterList(
            nn.Parameter(torch.from_numpy(c[1:].copy())) for c in network.codebooks
        )
        self.biases = nn.ParameterList(
            nn.Parameter(torch.from_numpy(b.copy())) for b in network.biases
        )
        for k, index in enumerate(network.indices):
            rows, columns = np.nonzero(index)
            shape = torch.tensor(index.shape)
            self.register_buffer(f"place_{k}", torch.from_numpy(rows * index.shape[1] + columns))
            self.register_buffer(f"entry_{k}", torch.from_numpy(index[rows, columns].astype(int)))
            self.register_buffer(f"shape_{k}", shape)
        self.linear, self.held = network.linear, network.held
        self._fixed = [
            torch.from_numpy(np.isin(c[1:], np.array(values, np.float32)))
            for c, values in zip(network.codebooks, network.held, strict=True)
        ]

    def _weight(self, k: int) -> Tensor:
        shape = tuple(self.get_buffer(f"shape_{k}").tolist())
        book = torch.where(self._fixed[k], self.codebooks[k].detach(), self.codebooks[k])
        values = book[self.get_buffer(f"entry_{k}") - 1]
        flat = torch.zeros(shape[0] * shape[1], dtype=values.dtype)
        return flat.index_put((self.get_buffer(f"place_{k}"),), values).reshape(shape)

    def forward(self, x: Tensor) -> Tensor:
        """Outputs (n, out) of inputs (n, in), float32."""
        for k, (bias, linear) in enumerate(zip(self.biases, self.linear, strict=True)):
            x = functional.linear(x, self._weight(k), bias)
            x = torch.cat([x[:, :linear], functional.relu(x[:, linear:])], dim=1)
        return x

    def network(self) -> SharedNetwork:
        """The network as it is now, codebooks put in ascending order again."""
        codebooks, indices = [], []
        for k, book in enumerate(self.codebooks):
            shape = tuple(self.get_buffer(f"shape_{k}").tolist())
            entry = np.zeros(shape, np.uint8)
            entry.reshape(-1)[self.get_buffer(f"place_{k}").numpy()] = self.get_buffer(
                f"entry_{k}"
            ).numpy()
            codebook, index = _ordered(book.detach().numpy(), entry)
            codebooks.append(codebook)
            indices.append(index)
        biases = tuple(b.detach().numpy().copy() for b in self.biases)
        return SharedNetwork(tuple(codebooks), tuple(indices), biases, self.linear, self.held)


def _ordered(
    values: NDArray[np.float32], entry: NDArray[np.uint8]
) -> tuple[NDArray[np.float32], NDArray[np.uint8]]:
    """Codebook (16,) of used values, ascending, each once; and the indices into it."""
    used = np.unique(entry[entry > 0])
    distinct = np.unique(values[used - 1])
    codebook = np.zeros(SHARED_VALUES + 1, np.float32)
    codebook[1 : 1 + len(distinct)] = distinct
    lookup = np.zeros(SHARED_VALUES + 1, np.uint8)
    lookup[used] = 1 + np.searchsorted(distinct, values[used - 1])
    return codebook, lookup[entry]
