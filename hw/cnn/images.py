"""Images on their way in, each checked to be as long as images are."""

from __future__ import annotations

from amaranth.hdl import Module, Mux, Signal
from amaranth.lib import stream, wiring
from amaranth.lib.wiring import In, Out

from ..bus.axi import AxiStream
from ..bus.layout import WORD_BITS

__all__ = ["ImageReader"]


class ImageReader(wiring.Component):
    """
    Passes the words of images on, ``words`` to a packet. A packet that ends sooner or later raises
    ``fault``; its word in question and all that follow are taken and dropped, in every cycle one,
    until ``enable`` has been low. What is left of a packet that has begun by then is dropped too.

    No latency; a word a cycle. ``i.tready`` depends on ``o.ready`` and on ``i.tlast``.

    Parameters
    ----------
    words : :class:`int`
        Of an image, at least 1.

    Members
    -------
    i : ``In(AxiStream(64))``
    o : ``Out(stream.Signature(64))``
    enable : ``In(1)``
        Whether images are welcome. Low for a cycle, it gives up the image that has begun.
    active : ``Out(1)``
        A packet has begun and its TLAST has not come.
    first, last : ``Out(1)``
        The first or last word of an image is being taken, and is right.
    fault : ``Out(1)``
        High for one cycle.
    """

    def __init__(self, words: int):
        if not isinstance(words, int) or words < 1:
            raise ValueError(f"words must be a positive integer, not {words!r}")
        self.words = words
        super().__init__(
            {
                "i": In(AxiStream(WORD_BITS)),
                "o": Out(stream.Signature(WORD_BITS)),
                "enable": In(1),
                "active": Out(1),
                "first": Out(1),
                "last": Out(1),
                "fault": Out(1),
            }
        )

    def elaborate(self, platform):
        m = Module()
        place = Signal(range(self.words))
        failed, leftover = Signal(), Signal()
        ends, wrong, passing, taken = Signal(), Signal(), Signal(), Signal()
        m.d.comb += [
            ends.eq(place == self.words - 1),
            wrong.eq(self.i.tlast != ends),
            passing.eq(self.enable & ~failed & ~leftover),
            taken.eq(self.i.tvalid & self.i.tready),
            self.i.tready.eq(Mux(passing, self.o.ready | wrong, leftover | self.enable)),
            self.o.payload.eq(self.i.tdata),
            self.o.valid.eq(self.i.tvalid & passing & ~wrong),
            self.fault.eq(taken & passing & wrong),
            self.first.eq(taken & passing & ~wrong & (place == 0)),
            self.last.eq(taken & passing & ~wrong & ends),
        ]
        with m.If(taken):
            m.d.sync += self.active.eq(~self.i.tlast)
        with m.If(taken & self.i.tlast):
            m.d.sync += leftover.eq(0)
        with m.Elif(self.active & ~self.enable):
            m.d.sync += leftover.eq(1)

        with m.If(~self.enable):
            m.d.sync += [place.eq(0), failed.eq(0)]
        with m.Elif(taken & passing):
            m.d.sync += [place.eq(Mux(ends, 0, place + 1)), failed.eq(wrong)]
        return m
