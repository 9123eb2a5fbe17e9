"""A network as a pipeline of its units."""

from __future__ import annotations

from functools import partial

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
    limit : ``In(16).array(skips)``
        Beats from which a skip's queue is full, at first that of the deepest; only where they are
        adjustable.

    Attributes
    ----------
    parts : dict of str to ``functools.partial``
        What makes each of its units, by the name of the submodule, once it has been elaborated.
        Two units that are the same but for their place have equal arguments, ``index`` excepted.
    """

    def __init__(self, config: PipelineConfig):
        self.config = config
        self.parts: dict[str, partial] = {}
        units = len(config.nodes)
        members = {
            "load": In(LoadWrite()),
            "i": In(beats(Number.U8, 1)),
            "o": Out(beats(Number.S32, 1)),
            "busy": Out(units),
            "starved": Out(units),
            "blocked": Out(units),
        }
        if config.adjustable:
            deepest = max(skip.depth for skip in config.skips)
            members["limit"] = In(16, init=deepest).array(len(config.skips))
        super().__init__(members)

    def elaborate(self, platform):
        m = Module()
        skips = {skip.source: skip for skip in self.config.skips}
        ends, self._holds = {}, {}
        self.parts.clear()
        self._give(m, ends, skips.get(INPUT), INPUT, wiring.flipped(self.i))
        for index, node in enumerate(self.config.nodes):
            unit = self._unit(m, index, node)
            for port, source in zip(_inputs(unit, node), node.sources, strict=True):
                self._join(m, f"{source}_to_{node.name}", ends.pop((source, node.name)), port)
            self._watch(m, index, unit, node)
            if node.name in self._holds:
                m.d.comb += self._holds[node.name].release.eq(unit.ends)
            if index == len(self.config.nodes) - 1:
                self._join(m, "logits", unit.o, wiring.flipped(self.o))
            else:
                self._give(m, ends, skips.get(node.name), node.name, unit.o)
        return m

    def _part(self, m, name: str, kind, *args, **options):
        """A submodule, noted among the parts."""
        self.parts[name] = partial(kind, *args, **options)
        m.submodules[name] = part = self.parts[name]()
        return part

    def _unit(self, m, index: int, node: Node):
        """The component of a node, with its writes."""
        match node.unit:
            case ConvConfig():
                unit = self._part(m, node.name, ConvStage, node.unit, index=index)
            case AddConfig():
                unit = self._part(m, node.name, Add, node.unit, index=index)
            case AveragePoolConfig():
                unit = self._part(m, node.name, AveragePool, node.unit, index=index)
            case MaxPoolConfig():
                unit = self._part(m, node.name, MaxPool, node.unit)
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
            fork = self._part(m, f"{name}_hold", FrameHold, *size)
            self._holds[self._sum_of(skip)] = fork
        else:
            fork = self._part(m, f"{name}_fork", Fork, Number.U8, lanes)
        wiring.connect(m, output, fork.i)
        ends[name, reader], long = fork.o, fork.skip
        if skip.stride == 2:
            subsample = self._part(m, f"{name}_subsample", Subsample, *size)
            wiring.connect(m, long, subsample.i)
            long = subsample.o
        if skip.kind is SkipKind.FIFO:
            adjustable = self.config.adjustable
            fifo = self._part(m, f"{name}_skip", SkipFifo, lanes, skip.depth, adjustable=adjustable)
            if adjustable:
                m.d.comb += fifo.limit.eq(self.limit[self.config.skips.index(skip)])
            wiring.connect(m, long, fifo.i)
            long = fifo.o
        ends[name, skip.reader] = long

    def _sum_of(self, skip: Skip) -> str:
        """The sum that a skip ends in."""
        if isinstance(self.config.node(skip.reader).unit, AddConfig):
            return skip.reader
        (name,) = self.config.readers(skip.reader)
        return name

    def _join(self, m, name: str, output, port):
        """Connects two ends of a stream, however many channels are in a beat of either."""
        before, after = len(output.payload), len(port.payload)
        if before == after:
            wiring.connect(m, output, port)
            return
        number = next(each for each in Number if each.shape == output.payload[0].shape())
        repack = self._part(m, name, Repack, number, before, after)
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
