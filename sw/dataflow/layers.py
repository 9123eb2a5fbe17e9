"""Layers of a network in integers as a pipeline sees them: sizes and work, without weights."""

from __future__ import annotations

from dataclasses import dataclass

from hw.cnn.config import (
    AddConfig,
    AveragePoolConfig,
    ConvConfig,
    MaxPoolConfig,
    Number,
    UnitConfig,
)
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

__all__ = ["DataflowError", "Layer", "layers"]


class DataflowError(ValueError):
    """What cannot become a pipeline; the text names the layer and says why."""


@dataclass(frozen=True)
class Layer:
    """
    A node, and the unit that computes it, not folded yet.

    Parameters
    ----------
    name : str
    sources : tuple of str
    unit : UnitConfig
        With ``simd``, ``pe`` and ``lanes`` of 1.
    """

    name: str
    sources: tuple[str, ...]
    unit: UnitConfig

    @property
    def macs(self) -> int:
        """Multiplications of a frame, those with zeros around the image included."""
        if not isinstance(self.unit, ConvConfig):
            return 0
        unit = self.unit
        window = unit.kernel**2 * unit.inputs
        return unit.out_height * unit.out_width * unit.outputs * window


def layers(graph: QuantisedGraph) -> tuple[Layer, ...]:
    """All layers of a network, in its order. A projection, 1 x 1 at stride 2, becomes one at stride
    1 of the pixels that it reads."""
    shapes = graph.shapes()
    ranges = {INPUT: Number.U8}
    found = []
    for node in graph.nodes:
        unit = _unit(node, shapes, ranges)
        ranges[node.name] = unit.output if isinstance(unit, ConvConfig) else Number.U8
        found.append(Layer(node.name, tuple(node.sources), unit))
    return tuple(found)


def _unit(node: QNode, shapes: dict[str, tuple[int, ...]], ranges: dict[str, Number]) -> UnitConfig:
    shape = shapes[node.sources[0]]
    try:
        match node:
            case QLinear():
                outputs, inputs = node.weight.shape
                return ConvConfig(
                    inputs, outputs, 1, 1, kernel=1, weight_bits=node.weight_bits, output=Number.S32
                )
            case QConv():
                outputs, inputs, kernel, _ = node.weight.shape
                height, width, stride = shape[1], shape[2], node.stride
                if kernel == 1 and stride == 2:
                    height, width, stride = -(-height // 2), -(-width // 2), 1
                return ConvConfig(
                    inputs,
                    outputs,
                    height,
                    width,
                    kernel,
                    stride,
                    weight_bits=node.weight_bits,
                    output=Number.S16 if node.range is Range.S16 else Number.U8,
                    scaled=node.multiplier is not None,
                )
            case QAdd():
                channels, height, width = shape
                return AddConfig(channels, height, width, second=ranges[node.sources[1]])
            case QPool():
                if node.multiplier is not None:
                    raise ValueError("a mean with a multiplier has no unit")
                channels, height, width = shape
                return AveragePoolConfig(channels, height, width)
            case QMaxPool():
                channels, height, width = shape
                return MaxPoolConfig(channels, height, width, node.size)
    except ValueError as error:
        raise DataflowError(f"{node.name}: {error}") from error
