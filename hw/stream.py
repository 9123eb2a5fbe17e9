"""Elements of streams: a queue, and a register."""

from __future__ import annotations

from amaranth.hdl import Module
from amaranth.lib import stream, wiring
from amaranth.lib.fifo import SyncFIFO
from amaranth.lib.wiring import In, Out

__all__ = ["OutputRegister", "Queue"]


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

    Members
    -------
    i : ``In(stream.Signature(shape))``
    o : ``Out(stream.Signature(shape))``
    level : ``Out(range(depth + 1))``
        Items held.
    """

    def __init__(self, shape, depth: int):
        if not isinstance(depth, int) or depth < 1:
            raise ValueError(f"Queue depth must be a positive integer, not {depth!r}")
        self.depth = depth
        super().__init__(
            {
                "i": In(stream.Signature(shape)),
                "o": Out(stream.Signature(shape)),
                "level": Out(range(depth + 1)),
            }
        )

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
        return m


class OutputRegister(wiring.Component):
    """
    A register in a stream: ``o`` comes from flip-flops. Latency one cycle, an item a cycle;
    ``i.ready`` depends on ``o.ready`` of the same cycle.

    Parameters
    ----------
    shape : :class:`ShapeLike`
        Shape of an item.

    Members
    -------
    i : ``In(stream.Signature(shape))``
    o : ``Out(stream.Signature(shape))``
    """

    def __init__(self, shape):
        super().__init__({"i": In(stream.Signature(shape)), "o": Out(stream.Signature(shape))})

    def elaborate(self, platform):
        m = Module()
        m.d.comb += self.i.ready.eq(~self.o.valid | self.o.ready)
        with m.If(self.i.ready):
            m.d.sync += self.o.valid.eq(self.i.valid)
            with m.If(self.i.valid):
                m.d.sync += self.o.payload.eq(self.i.payload)
        return m
