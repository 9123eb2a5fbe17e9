"""The last register before the host: packets stay packets even when what makes them is reset."""

from __future__ import annotations

from amaranth.hdl import Module, Signal
from amaranth.lib import wiring
from amaranth.lib.wiring import In, Out

from ..bus.axi import AxiStream
from ..bus.layout import WORD_BITS
from .format import CUT_RESULT

__all__ = ["Outlet"]


class Outlet(wiring.Component):
    """
    A register in a stream of packets, whose source may be reset at any time: in the cycle of a
    ``cut``, what ``i`` offers is not taken, and a packet of which the manager has been offered a
    word but not the last one ends with a further word, :data:`hw.cnn.format.CUT_RESULT`. A word
    that is offered stays as it is until it is taken.

    Latency: one cycle. Throughput: a word a cycle. ``i.tready`` depends on ``o.tready`` and on
    ``cut``.

    Members
    -------
    i : ``In(AxiStream(64, keep=True))``
    cut : ``In(1)``
        The packet on its way has no further words.
    o : ``Out(AxiStream(64, keep=True))``
    last : ``Out(1)``
        The last word of a packet is being taken that no ``cut`` came after.
    """

    def __init__(self) -> None:
        port = AxiStream(WORD_BITS, keep=True)
        super().__init__({"i": In(port), "cut": In(1), "o": Out(port), "last": Out(1)})

    def elaborate(self, platform):
        m = Module()
        begun, ending, counts = Signal(), Signal(), Signal()
        free = Signal()
        m.d.comb += [
            free.eq(~self.o.tvalid | self.o.tready),
            self.i.tready.eq(free & ~ending & ~self.cut),
            self.last.eq(self.o.tvalid & self.o.tready & counts),
        ]
        with m.If(free):
            m.d.sync += [self.o.tvalid.eq(0), counts.eq(0)]
            with m.If(ending):
                m.d.sync += [
                    self.o.tvalid.eq(1),
                    self.o.tdata.eq(CUT_RESULT),
                    self.o.tkeep.eq(-1),
                    self.o.tlast.eq(1),
                    begun.eq(0),
                    ending.eq(0),
                ]
            with m.Elif(self.i.tvalid & ~self.cut):
                m.d.sync += [
                    self.o.tvalid.eq(1),
                    self.o.tdata.eq(self.i.tdata),
                    self.o.tkeep.eq(self.i.tkeep),
                    self.o.tlast.eq(self.i.tlast),
                    begun.eq(~self.i.tlast),
                    counts.eq(self.i.tlast),
                ]
        with m.If(self.cut):
            m.d.sync += [ending.eq(begun & ~(ending & free)), counts.eq(0)]
        return m
