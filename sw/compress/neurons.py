"""
Hidden neurons put in an order that suits the array, and constant or unused ones taken out.

Both leave every output of the network as it was, bit for bit: sums do not depend on the order of
their terms, also modulo 2**32, and what a constant neuron adds is added to the biases instead.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import torch
from numpy.typing import NDArray

from sw.compress.quantised import Plane, QuantisedLayer, QuantisedNetwork
from sw.golden.eie import requantise

__all__ = ["fold_constant_neurons", "order_neurons"]


def _selected(
    layer: QuantisedLayer,
    rows: NDArray[np.intp] | slice = slice(None),
    columns: NDArray[np.intp] | slice = slice(None),
) -> QuantisedLayer:
    """A layer with only these rows and columns, in this order."""
    planes = [Plane(plane.index[rows][:, columns], plane.codebook) for plane in layer.planes]
    return replace(
        layer, index=planes[0].index, more=tuple(planes[1:]), bias=layer.bias[rows].copy()
    )


def _stored(layer: QuantisedLayer) -> NDArray[np.bool_]:
    """Which weights are stored in any plane, (out, in)."""
    stored: NDArray[np.bool_] = layer.planes[0].index != 0
    for plane in layer.more:
        stored = stored | (plane.index != 0)
    return stored


def fold_constant_neurons(network: QuantisedNetwork) -> QuantisedNetwork:
    """
    Take out hidden neurons without a stored weight, whose output is their requantised bias, and
    those that nothing reads. Layers of which some rows have no ReLU keep all theirs; every layer
    keeps at least one.
    """
    layers = list(network.layers)
    for k in range(len(layers) - 1):
        layer, reader = layers[k], layers[k + 1]
        constant = np.flatnonzero(~_stored(layer).any(axis=1))[: layer.rows - 1]
        if layer.linear_rows or not len(constant):
            continue
        bias = torch.from_numpy(layer.bias[constant].copy())
        output = requantise(bias, layer.shift, layer.relu).numpy().astype(np.int64)
        added = reader.weight().astype(np.int64)[:, constant] @ output
        wrapped = (reader.bias + added).astype(np.uint32).view(np.int32)
        keep = np.delete(np.arange(layer.rows), constant)
        layers[k] = _selected(layer, rows=keep)
        layers[k + 1] = replace(_selected(reader, columns=keep), bias=wrapped)
    for k in reversed(range(len(layers) - 1)):
        read = _stored(layers[k + 1]).any(axis=0)
        if layers[k].linear_rows or read.all():
            continue
        keep = np.flatnonzero(read) if read.any() else np.array([0])
        layers[k] = _selected(layers[k], rows=keep)
        layers[k + 1] = _selected(layers[k + 1], columns=keep)
    return replace(network, layers=tuple(layers))


def order_neurons(network: QuantisedNetwork, n_pe: int) -> QuantisedNetwork:
    """
    Sort the neurons of each hidden layer by their stored weights, most first, and deal them to the
    PEs to and fro: loads are even, and the rows of a PE that hold most come first, so that columns
    need fewer padding entries. Layers of which some rows have no ReLU stay as they are.
    """
    layers = list(network.layers)
    for k in range(len(layers) - 1):
        if layers[k].linear_rows:
            continue
        planes = layers[k].planes
        weights = np.sum([(plane.index != 0).sum(axis=1) for plane in planes], axis=0)
        order = np.argsort(-weights, kind="stable")
        for start in range(n_pe, len(order), 2 * n_pe):
            order[start : start + n_pe] = order[start : start + n_pe][::-1]
        layers[k] = _selected(layers[k], rows=order)
        layers[k + 1] = _selected(layers[k + 1], columns=order)
    return replace(network, layers=tuple(layers))
