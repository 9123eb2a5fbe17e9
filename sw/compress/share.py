"""
Weight sharing: every weight of a layer becomes one of 15 values, or zero, stored as a 4-bit index.

The values are found by k-means of the layer's non-zero weights, and then tuned by gradient: all
weights of a value move together, by the sum of their gradients. A network that arrives trained,
without its training data, is tuned to give the outputs it gave before, on inputs like those it
will see.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import ArrayLike, NDArray
from torch import Tensor, nn
from torch.nn import functional

__all__ = [
    "SHARED_VALUES",
    "SharedMlp",
    "SharedNetwork",
    "input_moments",
    "kmeans",
    "share_network",
    "share_weights",
]

SHARED_VALUES = 15
LLOYD_STEPS = 200


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
    """

    codebooks: tuple[NDArray[np.float32], ...]
    indices: tuple[NDArray[np.uint8], ...]
    biases: tuple[NDArray[np.float32], ...]

    @property
    def weights(self) -> list[NDArray[np.float32]]:
        """Dense weights, float32 (out, in) per layer."""
        return [c[i] for c, i in zip(self.codebooks, self.indices, strict=True)]


def kmeans(
    values: ArrayLike, importance: ArrayLike | None = None, k: int = SHARED_VALUES
) -> NDArray[np.float64]:
    """
    At most ``k`` ascending centroids of ``values`` (n,), n at least 1, with a low sum of
    ``importance * (value - nearest centroid)^2``.

    Lloyd's algorithm from two starts, evenly spaced values and evenly filled classes; the better
    end counts. Importances (n,) are not negative; all count the same where none is given. Without
    more than ``k`` different values, these are the centroids.
    """
    x = np.asarray(values, dtype=np.float64).ravel()
    w = np.ones_like(x) if importance is None else np.asarray(importance, np.float64).ravel()
    if not x.size:
        raise ValueError("k-means needs at least one value")
    if w.shape != x.shape or not (w >= 0).all():
        raise ValueError("importances must be as many as values and not negative")
    distinct = np.unique(x)
    if len(distinct) <= k:
        return distinct
    order = np.argsort(x, kind="stable")
    x, w = x[order], w[order]
    w = w + 1e-9 * (w.mean() or 1.0)  # so that no class weighs nothing
    starts = (np.linspace(x[0], x[-1], k), np.quantile(x, (np.arange(k) + 0.5) / k))
    ends = [_lloyd(x, w, start) for start in starts]
    return min(ends, key=lambda c: _error(x, w, c))


def _classes(x: NDArray, centroids: NDArray) -> NDArray[np.intp]:
    """Index of the nearest of the ascending centroids, for each value."""
    return np.searchsorted((centroids[1:] + centroids[:-1]) / 2, x, side="right")


def _error(x: NDArray, w: NDArray, centroids: NDArray) -> float:
    return float((w * np.square(x - centroids[_classes(x, centroids)])).sum())


def _lloyd(x: NDArray, w: NDArray, centroids: NDArray) -> NDArray[np.float64]:
    for _ in range(LLOYD_STEPS):
        members = _classes(x, centroids)
        mass = np.bincount(members, w, minlength=len(centroids))
        total = np.bincount(members, w * x, minlength=len(centroids))
        moved = np.where(mass > 0, total / np.where(mass > 0, mass, 1), centroids)
        if np.array_equal(moved, centroids):
            break
        centroids = np.sort(moved)
    return centroids


def share_weights(
    weight: NDArray[np.floating], importance: ArrayLike | None = None, k: int = SHARED_VALUES
) -> tuple[NDArray[np.float32], NDArray[np.uint8]]:
    """
    Codebook, float32 (16,), and index, uint8 (out, in), of one layer's weights (out, in).

    Zeros stay zero and the rest go to their nearest centroid. ``importance`` weighs the error of
    each weight, and is anything that broadcasts to the weights, such as the (in,) second moments of
    the layer's inputs.
    """
    if not 1 <= k <= SHARED_VALUES:
        raise ValueError(f"shared values must number from 1 to {SHARED_VALUES}, not {k}")
    index = np.zeros(weight.shape, np.uint8)
    codebook = np.zeros(SHARED_VALUES + 1, np.float32)
    kept = weight != 0
    if kept.any():
        weigh = None if importance is None else np.broadcast_to(importance, weight.shape)[kept]
        centroids = kmeans(weight[kept], weigh, k)
        index[kept] = 1 + _classes(weight[kept].astype(np.float64), centroids)
        codebook[1 : 1 + len(centroids)] = centroids
    return codebook, index


