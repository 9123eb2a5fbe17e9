"""What streams and loads between units are made of."""

from __future__ import annotations

from enum import Enum

from amaranth.hdl import Shape, signed, unsigned

__all__ = ["CHUNK_BITS", "Number", "chunks_of"]

CHUNK_BITS = 64
"""Bits of a write that loads weights or parameters."""


def chunks_of(width: int) -> int:
    """Chunks of 64 bits that a word of weights or parameters takes: a power of two."""
    return 1 << (-(-width // CHUNK_BITS) - 1).bit_length()


class Number(Enum):
    """What a stream's channels are."""

    U8 = "u8"
    """An activation: unsigned 8 bits."""
    S16 = "s16"
    """A summand of a block that keeps its skip: signed 16 bits."""
    S32 = "s32"
    """A logit: signed 32 bits."""

    @property
    def shape(self) -> Shape:
        """As Amaranth has it."""
        return {Number.U8: unsigned(8), Number.S16: signed(16), Number.S32: signed(32)}[self]

    @property
    def bits(self) -> int:
        """Bits of a channel."""
        return self.shape.width
