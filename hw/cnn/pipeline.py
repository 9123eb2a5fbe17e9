"""A network as a pipeline of its units."""

from __future__ import annotations

from amaranth.hdl import Module
from amaranth.lib import wiring
from amaranth.lib.wiring import In, Out

from .add import Add
from .config import (
    INPUT,
    AddConfig,
    AveragePoolConfig,
    ConvConfig,
    MaxPoolConfig,
    Node,
    Number,
    PipelineConfig,
    Skip,
    SkipKind,
)
from .fork import Fork
from .pool import AveragePool, MaxPool
from .repack import Repack
from .skip import FrameHold, SkipFifo, Subsample
from .stage import ConvStage
from .streams import LoadWrite, beats

__all__ = ["Pipeline"]


class Pipeline(wiring.Component):
    """
    All units of a network, each working on what the one before gives.

    Throughput: a frame in :attr:`PipelineConfig.bound` cycles, if skips are deep enough; with
    :attr:`SkipKind.HOLD` the slower the longer a block's way is beside its image.

    Parameters
    ----------
    config : :class:`PipelineConfig`

    Members
    -------
    load : ``In(LoadWrite())``
        Units are numbered as the configuration has them.
    i : ``In(beats(Number.U8, 1))``
        Images.
    o : ``Out(beats(Number.S32, 1))``
        Logits.
    busy, starved, blocked : ``Out(units)``
        A bit a unit: it works, waits for input, waits until its output is taken.
    """

    def __init__(self, config: PipelineConfig):
        self.config = config
        units = len(config.nodes)
        super().__init__(
            {
                "load": In(LoadWrite()),
                "i": In(beats(Number.U8, 1)),
                "o": Out(beats(Number.S32, 1)),
                "busy": Out(units),
                "starved": Out(units),
                "blocked": Out(units),
            }
        )

    def elaborate(self, platform):
        m = Module()
        skips = {skip.source: skip for skip in self.config.skips}
        ends = {}
        self._give(m, ends, skips.get(INPUT), INPUT, wiring.flipped(self.i))
        for index, node in enumerate(self.config.nodes):
            unit = self._unit(m, index, node)
            for port, source in zip(_inputs(unit, node), node.sources, strict=True):
                self._join(m, f"{source}_to_{node.name}", ends.pop((source, node.name)), port)
            self._watch(m, index, unit, node)
            if index == len(self.config.nodes) - 1:
                self._join(m, "logits", unit.o, wiring.flipped(self.o))
            else:
                self._give(m, ends, skips.get(node.name), node.name, unit.o)
        return m

    def _unit(self, m, index: int, node: Node):
        """The component of a node, with its writes."""
        match node.unit:
            case ConvConfig():
                unit = ConvStage(node.unit, index)
            case AddConfig():
                unit = Add(node.unit, index)
            case AveragePoolConfig():
                unit = AveragePool(node.unit, index)
            case MaxPoolConfig():
                unit = MaxPool(node.unit)
        m.submodules[node.name] = unit
        if not isinstance(node.unit, MaxPoolConfig):
            wiring.connect(m, wiring.flipped(self.load), unit.load)
        return unit

    def _give(self, m, ends, skip: Skip | None, name: str, output):
        """Notes which ends of a tensor are for whom."""
        if skip is None:
            (reader,) = self.config.readers(name)
            ends[name, reader] = output
            return
        (reader,) = set(self.config.readers(name)) - {skip.reader}
        channels, height, width = self.config.shape(name)
        lanes = len(output.payload)
        size = (channels, height, width, lanes)
        if skip.kind is SkipKind.HOLD:
            m.submodules[f"{name}_hold"] = fork = FrameHold(*size)
        else:
            m.submodules[f"{name}_fork"] = fork = Fork(Number.U8, lanes)
        wiring.connect(m, output, fork.i)
        ends[name, reader], long = fork.o, fork.skip
        if skip.stride == 2:
            m.submodules[f"{name}_subsample"] = subsample = Subsample(*size)
            wiring.connect(m, long, subsample.i)
            long = subsample.o
        if skip.kind is SkipKind.FIFO:
            m.submodules[f"{name}_skip"] = fifo = SkipFifo(lanes, skip.depth)
            wiring.connect(m, long, fifo.i)
            long = fifo.o
        ends[name, skip.reader] = long

    def _join(self, m, name: str, output, port):
        """Connects two ends of a stream, however many channels are in a beat of either."""
        before, after = len(output.payload), len(port.payload)
        if before == after:
            wiring.connect(m, output, port)
            return
        number = next(each for each in Number if each.shape == output.payload[0].shape())
        m.submodules[name] = repack = Repack(number, before, after)
        wiring.connect(m, output, repack.i)
        wiring.connect(m, repack.o, port)

    def _watch(self, m, index: int, unit, node: Node):
        """What a unit is doing."""
        if isinstance(node.unit, ConvConfig):
            flags = unit.busy, unit.starved, unit.blocked
        else:
            inputs = _inputs(unit, node)
            valid, taken = inputs[0].valid, inputs[0].valid & inputs[0].ready
            for port in inputs[1:]:
                valid = valid & port.valid
            flags = taken, ~valid, valid & ~taken
        for bits, flag in zip((self.busy, self.starved, self.blocked), flags, strict=True):
            m.d.comb += bits[index].eq(flag)


def _inputs(unit, node: Node):
    """Streams that a unit reads, in the order of the node's sources."""
    return (unit.first, unit.second) if isinstance(node.unit, AddConfig) else (unit.i,)
