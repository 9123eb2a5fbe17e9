"""
A network as it is deployed: convolutions with biases, sums, a pool and a linear layer, by name.

The same form holds networks with skips and without. Batch norm is folded, and so are short skips.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, replace

import torch
from torch import Tensor
from torch.nn import functional

__all__ = ["Add", "Conv", "Graph", "GraphError", "Linear", "Node", "Pool"]

INPUT = "input"


class GraphError(ValueError):
    """A graph that is none; the text names the node."""


@dataclass(frozen=True, eq=False)
class Conv:
    """``weight`` (out, in, k, k), k 1 or 3, padded with (k - 1) / 2 zeros, ``bias`` (out,), stride
    1 or 2, and whether ReLU follows."""

    name: str
    source: str
    weight: Tensor
    bias: Tensor
    stride: int
    relu: bool

    @property
    def sources(self) -> tuple[str, ...]:
        """What it reads."""
        return (self.source,)


@dataclass(frozen=True, eq=False)
class Add:
    """The sum of two, then ReLU."""

    name: str
    sources: tuple[str, str]


@dataclass(frozen=True, eq=False)
class Pool:
    """The mean over height and width."""

    name: str
    source: str

    @property
    def sources(self) -> tuple[str, ...]:
        """What it reads."""
        return (self.source,)


@dataclass(frozen=True, eq=False)
class Linear:
    """``weight`` (out, in), ``bias`` (out,)."""

    name: str
    source: str
    weight: Tensor
    bias: Tensor

    @property
    def sources(self) -> tuple[str, ...]:
        """What it reads."""
        return (self.source,)


Node = Conv | Add | Pool | Linear


@dataclass(frozen=True, eq=False)
class Graph:
    """
    Nodes in an order in which they can be computed; the last one gives the logits.

    Parameters
    ----------
    nodes : tuple of Node
    shape : (int, int, int)
        Channels, height and width of the input, which is called ``input``.
    """

    nodes: tuple[Node, ...]
    shape: tuple[int, int, int]

    def __post_init__(self) -> None:
        known = {INPUT}
        for node in self.nodes:
            for source in node.sources:
                if source not in known:
                    raise GraphError(f"{node.name} reads {source!r}, which is not before it")
            if node.name in known:
                raise GraphError(f"there are two nodes called {node.name!r}")
            known.add(node.name)

    def readers(self) -> Counter[str]:
        """How often each tensor is read; the logits, that nothing reads, are not in it."""
        return Counter(source for node in self.nodes for source in node.sources)

    @property
    def has_skips(self) -> bool:
        """Whether any tensor is read more than once."""
        return any(count > 1 for count in self.readers().values())

    def pixels(self, name: str) -> int:
        """Height times width of the image, or of what a convolution or a sum gives."""
        sides = {INPUT: self.shape[1:]}
        for node in self.nodes:
            if isinstance(node, Conv):
                height, width = sides[node.source]
                sides[node.name] = (-(-height // node.stride), -(-width // node.stride))
            elif isinstance(node, Add):
                sides[node.name] = sides[node.sources[0]]
        height, width = sides[name]
        return height * width

    def single(self) -> Graph:
        """The same in float32."""
        return replace(self, nodes=tuple(_single(node) for node in self.nodes))

    def tensors(self, x: Tensor) -> dict[str, Tensor]:
        """Every node's output for images (n, channels, height, width)."""
        found = {INPUT: x}
        for node in self.nodes:
            found[node.name] = _compute(node, [found[source] for source in node.sources])
        return found

    def __call__(self, x: Tensor) -> Tensor:
        """Logits (n, classes)."""
        return self.tensors(x)[self.nodes[-1].name]


def _compute(node: Node, inputs: list[Tensor]) -> Tensor:
    x = inputs[0]
    match node:
        case Conv():
            pad = node.weight.shape[2] // 2
            y = functional.conv2d(x, node.weight, node.bias, node.stride, pad)
            return torch.relu(y) if node.relu else y
        case Add():
            return torch.relu(x + inputs[1])
        case Pool():
            return x.mean(dim=(2, 3))
        case Linear():
            return functional.linear(x, node.weight, node.bias)


def _single(node: Node) -> Node:
    if isinstance(node, Conv | Linear):
        return replace(node, weight=node.weight.float(), bias=node.bias.float())
    return node
