"""Streams between units: some channels of a pixel in a beat, pixels in raster order."""

from __future__ import annotations

from amaranth.lib import data, stream, wiring
from amaranth.lib.wiring import Out

from .config import CHUNK_BITS, Number

__all__ = ["LoadWrite", "beat", "beats"]


def beat(number: Number, lanes: int) -> data.ArrayLayout:
    """``lanes`` channels of a pixel, the first in the lowest bits."""
    return data.ArrayLayout(number.shape, lanes)


def beats(number: Number, lanes: int) -> stream.Signature:
    """Signature of a stream of frames without marks: pixels by rows, of each pixel its channels
    in ascending order, ``lanes`` in a beat. Units count where they are; reset is the start of a
    frame."""
    return stream.Signature(beat(number, lanes))


class LoadWrite(wiring.Signature):
    """
    A write of 64 bits of weights or parameters, one a cycle, not while frames are on their way.

    Members
    -------
    valid : ``Out(1)``
    unit : ``Out(8)``
        Place of the node in the pipeline.
    parameters : ``Out(1)``
        Whether to the parameters, else to the weights.
    address : ``Out(24)``
        In chunks of 64 bits. A word takes a power of two of them, the lowest bits first.
    data : ``Out(64)``
    """

    def __init__(self) -> None:
        super().__init__(
            {
                "valid": Out(1),
                "unit": Out(8),
                "parameters": Out(1),
                "address": Out(24),
                "data": Out(CHUNK_BITS),
            }
        )
