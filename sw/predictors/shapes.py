"""
Presets of the shapes of other latency predictors, to see what they cost on an array.

Their weights are drawn, not trained: at most 15 values a layer and none of them zero, so that
time, memory and energy are those of a dense network of that shape. What they predict is nothing.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from itertools import pairwise
from statistics import NormalDist

import numpy as np
from numpy.typing import NDArray

from sw.compress.kmeans import SHARED_VALUES
from sw.network import Layer, Network

__all__ = ["HEIMDALL", "LINNOS", "SHAPES", "heimdall", "linnos"]

LINNOS = (31, 256, 2)
HEIMDALL = (12, 128, 16, 1)

_VALUES = SHARED_VALUES - 1  # an even number of quantiles: none of them is zero
_QUANTILES = np.array([NormalDist().inv_cdf((k + 0.5) / _VALUES) for k in range(_VALUES)])
_HISTORY = 4
_MAX_QUEUE, _MAX_LATENCY_US = 199, 9999


def _chain(sizes: Sequence[int], seed: int, inputs: NDArray) -> Network:
    """Dense layers with ReLU between, of variance 2 / inputs; they depend on the seed alone."""
    rng = np.random.default_rng([seed, 1])
    layers = []
    for k, (columns, rows) in enumerate(pairwise(sizes)):
        values = _QUANTILES * (2 / columns) ** 0.5
        weight = values[rng.integers(0, _VALUES, (rows, columns))]
        bias = 0.1 * rng.normal(size=rows)
        relu = k < len(sizes) - 2
        layers.append(Layer(weight.astype(np.float32), bias.astype(np.float32), relu))
    return Network(tuple(layers), inputs)


def _digits(values: NDArray[np.int64], places: int) -> NDArray[np.int64]:
    """Decimal digits, the highest first: (n, m) to (n, m * places)."""
    split = values[:, :, None] // 10 ** np.arange(places)[::-1] % 10
    return split.reshape(len(values), -1)


def linnos(rows: int = 256, seed: int = 1) -> Network:
    """
    The shape of LinnOS (OSDI 2020): 31 inputs, 256 neurons, two outputs of which the larger says
    fast or slow; all of it dense.

    Its inputs are decimal digits, 0 to 9: three of the queue length now, three of that at each of
    the last four requests, four of the latency of each. ``rows`` of such come with the network.
    """
    rng = np.random.default_rng(seed)
    queue = np.minimum(rng.geometric(0.08, (rows, 1 + _HISTORY)) - 1, _MAX_QUEUE)
    latency = np.minimum(rng.lognormal(5, 1, (rows, _HISTORY)), _MAX_LATENCY_US).astype(np.int64)
    inputs = np.concatenate([_digits(queue, 3), _digits(latency, 4)], axis=1)
    return _chain(LINNOS, seed, inputs)


def heimdall(rows: int = 256, seed: int = 1) -> Network:
    """
    The shape of Heimdall (EuroSys 2025): 12 inputs, 128 and 16 neurons, one output; all of it
    dense.

    Its inputs are reals from 0 to 1: queue lengths, sizes, latencies and throughputs of this and
    the last requests, each over its largest. ``rows`` of the like come with the network.
    """
    rng = np.random.default_rng(seed)
    return _chain(HEIMDALL, seed, rng.beta(1, 3, (rows, HEIMDALL[0])))


SHAPES: dict[str, Callable[..., Network]] = {"linnos": linnos, "heimdall": heimdall}
