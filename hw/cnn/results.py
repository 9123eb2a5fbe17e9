"""Logits and the class on their way to the host."""

from __future__ import annotations

from amaranth.hdl import Cat, Module, Mux, Signal, signed
from amaranth.lib import wiring
from amaranth.lib.wiring import In, Out

from ..bus.axi import AxiStream
from .check import require_positive
from .config import CHUNK_BITS, Number
from .raster import raster
from .streams import beats

__all__ = ["Results"]


class Results(wiring.Component):
    """
    A packet for each frame: its logits, two in a word, the first one low, then a word with the
    place of the largest, the lowest of equal ones. The upper half of an odd last logit's word is
    zero, with ``tkeep`` low.

    No latency: a word leaves with its last logit, the one with the place in the next cycle. A frame
    in every ``classes`` cycles, since the first of the next frame's logits comes beside the place;
    of one class, in every second. ``o`` depends on ``i`` of the same cycle, and ``i.ready`` on
    ``o.tready``.

    Parameters
    ----------
    classes : :class:`int`

    Members
    -------
    i : ``In(beats(Number.S32, 1))``
    o : ``Out(AxiStream(64, keep=True))``
    """

    def __init__(self, classes: int):
        require_positive(classes=classes)
        self.classes = classes
        super().__init__(
            {"i": In(beats(Number.S32, 1)), "o": Out(AxiStream(CHUNK_BITS, keep=True))}
        )

    def elaborate(self, platform):
        m = Module()
        logit = self.i.payload[0]
        low, most = Signal(32), Signal(signed(32))
        winner = Signal(range(self.classes))
        ends = Signal()
        step = self.i.valid & self.i.ready
        (place,) = raster(m, step, place=self.classes)
        upper = place.value & 1
        full = upper | place.last
        with m.If(ends):
            m.d.comb += [
                self.o.tvalid.eq(1),
                self.o.tdata.eq(winner),
                self.o.tkeep.eq(-1),
                self.o.tlast.eq(1),
                self.i.ready.eq(self.o.tready & ~full),
            ]
        with m.Else():
            m.d.comb += [
                self.o.tvalid.eq(self.i.valid & full),
                self.o.tdata.eq(Mux(upper, Cat(low, logit), Cat(logit))),
                self.o.tkeep.eq(Mux(upper, 0xFF, 0x0F)),
                self.i.ready.eq(self.o.tready | ~full),
            ]
        with m.If(step):
            m.d.sync += [low.eq(logit), ends.eq(place.last)]
            with m.If(place.first | (logit > most)):
                m.d.sync += [most.eq(logit), winner.eq(place.value)]
        with m.Elif(self.o.tready):
            m.d.sync += ends.eq(0)
        return m
