"""
Golden model of the streaming CNN: convolutions, sums, pools and a linear layer in integers.

Activations are unsigned 8 bits after ReLU, weights signed, accumulators 32 bits. Requantisation
multiplies where there is a multiplier, adds half of the last place, shifts right and clips; where a
block keeps its skip, both summands are signed 16 bits at one scale. What is here is what the RTL
must equal, bit for bit; it shares no code with training.
"""

from __future__ import annotations

import torch
from torch import Tensor
from torch.nn import functional

from sw.golden.cnn_graph import (
    INPUT,
    QAdd,
    QConv,
    QLinear,
    QMaxPool,
    QNode,
    QPool,
    QuantisedGraph,
    Range,
)

__all__ = ["GoldenCnn", "requantise"]

_RANGES = {Range.U8: (0, 255), Range.S16: (-(1 << 15), (1 << 15) - 1)}
# Products of unsigned 8 and signed 8 bits are at most 255 * 128; up to this many of them, summed in
# any order, stay integers below 2^24, which float32 holds exactly: so do convolutions by parts.
_EXACT_PRODUCTS = (1 << 24) // (255 * 128)


class GoldenCnn:
    """
    A network in integers, on images in batches.

    Parameters
    ----------
    graph : QuantisedGraph

    Calling it with uint8 (batch, channels, height, width), a tensor or NumPy array, gives int32
    (batch, classes).
    """

    def __init__(self, graph: QuantisedGraph) -> None:
        self.graph = graph

    def __call__(self, images: object) -> Tensor:
        return self.tensors(images)[self.graph.nodes[-1].name]

    def classes(self, images: object) -> Tensor:
        """The largest logit's place, int64 (batch,); the lowest of equal ones."""
        return self(images).argmax(dim=1)

    def tensors(self, images: object) -> dict[str, Tensor]:
        """Every node's output, by name, int32."""
        x = torch.as_tensor(images)
        if x.dtype != torch.uint8:
            raise TypeError(f"images must be uint8, not {x.dtype}")
        if x.ndim != 4 or tuple(x.shape[1:]) != self.graph.shape:
            raise ValueError(f"images must be (batch, *{self.graph.shape}), not {tuple(x.shape)}")
        found = {INPUT: x.to(torch.int32)}
        for node in self.graph.nodes:
            found[node.name] = _compute(node, [found[source] for source in node.sources])
        return found


def requantise(
    accumulator: Tensor, shift: Tensor | int, kind: Range, multiplier: Tensor | int | None = None
) -> Tensor:
    """int64, of 32 bits, to int32 in the range of ``kind``: multiplied by ``multiplier`` (15 bits,
    None is 1), half of the last place added, shifted right by ``shift`` (0 to 46), clipped; to
    unsigned 8 bits the clip is also the ReLU. Ties are rounded up."""
    shift = torch.as_tensor(shift, dtype=torch.int64)
    rounding = (torch.ones_like(shift) << shift) >> 1
    product = accumulator if multiplier is None else accumulator * multiplier
    return ((product + rounding) >> shift).clamp(*_RANGES[kind]).to(torch.int32)


def _compute(node: QNode, inputs: list[Tensor]) -> Tensor:
    x = inputs[0]
    match node:
        case QConv():
            total = convolve(x, node.weight, node.stride) + node.bias.long()[:, None, None]
            multiplier = None if node.multiplier is None else node.multiplier[:, None, None]
            return requantise(total, node.shift[:, None, None], node.range, multiplier)
        case QAdd():
            return requantise(x.long() + (inputs[1].long() << node.lift), node.shift, Range.U8)
        case QPool():
            return requantise(x.long().sum(dim=(2, 3)), node.shift, Range.U8, node.multiplier)
        case QMaxPool():
            rows, columns = (side // node.size for side in x.shape[2:])
            return x.reshape(*x.shape[:2], rows, node.size, columns, node.size).amax(dim=(3, 5))
        case QLinear():
            weight, wide = node.weight.double(), x.double()
            return (wide @ weight.T).to(torch.int64).add(node.bias.long()).to(torch.int32)


def convolve(x: Tensor, weight: Tensor, stride: int) -> Tensor:
    """Exact sums of products, int64: unsigned 8 bits in int32 (batch, in, h, w) with signed 8 bits
    in int8 (out, in, k, k), zeros around."""
    area = weight.shape[2] * weight.shape[3]
    channels = max(1, _EXACT_PRODUCTS // area)
    real, kernel = x.float(), weight.float()
    total: Tensor | None = None
    for first in range(0, weight.shape[1], channels):
        part = slice(first, first + channels)
        some = functional.conv2d(
            real[:, part], kernel[:, part], stride=stride, padding=weight.shape[2] // 2
        ).to(torch.int32)
        total = some if total is None else total + some
    assert total is not None
    return total.long()
