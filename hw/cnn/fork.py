"""One stream for two readers."""

from __future__ import annotations

from amaranth.hdl import Module, Signal
from amaranth.lib import wiring
from amaranth.lib.wiring import In, Out

from .check import require_positive
from .config import Number
from .streams import beats

__all__ = ["Fork"]


class Fork(wiring.Component):
    """
    Gives every beat to both outputs, to each as soon as it takes it: a beat waits at ``i`` for the
    slower of the two, which the other one is not held up by before the next beat.

    No latency; a beat a cycle. No output's ``valid`` depends on a ``ready`` of the same cycle;
    ``i.ready`` depends on both.

    Parameters
    ----------
    number : :class:`Number`
        What a channel is.
    lanes : :class:`int`
        Channels in a beat.

    Members
    -------
    i : ``In(beats(number, lanes))``
    o, skip : ``Out(beats(number, lanes))``
    """

    def __init__(self, number: Number, lanes: int):
        require_positive(lanes=lanes)
        signature = beats(number, lanes)
        super().__init__({"i": In(signature), "o": Out(signature), "skip": Out(signature)})

    def elaborate(self, platform):
        m = Module()
        has_o, has_skip = Signal(), Signal()
        takes_o, takes_skip = self.o.ready | has_o, self.skip.ready | has_skip
        m.d.comb += [
            self.o.payload.eq(self.i.payload),
            self.skip.payload.eq(self.i.payload),
            self.o.valid.eq(self.i.valid & ~has_o),
            self.skip.valid.eq(self.i.valid & ~has_skip),
            self.i.ready.eq(takes_o & takes_skip),
        ]
        with m.If(self.i.valid):
            m.d.sync += [
                has_o.eq(takes_o & ~self.i.ready),
                has_skip.eq(takes_skip & ~self.i.ready),
            ]
        return m
