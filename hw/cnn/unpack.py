"""Bytes of words."""

from __future__ import annotations

from amaranth.hdl import Module
from amaranth.lib import stream, wiring
from amaranth.lib.wiring import In, Out

from .check import require_positive
from .config import CHUNK_BITS, Number
from .raster import raster
from .streams import beats

__all__ = ["Unpack"]

_BYTES = CHUNK_BITS // 8


class Unpack(wiring.Component):
    """
    Bytes of frames, the lowest of each word first. A frame begins with a word of its own: what is
    above its last byte is dropped.

    No latency; a byte a cycle, also from word to word and from frame to frame. A word stays at
    ``i`` until its last byte is taken: ``o.valid`` depends on ``i.valid`` of the same cycle, and
    ``i.ready`` on ``o.ready``.

    Parameters
    ----------
    frame_bytes : :class:`int`

    Members
    -------
    i : ``In(stream.Signature(64))``
    o : ``Out(beats(Number.U8, 1))``
    """

    def __init__(self, frame_bytes: int):
        require_positive(frame_bytes=frame_bytes)
        self.frame_bytes = frame_bytes
        super().__init__({"i": In(stream.Signature(CHUNK_BITS)), "o": Out(beats(Number.U8, 1))})

    def elaborate(self, platform):
        m = Module()
        (place,) = raster(m, self.o.valid & self.o.ready, place=self.frame_bytes)
        byte = place.value[: (_BYTES - 1).bit_length()]
        m.d.comb += [
            self.o.valid.eq(self.i.valid),
            self.o.payload[0].eq(self.i.payload.word_select(byte, 8)),
            self.i.ready.eq(self.o.ready & (place.last | (byte == _BYTES - 1))),
        ]
        return m
