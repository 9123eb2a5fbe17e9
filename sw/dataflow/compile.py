"""The compiler: a network in integers to a pipeline and what its memories hold."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from math import prod

import numpy as np
from numpy.typing import NDArray

from hw.cnn.config import (
    INPUT,
    AddConfig,
    AveragePoolConfig,
    ConvConfig,
    MaxPoolConfig,
    Node,
    PipelineConfig,
    Skip,
    SkipKind,
    UnitConfig,
)
from sw.golden.cnn_graph import QConv, QLinear, QuantisedGraph

from .folding import fold_for_budget, fold_for_interval
from .layers import DataflowError, Layer, layers
from .pack import parameter_chunks, weight_chunks
from .skips import skip_depths

__all__ = ["Compiled", "compile_network"]


@dataclass(frozen=True, eq=False)
class Compiled:
    """
    A network on its pipeline.

    Parameters
    ----------
    graph : QuantisedGraph
    config : PipelineConfig
    weights, parameters : dict of str to uint64 array
        Chunks of each unit's memories, by node; without those that have none.
    """

    graph: QuantisedGraph
    config: PipelineConfig
    weights: dict[str, NDArray[np.uint64]]
    parameters: dict[str, NDArray[np.uint64]]


def compile_network(
    graph: QuantisedGraph,
    *,
    interval: int | None = None,
    multipliers: int | None = None,
    skips: SkipKind = SkipKind.FIFO,
) -> Compiled:
    """
    Fold a network for a frame interval, cycles, or for a budget of multipliers, and size its skips.

    Of a network with skips, ``skips`` says what keeps them: queues of the smallest depth at full
    throughput, or the frames that they are part of. :class:`DataflowError` names the layer that
    cannot be built, and why.
    """
    if (interval is None) == (multipliers is None):
        raise ValueError("one of interval and multipliers must be given")
    found = layers(graph)
    image = prod(graph.shape)
    if multipliers is not None:
        units = fold_for_budget(found, multipliers, image)
    else:
        assert interval is not None
        if interval < image:
            raise DataflowError(
                f"{INPUT}: a frame cannot take {interval:,} cycles; its {image:,} bytes come one a "
                "cycle"
            )
        units = fold_for_interval(found, interval)
    config = pipeline_of(graph.shape, found, units, skips)
    weights, parameters = {}, {}
    for node, unit in zip(graph.nodes, units, strict=True):
        if isinstance(node, QConv | QLinear):
            assert isinstance(unit, ConvConfig)
            weights[node.name] = weight_chunks(node, unit)
        chunks = parameter_chunks(node, unit)
        if len(chunks):
            parameters[node.name] = chunks
    return Compiled(graph, config, weights, parameters)


def pipeline_of(
    shape: tuple[int, int, int],
    found: Sequence[Layer],
    units: Sequence[UnitConfig],
    kind: SkipKind,
) -> PipelineConfig:
    """The pipeline of folded units, its skips sized."""
    nodes = tuple(
        Node(layer.name, unit, layer.sources) for layer, unit in zip(found, units, strict=True)
    )
    _check_beats(nodes)
    ends = _skips(shape, nodes)
    # Whatever the depth, what is between the ends is the same.
    whole = tuple(Skip(source, reader, kind, 2, stride) for source, reader, stride in ends)
    config = PipelineConfig(*shape, nodes, whole)
    depths = skip_depths(config)
    sized = tuple(
        Skip(skip.source, skip.reader, kind, depths[skip.source], skip.stride) for skip in whole
    )
    return PipelineConfig(*shape, nodes, sized)


def _check_beats(nodes: Sequence[Node]) -> None:
    """Beats are gathered, or cut, whole: of two numbers of channels one must divide the other."""
    given = {INPUT: 1} | {node.name: node.unit.lanes for node in nodes}
    for node in nodes:
        takes = node.unit.simd if isinstance(node.unit, ConvConfig) else node.unit.lanes
        for source in node.sources:
            gives = given[source]
            if max(takes, gives) % min(takes, gives):
                raise DataflowError(
                    f"{node.name}: takes {takes} channels at a time, and {source} gives {gives}: "
                    "one must divide the other; another interval folds them otherwise"
                )


def _skips(shape: tuple[int, int, int], nodes: Sequence[Node]) -> list[tuple[str, str, int]]:
    """Source, reader and stride of the longer way of each tensor that is read twice."""
    by_name = {node.name: node for node in nodes}
    sizes = {INPUT: shape[1:]} | {node.name: _size(node.unit) for node in nodes}
    readers: dict[str, list[Node]] = {name: [] for name in (INPUT, *by_name)}
    for node in nodes:
        for source in node.sources:
            readers[source].append(node)
    found = []
    for source, both in readers.items():
        shortcut = [node for node in both if _is_shortcut(node, by_name, readers)]
        if len(both) > 1 and (len(both) > 2 or len(shortcut) != 1):
            names = ", ".join(node.name for node in both)
            raise DataflowError(
                f"{source}: is read by {names}; of a tensor that is read twice one reader must be "
                "a sum, or the projection before it"
            )
        ends = shortcut if len(both) == 2 else []
        for node in both:
            halved = (
                isinstance(node.unit, ConvConfig)
                and (node.unit.height, node.unit.width) != sizes[source]
            )
            if node in ends:
                found.append((source, node.name, 2 if halved else 1))
            elif halved:
                raise DataflowError(
                    f"{node.name}: a stride of 2 with a kernel of 1 is only for the projection of "
                    "a tensor that is read twice"
                )
    return found


def _is_shortcut(node: Node, by_name: dict[str, Node], readers: dict[str, list[Node]]) -> bool:
    """Whether a reader is a sum, or a projection, 1 x 1, that a sum alone reads."""
    if isinstance(node.unit, AddConfig):
        return True
    following = readers[node.name]
    return (
        isinstance(node.unit, ConvConfig)
        and node.unit.kernel == 1
        and len(following) == 1
        and isinstance(following[0].unit, AddConfig)
    )


def _size(unit: UnitConfig) -> tuple[int, int]:
    """Height and width of a unit's output."""
    match unit:
        case ConvConfig():
            return unit.out_height, unit.out_width
        case AddConfig():
            return unit.height, unit.width
        case MaxPoolConfig():
            return unit.height // unit.size, unit.width // unit.size
        case AveragePoolConfig():
            return 1, 1
