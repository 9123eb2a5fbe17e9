"""Elements of streams: a queue, and a fork to many sinks."""

from __future__ import annotations

from amaranth.hdl import Cat, Module, Signal
from amaranth.lib import stream, wiring
from amaranth.lib.fifo import SyncFIFO
from amaranth.lib.wiring import In, Out

__all__ = ["Fork", "Queue"]


class Queue(wiring.Component):
    """
    First-in first-out queue. An item can leave one cycle after it came; one item in and one out
    in every cycle while the queue is neither empty nor full. There is no combinational path
    from one side to the other.

    Parameters
    ----------
    shape : :class:`ShapeLike`
        Shape of an item.
    depth : :class:`int`
        Items the queue can hold.
    limited : :class:`bool`
        Whether it can be told to hold fewer: it then behaves as a queue of depth ``limit``.

    Members
    -------
    i : ``In(stream.Signature(shape))``
    o : ``Out(stream.Signature(shape))``
    level : ``Out(range(depth + 1))``
        Items held.
    limit : ``In(range(depth + 1))``
        Only where ``limited``. Items to hold at most, 1 to ``depth``; ``i.ready`` depends on it
        combinationally.
    """

    def __init__(self, shape, depth: int, *, limited: bool = False):
        if not isinstance(depth, int) or depth < 1:
            raise ValueError(f"Queue depth must be a positive integer, not {depth!r}")
        self.depth = depth
        self.limited = limited
        members = {
            "i": In(stream.Signature(shape)),
            "o": Out(stream.Signature(shape)),
            "level": Out(range(depth + 1)),
        }
        if limited:
            members["limit"] = In(range(depth + 1))
        super().__init__(members)

    def elaborate(self, platform):
        m = Module()
        payload = self.i.payload
        width = len(payload.as_value() if hasattr(payload, "as_value") else payload)
        m.submodules.fifo = fifo = SyncFIFO(width=width, depth=self.depth)
        m.d.comb += [
            fifo.w_data.eq(self.i.payload),
            fifo.w_en.eq(self.i.valid),
            self.i.ready.eq(fifo.w_rdy),
            self.o.payload.eq(fifo.r_data),
            self.o.valid.eq(fifo.r_rdy),
            fifo.r_en.eq(self.o.ready),
            self.level.eq(fifo.level),
        ]
        if self.limited:
            room = fifo.level < self.limit
            m.d.comb += [
                fifo.w_en.eq(self.i.valid & room),
                self.i.ready.eq(fifo.w_rdy & room),
            ]
        return m


class Fork(wiring.Component):
    """
    Gives every item to each of ``n`` sinks. A sink takes an item as soon as it is ready; the next
    item comes when all sinks have taken this one. No latency; one item a cycle while all sinks
    are ready. ``valid`` of a sink does not depend on any ``ready``.

    Parameters
    ----------
    shape : :class:`ShapeLike`
        Shape of an item.
    n : :class:`int`
        Sinks.

    Members
    -------
    i : ``In(stream.Signature(shape))``
    o : ``Out(stream.Signature(shape)).array(n)``
    """

    def __init__(self, shape, n: int):
        if not isinstance(n, int) or n < 1:
            raise ValueError(f"Number of sinks must be a positive integer, not {n!r}")
        self.n = n
        super().__init__(
            {
                "i": In(stream.Signature(shape)),
                "o": Out(stream.Signature(shape)).array(n),
            }
        )

    def elaborate(self, platform):
        m = Module()
        taken = Signal(self.n)
        takes = Signal(self.n)
        m.d.comb += takes.eq(taken | Cat(sink.ready for sink in self.o))
        m.d.comb += self.i.ready.eq(takes.all())
        for k, sink in enumerate(self.o):
            m.d.comb += [
                sink.payload.eq(self.i.payload),
                sink.valid.eq(self.i.valid & ~taken[k]),
            ]
        with m.If(self.i.valid):
            with m.If(self.i.ready):
                m.d.sync += taken.eq(0)
            with m.Else():
                m.d.sync += taken.eq(takes)
        return m
