"""Beats of fewer channels from wider ones, and the other way round."""

from __future__ import annotations

from amaranth.hdl import Cat, Module, Signal
from amaranth.lib import wiring
from amaranth.lib.wiring import In, Out

from .check import require_positive
from .config import Number
from .raster import raster
from .streams import beats

__all__ = ["Repack"]


class Repack(wiring.Component):
    """
    Other beats of the same channels: several into one, one in parts, or all as they are.

    No latency: beats that are put together leave with the last of them, and one in parts stays at
    ``i`` until its last part is taken. Throughput: a beat a cycle on the side of fewer lanes.
    ``o.valid`` depends on ``i.valid`` of the same cycle, and ``i.ready`` on ``o.ready``.

    Parameters
    ----------
    number : :class:`Number`
        What a channel is.
    before, after : :class:`int`
        Lanes of ``i`` and of ``o``; one divides the other.

    Members
    -------
    i : ``In(beats(number, before))``
    o : ``Out(beats(number, after))``
    """

    def __init__(self, number: Number, before: int, after: int):
        require_positive(before=before, after=after)
        if max(before, after) % min(before, after):
            raise ValueError(
                f"one of before and after must divide the other, not {before} and {after}"
            )
        self.number = number
        self.before = before
        self.after = after
        super().__init__({"i": In(beats(number, before)), "o": Out(beats(number, after))})

    def elaborate(self, platform):
        m = Module()
        came, goes = self.i.payload.as_value(), self.o.payload.as_value()
        ratio = max(self.before, self.after) // min(self.before, self.after)
        step = Signal()
        (part,) = raster(m, step, part=ratio)
        if self.before >= self.after:
            m.d.comb += [
                step.eq(self.o.valid & self.o.ready),
                self.o.valid.eq(self.i.valid),
                self.i.ready.eq(self.o.ready & part.last),
                goes.eq(came.word_select(part.value, len(goes))),
            ]
        else:
            kept = Signal(len(goes) - len(came))
            m.d.comb += [
                step.eq(self.i.valid & self.i.ready),
                self.o.valid.eq(self.i.valid & part.last),
                self.i.ready.eq(self.o.ready | ~part.last),
                goes.eq(Cat(kept, came)),
            ]
            with m.If(step & ~part.last):
                m.d.sync += kept.word_select(part.value, len(came)).eq(came)
        return m
