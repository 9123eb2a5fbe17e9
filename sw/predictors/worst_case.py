"""
A network at its slowest: the same weights, but never a zero among inputs or hidden activations.

An array that skips zero activations takes longest where there is none to skip. Published estimates
assume this case; here it can be run.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from sw.network import Layer, Network, NetworkError

__all__ = ["nonzero_inputs", "worst_case"]


def nonzero_inputs(network: Network, rows: int = 256, seed: int = 0) -> NDArray[np.float32]:
    """
    Random inputs (rows, in) without a zero, and all positive, for a network like ``network``.

    Where its own inputs are integers, as where it has none, these are integers from 1 to the
    largest magnitude there, at least 2; otherwise reals from a quarter of the largest to itself.
    """
    rng = np.random.default_rng(seed)
    shape = rows, network.sizes[0]
    seen = np.zeros(1) if network.inputs is None else np.abs(network.inputs)
    peak = float(seen.max())
    if np.array_equal(seen, np.rint(seen)):
        return rng.integers(1, max(2, int(peak)) + 1, shape).astype(np.float32)
    return rng.uniform(peak / 4, peak, shape).astype(np.float32)


def worst_case(network: Network, inputs: NDArray | None = None) -> Network:
    """
    The network with its hidden biases raised until no hidden activation can be zero.

    Parameters
    ----------
    network : Network
        Any chain, with ReLU on all, some or no rows of a layer.
    inputs : float (n, in), optional
        Positive rows that go with it; by default those of :func:`nonzero_inputs`.

    The result has the same weights, ``inputs``, and other biases in all layers but the last. For
    every input within the range of ``inputs``, its hidden activations lie between T and 2 T, where
    a layer's T is the widest span that any of its rows can have: far enough from zero that
    fixed-point rounding does not reach it. Neurons without inputs have T itself.
    """
    rows = nonzero_inputs(network) if inputs is None else np.asarray(inputs, dtype=np.float32)
    if rows.size == 0 or rows.min() <= 0:
        raise NetworkError("inputs of the worst case must be positive")
    low = np.full(network.sizes[0], float(rows.min()))
    high = np.full(network.sizes[0], float(rows.max()))
    layers = []
    for layer in network.layers[:-1]:
        weight = layer.weight.astype(np.float64)
        least = np.minimum(weight * low, weight * high).sum(axis=1)
        span = np.maximum(weight * low, weight * high).sum(axis=1) - least
        threshold = float(span.max()) or 1.0
        layers.append(Layer(layer.weight, threshold - least, layer.relu, layer.linear_rows))
        low, high = np.full(len(span), threshold), threshold + span
    return Network((*layers, network.layers[-1]), rows)
