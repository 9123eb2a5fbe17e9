"""How units are joined into a pipeline."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum

from ..check import require_positive
from .streams import Number
from .units import AddConfig, AveragePoolConfig, ConvConfig, MaxPoolConfig, UnitConfig

__all__ = ["INPUT", "Node", "PipelineConfig", "Skip", "SkipKind"]

INPUT = "input"
"""What nodes call the image."""


@dataclass(frozen=True)
class Node:
    """A unit, its name, and whose outputs it reads: names of nodes, or :data:`INPUT`."""

    name: str
    unit: UnitConfig
    sources: tuple[str, ...]


class SkipKind(Enum):
    """What keeps a block's input until its sum takes it."""

    FIFO = "fifo"
    """A queue: the next frame may come at once."""
    HOLD = "hold"
    """A whole frame, and no pixel of the next until the sum has taken the last one: a datapath
    without skip buffers, whose layer keeps its output until it has been used."""


@dataclass(frozen=True)
class Skip:
    """
    The longer way of a tensor that two nodes read.

    Parameters
    ----------
    source, reader : str
        Ends; the reader is a sum, or the projection before it.
    kind : SkipKind
    depth : int
        Beats of the source's output, at least 2; of a frame's hold, those of the frame.
    stride : int
        2 where only every other pixel of every other row is read.
    """

    source: str
    reader: str
    kind: SkipKind
    depth: int
    stride: int = 1

    def __post_init__(self) -> None:
        if not isinstance(self.depth, int) or self.depth < 2:
            raise ValueError(f"depth must be an integer of at least 2, not {self.depth!r}")
        if self.stride not in (1, 2):
            raise ValueError(f"stride must be 1 or 2, not {self.stride!r}")


@dataclass(frozen=True)
class PipelineConfig:
    """
    A network as one pipeline: a unit for every node.

    Parameters
    ----------
    channels, height, width : int
        Of the image, unsigned 8 bits.
    nodes : tuple of Node
        In an order in which they can be computed; the last gives the logits.
    skips : tuple of Skip
        One for each tensor that is read twice.
    adjustable : bool
        Whether queues of skips can be limited to fewer beats than their depth, so that one
        simulation model serves every depth up to that. Not meant for synthesis.
    """

    channels: int
    height: int
    width: int
    nodes: tuple[Node, ...]
    skips: tuple[Skip, ...] = ()
    adjustable: bool = False

    def __post_init__(self) -> None:
        require_positive(channels=self.channels, height=self.height, width=self.width)
        known = {INPUT}
        for node in self.nodes:
            for source in node.sources:
                if source not in known:
                    raise ValueError(f"{node.name} reads {source!r}, which is not before it")
            if node.name in known:
                raise ValueError(f"there are two nodes called {node.name!r}")
            known.add(node.name)
        if not self.nodes or not isinstance(self.nodes[-1].unit, ConvConfig):
            raise ValueError("the last node must be linear")
        if self.nodes[-1].unit.output is not Number.S32:
            raise ValueError("the last node must give 32 bits")
        for skip in self.skips:
            if skip.source not in known:
                raise ValueError(f"there is no node {skip.source!r}")
        for name in known:
            readers = self.readers(name)
            skipped = [skip.reader for skip in self.skips if skip.source == name]
            if len(readers) > 2 or len(skipped) != max(0, len(readers) - 1):
                raise ValueError(f"{name} has {len(readers)} readers and {len(skipped)} skips")
            if not set(skipped) <= set(readers):
                raise ValueError(f"{skipped[0]} does not read {name}")
        for node in self.nodes:
            for source in node.sources:
                self._check_shapes(node, source)

    def _check_shapes(self, node: Node, source: str) -> None:
        """A node takes what its source gives, or every other pixel of that by a skip."""
        unit = node.unit
        channels, height, width = given = self.shape(source)
        ways = [skip for skip in self.skips if (skip.source, skip.reader) == (source, node.name)]
        if any(skip.stride == 2 for skip in ways):
            given = channels, -(-height // 2), -(-width // 2)
        inputs = unit.inputs if isinstance(unit, ConvConfig) else unit.channels
        taken = inputs, unit.height, unit.width
        if given != taken:
            raise ValueError(
                f"{node.name} takes {_times(taken)}, and {source} gives it {_times(given)}"
            )

    def readers(self, name: str) -> tuple[str, ...]:
        """Nodes that read a tensor."""
        return tuple(node.name for node in self.nodes if name in node.sources)

    def node(self, name: str) -> Node:
        """The node of a name."""
        return next(node for node in self.nodes if node.name == name)

    def shape(self, name: str) -> tuple[int, int, int]:
        """Channels, height and width of a tensor."""
        if name == INPUT:
            return self.channels, self.height, self.width
        match self.node(name).unit:
            case ConvConfig() as unit:
                return unit.outputs, unit.out_height, unit.out_width
            case AveragePoolConfig() as unit:
                return unit.channels, 1, 1
            case MaxPoolConfig() as unit:
                return unit.channels, unit.height // unit.size, unit.width // unit.size
            case AddConfig() as unit:
                return unit.channels, unit.height, unit.width

    def number(self, name: str) -> Number:
        """What a tensor's channels are."""
        unit = None if name == INPUT else self.node(name).unit
        return unit.output if isinstance(unit, ConvConfig) else Number.U8

    def lanes(self, name: str) -> int:
        """Channels in a beat of a tensor."""
        return 1 if name == INPUT else self.node(name).unit.lanes

    @property
    def classes(self) -> int:
        """Logits."""
        last = self.nodes[-1].unit
        assert isinstance(last, ConvConfig)
        return last.outputs

    @property
    def bound(self) -> int:
        """Cycles of the slowest unit, or of the image's bytes: no frame interval is shorter."""
        image = self.channels * self.height * self.width
        return max(image, *(node.unit.cycles for node in self.nodes))


def _times(shape: tuple[int, int, int]) -> str:
    return " x ".join(map(str, shape))
