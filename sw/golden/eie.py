"""Golden model of the EIE array: fully connected layers in integers, exactly as the RTL rounds."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor

from sw.compress.quantised import MAX_PLANES, QuantisedLayer, QuantisedNetwork

__all__ = ["GoldenEie", "LayerTrace"]

_INT16 = (-(1 << 15), (1 << 15) - 1)
_BLOCK = 1 << 22  # weights converted at a time

# A weight is the sum of at most four int16, at most 2^17 in magnitude; its product with an int16 is
# at most 2^32, so any partial sum of n products, taken in any order, is an integer of at most
# n * 2^32. Up to this many inputs that is at most 2^53, and float64 holds every such integer: the
# matrix product below is exact, whatever BLAS does.
_EXACT_INPUTS = (1 << 53) // (MAX_PLANES * (1 << 30))


@dataclass(frozen=True)
class LayerTrace:
    """What one layer left: ``accumulator`` int32 (batch, out) after bias and all products, wrapped
    modulo 2^32; ``output`` int16 (batch, out) after rounding, saturation and ReLU."""

    accumulator: Tensor
    output: Tensor


class GoldenEie:
    """
    The network of a ``QuantisedNetwork``, request by request or in batches.

    Parameters
    ----------
    network : QuantisedNetwork

    Calling it with int16 (batch, inputs), or (inputs,), a tensor or NumPy array, gives int16
    (batch, outputs), or (outputs,), as a tensor. ``trace`` gives every layer's accumulators and
    outputs too.
    """

    def __init__(self, network: QuantisedNetwork) -> None:
        for k, layer in enumerate(network.layers):
            if layer.columns > _EXACT_INPUTS:
                raise ValueError(f"layer {k} has {layer.columns} inputs, over {_EXACT_INPUTS}")
        self.network = network

    def __call__(self, inputs: object) -> Tensor:
        a = torch.as_tensor(inputs)
        if a.dtype != torch.int16:
            raise TypeError(f"inputs must be int16, not {a.dtype}")
        if a.ndim == 1:
            return self.trace(a[None])[-1].output[0]
        return self.trace(a)[-1].output

    def trace(self, inputs: object) -> list[LayerTrace]:
        """Every layer's accumulators and outputs for inputs int16 (batch, inputs)."""
        a = torch.as_tensor(inputs)
        if a.dtype != torch.int16:
            raise TypeError(f"inputs must be int16, not {a.dtype}")
        if a.ndim != 2 or a.shape[1] != self.network.inputs:
            raise ValueError(f"inputs must be (batch, {self.network.inputs}), not {tuple(a.shape)}")
        traces = []
        for layer in self.network.layers:
            accumulator = accumulate(layer, a)
            a = requantise(accumulator, layer.shift, layer.relu, layer.linear_rows)
            traces.append(LayerTrace(accumulator, a))
        return traces


def accumulate(layer: QuantisedLayer, a: Tensor) -> Tensor:
    """Bias plus all products modulo 2^32: int16 (batch, in) to int32 (batch, out)."""
    wide = a.to(torch.float64).T
    rows = max(1, _BLOCK // layer.columns)
    accumulator = torch.empty((a.shape[0], layer.rows), dtype=torch.int32)
    for low in range(0, layer.rows, rows):
        part = slice(low, low + rows)
        weight = torch.from_numpy(layer.weight(part)).to(torch.float64)
        bias = torch.from_numpy(layer.bias[part].astype("int64"))
        exact = (weight @ wide).to(torch.int64).T + bias
        accumulator[:, part] = wrap32(exact)
    return accumulator


def wrap32(exact: Tensor) -> Tensor:
    """int64 to the int32 that equals it modulo 2^32."""
    return (((exact + (1 << 31)) & 0xFFFF_FFFF) - (1 << 31)).to(torch.int32)


def requantise(accumulator: Tensor, shift: int, relu: bool, linear_rows: int = 0) -> Tensor:
    """int32 (batch, out) to int16 of the same shape: shift right rounding half up, saturate, then
    ReLU on all but the first ``linear_rows`` outputs. The rounding constant is added in 64 bits, so
    that it cannot wrap."""
    rounding = (1 << shift) >> 1
    shifted = (accumulator.to(torch.int64) + rounding) >> shift
    clipped = shifted.clamp(*_INT16)
    if relu:
        clipped[..., linear_rows:] = clipped[..., linear_rows:].clamp(min=0)
    return clipped.to(torch.int16)
