"""
Weight sharing: every weight of a layer becomes one of 15 values, or zero, stored as a 4-bit index.

The values are found by k-means of the layer's non-zero weights, and then tuned by gradient: all
weights of a value move together, by the sum of their gradients. A network that arrives trained,
without its training data, is tuned to give the outputs it gave before, on inputs like those it
will see.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import torch
from numpy.typing import ArrayLike, NDArray
from torch import Tensor

from sw.compress.kmeans import SHARED_VALUES, kmeans, nearest
from sw.compress.shared import SharedMlp, SharedNetwork, chain_linear

__all__ = [
    "SHARED_VALUES",
    "SharedMlp",
    "SharedNetwork",
    "forward",
    "input_moments",
    "share_network",
    "share_weights",
    "vectors",
]

STEPS = 300
FOCUS = 0.2
"""Added to a row's margin, in mean margins, before its reciprocal weighs the row."""
COMMON = 0.02
"""Weight of the outputs themselves beside their differences."""


def share_weights(
    weight: NDArray[np.floating],
    importance: ArrayLike | None = None,
    k: int = SHARED_VALUES,
    fixed: NDArray[np.bool_] | None = None,
) -> tuple[NDArray[np.float32], NDArray[np.uint8]]:
    """
    Codebook, float32 (16,), and index, uint8 (out, in), of one layer's weights (out, in).

    Zeros stay zero and the rest go to their nearest centroid. ``importance`` weighs the error of
    each weight, and is anything that broadcasts to the weights, such as the (in,) second moments of
    the layer's inputs. Weights under ``fixed``, bool (out, in), keep their values, which count
    among the ``k``.
    """
    if not 1 <= k <= SHARED_VALUES:
        raise ValueError(f"shared values must number from 1 to {SHARED_VALUES}, not {k}")
    index = np.zeros(weight.shape, np.uint8)
    codebook = np.zeros(SHARED_VALUES + 1, np.float32)
    still = np.zeros(weight.shape, bool) if fixed is None else fixed & (weight != 0)
    values = np.unique(weight[still]).astype(np.float32)
    if len(values) + (((weight != 0) & ~still).any()) > k:
        raise ValueError(f"{len(values)} fixed values leave too few of {k} for the other weights")
    kept = (weight != 0) & ~still
    centroids = np.zeros(0, np.float32)
    if kept.any():
        weigh = None if importance is None else np.broadcast_to(importance, weight.shape)[kept]
        centroids = kmeans(weight[kept], weigh, k - len(values)).astype(np.float32)
    used = np.unique(np.concatenate([centroids, values]))
    codebook[1 : 1 + len(used)] = used
    index[still] = 1 + np.searchsorted(used, weight[still].astype(np.float32))
    if kept.any():
        closest = centroids[nearest(centroids, weight[kept].astype(np.float64))]
        index[kept] = 1 + np.searchsorted(used, closest)
    return codebook, index


def vectors(
    weights: Sequence[NDArray],
    biases: Sequence[NDArray],
    inputs: ArrayLike,
    linear: Sequence[int] = (),
) -> list[NDArray[np.float64]]:
    """The inputs (n, in) and every layer's outputs (n, out), float64. ``linear`` is as in
    :class:`SharedNetwork`."""
    found = [np.asarray(inputs, dtype=np.float64)]
    for w, b, rows in zip(weights, biases, linear or chain_linear(biases), strict=True):
        a = found[-1] @ w.T.astype(np.float64) + b
        np.maximum(a[:, rows:], 0, out=a[:, rows:])
        found.append(a)
    return found


def forward(
    weights: Sequence[NDArray],
    biases: Sequence[NDArray],
    inputs: ArrayLike,
    linear: Sequence[int] = (),
) -> NDArray[np.float64]:
    """Outputs (n, out) of a ReLU network, in float64; arguments as of :func:`vectors`."""
    return vectors(weights, biases, inputs, linear)[-1]


def input_moments(
    weights: Sequence[NDArray],
    biases: Sequence[NDArray],
    inputs: ArrayLike,
    linear: Sequence[int] = (),
) -> list[NDArray[np.float64]]:
    """Mean square of every input of every layer, float64 (in,) each, over the inputs (n, in);
    arguments as of :func:`vectors`."""
    return [np.square(a).mean(axis=0) for a in vectors(weights, biases, inputs, linear)[:-1]]


def share_network(
    weights: Sequence[NDArray],
    biases: Sequence[NDArray],
    calibration: ArrayLike,
    *,
    linear: Sequence[int] = (),
    steps: int = STEPS,
) -> SharedNetwork:
    """
    Share the weights of a trained network so that its outputs stay close, without its labels.

    k-means weighs each weight by the mean square of its input over ``calibration`` (n, in); then
    ``steps`` of L-BFGS pull codebooks and biases to the outputs of the original on those rows,
    differences between outputs and rows with a close decision counting most. Of start and end, the
    better one is given back. ``linear`` is as in :class:`SharedNetwork`.
    """
    x = np.asarray(calibration, dtype=np.float64)
    if x.ndim != 2 or not len(x):
        raise ValueError(f"calibration inputs must be (n, in) and not empty, not {x.shape}")
    moments = input_moments(weights, biases, x, linear)
    shared = [share_weights(w, m) for w, m in zip(weights, moments, strict=True)]
    start = SharedNetwork(
        codebooks=tuple(codebook for codebook, _ in shared),
        indices=tuple(index for _, index in shared),
        biases=tuple(np.asarray(b, dtype=np.float32) for b in biases),
        linear=tuple(linear),
    )
    return _tuned(start, x, forward(weights, biases, x, linear), steps)


def _tuned(start: SharedNetwork, x: NDArray, target: NDArray, steps: int) -> SharedNetwork:
    """Codebooks and biases moved towards the target outputs (n, out) of the rows (n, in)."""
    student = SharedMlp(start)
    rows, aim = torch.from_numpy(x.astype(np.float32)), torch.from_numpy(target.astype(np.float32))
    ranked = np.sort(target, axis=1)
    margin = np.abs(target[:, 0]) if target.shape[1] == 1 else ranked[:, -1] - ranked[:, -2]
    close = 1 / (margin + FOCUS * (margin.mean() or 1.0))
    weigh = torch.from_numpy((close / close.mean()).astype(np.float32))
    spread = float(target.std()) or 1.0

    def loss() -> Tensor:
        error = (student(rows) - aim) / spread
        if aim.shape[1] == 1:
            return (weigh * error[:, 0] ** 2).mean()
        apart = error - error.mean(dim=1, keepdim=True)
        return (weigh * (apart**2).sum(dim=1)).mean() + COMMON * (error**2).mean()

    optimizer = torch.optim.LBFGS(
        student.parameters(),
        max_iter=steps,
        history_size=30,
        tolerance_grad=1e-10,
        tolerance_change=1e-12,
        line_search_fn="strong_wolfe",
    )

    def closure() -> Tensor:
        optimizer.zero_grad()
        value = loss()
        value.backward()
        return value

    with torch.no_grad():
        before = float(loss())
    if steps:
        optimizer.step(closure)
    with torch.no_grad():
        after = float(loss())
    return student.network() if after < before else start
