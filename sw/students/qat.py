"""
Training of a folded network as its integers will compute it, and those integers.

Forward, every tensor is what the hardware holds, times its scale; backward, rounding is let through
and clipping stops what was clipped.
"""

from __future__ import annotations

from collections.abc import Mapping

import torch
from torch import Tensor, nn
from torch.nn import functional

from sw.golden.cnn_graph import QAdd, QConv, QLinear, QNode, QPool, QuantisedGraph, Range
from sw.students.graph import Add, Conv, Graph, Linear, Pool
from sw.students.scales import quantised_weight, weight_frac

__all__ = ["QatNetwork"]

_RANGES = {Range.U8: (0, 255), Range.S16: (-(1 << 15), (1 << 15) - 1)}


def _held(values: Tensor, frac: int, kind: Range) -> Tensor:
    """Values as the hardware holds them, times their scale."""
    scale = 2.0**frac
    low, high = _RANGES[kind]
    clipped = values.clamp(low / scale, high / scale)
    rounded = torch.floor(clipped.detach() * scale + 0.5).clamp(low, high) / scale
    return clipped + (rounded - clipped.detach())


class QatNetwork(nn.Module):
    """
    A graph whose weights and biases train.

    Parameters
    ----------
    graph : Graph
    fracs : mapping of str to int
        Of all tensors but the logits (:func:`sw.students.scales.calibrate`).
    weight_bits : int
        8, or 4; the first convolution and the linear layer keep 8.
    """

    def __init__(self, graph: Graph, fracs: Mapping[str, int], weight_bits: int = 8) -> None:
        super().__init__()
        self.graph, self.fracs = graph, dict(fracs)
        trained = [node for node in graph.nodes if isinstance(node, Conv | Linear)]
        ends = {trained[0].name, trained[-1].name}
        self.bits = {node.name: 8 if node.name in ends else weight_bits for node in trained}
        self.weights = nn.ParameterDict()
        self.biases = nn.ParameterDict()
        for node in trained:
            self.weights[_key(node.name)] = nn.Parameter(node.weight.float().clone())
            self.biases[_key(node.name)] = nn.Parameter(node.bias.float().clone())

    def _weight_frac(self, node: Conv | Linear) -> Tensor:
        weight, bits = self.weights[_key(node.name)], self.bits[node.name]
        if isinstance(node, Conv):
            least = self.fracs[node.name] - self.fracs[node.source]
            return weight_frac(weight, bits, least)
        return weight_frac(weight.reshape(1, -1), bits).expand(len(weight))

    def _parameters_held(self, node: Conv | Linear) -> tuple[Tensor, Tensor]:
        weight, bias = self.weights[_key(node.name)], self.biases[_key(node.name)]
        frac = self._weight_frac(node)
        scale = (2.0 ** frac.float()).reshape(-1, *[1] * (weight.ndim - 1))
        whole = quantised_weight(weight.detach(), frac, self.bits[node.name]) / scale
        fine = 2.0 ** (frac.float() + self.fracs[node.source])
        rounded = torch.floor(bias.detach() * fine + 0.5) / fine
        return weight + (whole - weight.detach()), bias + (rounded - bias.detach())

    def forward(self, x: Tensor) -> Tensor:
        """Logits (n, classes) of images (n, channels, height, width)."""
        found = {"input": x}
        for node in self.graph.nodes:
            first = found[node.sources[0]]
            match node:
                case Conv():
                    weight, bias = self._parameters_held(node)
                    pad = weight.shape[2] // 2
                    y = functional.conv2d(first, weight, bias, node.stride, pad)
                    kind = Range.U8 if node.relu else Range.S16
                    y = _held(y, self.fracs[node.name], kind)
                case Add():
                    y = _held(first + found[node.sources[1]], self.fracs[node.name], Range.U8)
                case Pool():
                    y = _held(first.mean(dim=(2, 3)), self.fracs[node.name], Range.U8)
                case Linear():
                    y = functional.linear(first, *self._parameters_held(node))
            found[node.name] = y
        return y

    def integers(self, image_frac: int) -> QuantisedGraph:
        """The network as the hardware has it."""
        with torch.no_grad():
            nodes = tuple(self._integer_node(node) for node in self.graph.nodes)
        return QuantisedGraph(nodes, self.graph.shape, image_frac)

    def _integer_node(self, node: Conv | Add | Pool | Linear) -> QNode:
        if isinstance(node, Add):
            return self._integer_add(node)
        source = self.fracs[node.source]
        if isinstance(node, Pool):
            frac = self.fracs[node.name]
            pixels = self.graph.pixels(node.source)
            shift = source + pixels.bit_length() - 1 - frac
            return QPool(node.name, node.source, shift, frac)
        key, bits = _key(node.name), self.bits[node.name]
        places = self._weight_frac(node)
        weight = quantised_weight(self.weights[key], places, bits).to(torch.int8)
        fine = 2.0 ** (places.double() + source)
        bias = torch.floor(self.biases[key].double() * fine + 0.5)
        bias = bias.clamp(-(1 << 31), (1 << 31) - 1).to(torch.int32)
        if isinstance(node, Linear):
            total = int(places[0]) + source
            return QLinear(node.name, node.source, weight, bias, bits, total)
        shifts = (places + source - self.fracs[node.name]).to(torch.int32)
        kind = Range.U8 if node.relu else Range.S16
        out = self.fracs[node.name]
        return QConv(node.name, node.source, weight, bias, shifts, node.stride, kind, bits, out)

    def _integer_add(self, node: Add) -> QAdd:
        first, second = (self.fracs[source] for source in node.sources)
        out = self.fracs[node.name]
        return QAdd(node.name, node.sources, first - second, first - out, out)


def _key(name: str) -> str:
    """A node's name as PyTorch takes it for a parameter."""
    return name.replace(".", "_")