def input_moments(
    weights: Sequence[NDArray], biases: Sequence[NDArray], inputs: ArrayLike
) -> list[NDArray[np.float64]]:
    """Mean square of every input of every layer, float64 (in,) each, over the inputs (n, in)."""
    a, moments = np.asarray(inputs, dtype=np.float64), []
    for w, b in zip(weights, biases, strict=True):
        moments.append(np.square(a).mean(axis=0))
        a = np.maximum(a @ w.T + b, 0)
    return moments


class SharedMlp(nn.Module):
    """
    A shared network whose codebooks and biases can be trained; indices, and entry 0, stay.

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

    def _weight(self, k: int) -> Tensor:
        shape = tuple(self.get_buffer(f"shape_{k}").tolist())
        values = self.codebooks[k][self.get_buffer(f"entry_{k}") - 1]
        flat = torch.zeros(shape[0] * shape[1], dtype=values.dtype)
        return flat.index_put((self.get_buffer(f"place_{k}"),), values).reshape(shape)

    def forward(self, x: Tensor) -> Tensor:
        """Outputs (n, out) of inputs (n, in), float32."""
        last = len(self.biases) - 1
        for k, bias in enumerate(self.biases):
            x = functional.linear(x, self._weight(k), bias)
            x = functional.relu(x) if k < last else x
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
        return SharedNetwork(tuple(codebooks), tuple(indices), biases)


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


def share_network(
    weights: Sequence[NDArray],
    biases: Sequence[NDArray],
    calibration: ArrayLike,
    *,
    steps: int = 600,
    batch: int = 512,
    rate: float = 3e-3,
    seed: int = 0,
) -> SharedNetwork:
    """
    Share the weights of a trained network so that its outputs stay close, without its labels.

    k-means weighs each weight by the mean square of its input over ``calibration`` (n, in); then
    ``steps`` of Adam pull codebooks and biases to the outputs of the original on those inputs, by
    least squares on outputs scaled to unit spread. Of start and end, the better one is given back.
    """
    x = torch.from_numpy(np.asarray(calibration, dtype=np.float32))
    if x.ndim != 2 or not len(x):
        raise ValueError(f"calibration inputs must be (n, in) and not empty, not {tuple(x.shape)}")
    moments = input_moments(weights, biases, calibration)
    shared = [share_weights(w, m) for w, m in zip(weights, moments, strict=True)]
    start = SharedNetwork(
        codebooks=tuple(codebook for codebook, _ in shared),
        indices=tuple(index for _, index in shared),
        biases=tuple(np.asarray(b, dtype=np.float32) for b in biases),
    )
    student = SharedMlp(start)
    with torch.no_grad():
        target = x
        for k, (w, b) in enumerate(zip(weights, start.biases, strict=True)):
            target = functional.linear(target, torch.from_numpy(np.float32(w)), torch.from_numpy(b))
            target = functional.relu(target) if k < len(start.biases) - 1 else target
        spread = target.std(dim=0, correction=0).clamp_min(1e-12)
    generator = torch.Generator().manual_seed(seed)
    optimizer = torch.optim.Adam(student.parameters(), lr=rate)
    scheduler = torch.optim.lr_scheduler.CosineAnnealingLR(optimizer, max(steps, 1))
    before = _distance(student, x, target, spread)
    for _ in range(steps):
        pick = torch.randint(len(x), (min(batch, len(x)),), generator=generator)
        loss = (((student(x[pick]) - target[pick]) / spread) ** 2).mean()
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        scheduler.step()
    return student.network() if _distance(student, x, target, spread) < before else start


def _distance(student: SharedMlp, x: Tensor, target: Tensor, spread: Tensor) -> float:
    with torch.no_grad():
        return float((((student(x) - target) / spread) ** 2).mean())
