"""What keeps a block's input for its sum: a queue or a whole frame; every other pixel of it."""

from __future__ import annotations

from amaranth.hdl import Module, Signal
from amaranth.lib import wiring
from amaranth.lib.wiring import In, Out

from ..memory import DualPortSram
from .check import require_frame, require_positive
from .config import Number
from .raster import raster
from .streams import beats

__all__ = ["FrameHold", "SkipFifo", "Subsample"]


class SkipFifo(wiring.Component):
    """
    First-in first-out queue of activations in a memory with synchronous reads.

    It takes a beat in every cycle in which it holds fewer than ``depth``. A beat can leave two
    cycles after it came, or one cycle after the beat before it, whichever is later: so a beat
    comes and one leaves in every cycle from a depth of 3 on, and two in three cycles at a depth
    of 2. There is no combinational path from one side to the other.

    Parameters
    ----------
    lanes : :class:`int`
        Channels in a beat.
    depth : :class:`int`
        Beats it can hold, at least 2: one of them in the register behind the memory.
    adjustable : :class:`bool`
        Whether ``limit`` makes it one of fewer beats, so that one simulation model serves every
        depth up to its own.

    Members
    -------
    i : ``In(beats(Number.U8, lanes))``
    o : ``Out(beats(Number.U8, lanes))``
    level : ``Out(range(depth + 1))``
        Beats held.
    limit : ``In(16)``
        Beats from which it is full; ``depth`` at first. Only where it is adjustable.
    """

    def __init__(self, lanes: int, depth: int, *, adjustable: bool = False):
        require_positive(lanes=lanes)
        if not isinstance(depth, int) or depth < 2:
            raise ValueError(f"depth must be an integer of at least 2, not {depth!r}")
        self.depth = depth
        self.adjustable = adjustable
        signature = beats(Number.U8, lanes)
        members = {"i": In(signature), "o": Out(signature), "level": Out(range(depth + 1))}
        if adjustable:
            members["limit"] = In(16, init=depth)
        super().__init__(members)

    def elaborate(self, platform):
        m = Module()
        came, goes = self.i.payload.as_value(), self.o.payload.as_value()
        # One word may be read and written in one cycle, at a depth of 2: the old one is read.
        words = self.depth - 1
        m.submodules.memory = memory = DualPortSram(words, len(came))
        write, read = memory.write, memory.read
        put, get, fetch = Signal(), Signal(), Signal()
        (produce,) = raster(m, put, produce=words)
        (consume,) = raster(m, fetch, consume=words)
        m.d.comb += [
            self.i.ready.eq(self.level < (self.limit if self.adjustable else self.depth)),
            put.eq(self.i.valid & self.i.ready),
            get.eq(self.o.valid & self.o.ready),
            fetch.eq((self.level > self.o.valid) & (self.o.ready | ~self.o.valid)),
            write.en.eq(put),
            write.addr.eq(produce.value),
            write.data.eq(came),
            read.en.eq(fetch),
            read.addr.eq(consume.value),
            goes.eq(read.data),
        ]
        m.d.sync += self.level.eq(self.level + put - get)
        with m.If(fetch | get):
            m.d.sync += self.o.valid.eq(fetch)
        return m


class FrameHold(wiring.Component):
    """
    Passes a frame on and keeps all of it for ``skip``: the next frame waits until ``release`` says
    that the one that is kept has been used.

    A beat goes on to ``o`` in the cycle in which it comes, and is on ``skip`` two cycles after it,
    or one cycle after the beat before it. Throughput: a frame of n beats in n cycles, and the next
    one's first beat one cycle after ``release`` at the earliest.
    ``skip`` never holds a frame up that is on its way, nor does ``o`` hold up what ``skip`` has.
    ``o.valid`` depends on ``i.valid`` of the same cycle, and ``i.ready`` on ``o.ready``.

    Parameters
    ----------
    channels, height, width : :class:`int`
        Of a frame.
    lanes : :class:`int`
        Channels in a beat.

    Members
    -------
    i : ``In(beats(Number.U8, lanes))``
    o, skip : ``Out(beats(Number.U8, lanes))``
    release : ``In(1)``
        High for one cycle after the last beat has been taken from ``skip``, or in that cycle.
    """

    def __init__(self, channels: int, height: int, width: int, lanes: int = 1):
        require_frame(channels, height, width, lanes)
        self.lanes = lanes
        self.beats = channels // lanes * height * width
        signature = beats(Number.U8, lanes)
        super().__init__(
            {
                "i": In(signature),
                "o": Out(signature),
                "skip": Out(signature),
                "release": In(1),
            }
        )

    def elaborate(self, platform):
        m = Module()
        m.submodules.frame = frame = SkipFifo(self.lanes, max(2, self.beats))
        wiring.connect(m, frame.o, wiring.flipped(self.skip))
        whole, step = Signal(), Signal()
        (place,) = raster(m, step, place=self.beats)
        m.d.comb += [
            self.o.payload.eq(self.i.payload),
            self.o.valid.eq(self.i.valid & ~whole),
            self.i.ready.eq(self.o.ready & ~whole),
            step.eq(self.i.valid & self.i.ready),
            frame.i.payload.eq(self.i.payload),
            frame.i.valid.eq(step),
        ]
        with m.If(step & place.last):
            m.d.sync += whole.eq(1)
        with m.Elif(self.release):
            m.d.sync += whole.eq(0)
        return m


class Subsample(wiring.Component):
    """
    Lets every other pixel of every other row through, the first ones; takes the others without
    passing them on.

    No latency; a beat a cycle, those that are dropped whether or not ``o`` is ready. ``o.valid``
    depends on ``i.valid`` of the same cycle, and ``i.ready`` on ``o.ready``.

    Parameters
    ----------
    channels, height, width : :class:`int`
        Of the input.
    lanes : :class:`int`
        Channels in a beat.

    Members
    -------
    i : ``In(beats(Number.U8, lanes))``
    o : ``Out(beats(Number.U8, lanes))``
    """

    def __init__(self, channels: int, height: int, width: int, lanes: int = 1):
        require_frame(channels, height, width, lanes)
        self.groups = channels // lanes
        self.height = height
        self.width = width
        signature = beats(Number.U8, lanes)
        super().__init__({"i": In(signature), "o": Out(signature)})

    def elaborate(self, platform):
        m = Module()
        step = self.i.valid & self.i.ready
        row, column, _ = raster(m, step, row=self.height, column=self.width, group=self.groups)
        passes = ~(row.value | column.value)[0]
        m.d.comb += [
            self.o.payload.eq(self.i.payload),
            self.o.valid.eq(self.i.valid & passes),
            self.i.ready.eq(self.o.ready | ~passes),
        ]
        return m
