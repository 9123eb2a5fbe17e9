"""Requantisation as an expression."""

from __future__ import annotations

from amaranth.hdl import Cat, Const, Mux, Value, ValueLike

__all__ = ["round_to_u8"]


def round_to_u8(value: ValueLike, shift: ValueLike) -> Value:
    """``value`` shifted right by ``shift``, rounded half up, clipped to 0 to 255.

    What is added for the rounding is the last bit that is shifted out, after the shift: a carry
    through 8 bits instead of through all of them.
    """
    value = Value.cast(value)
    wide = value if value.shape().signed else Cat(value, Const(0, 1)).as_signed()
    shifted = Cat(Const(0, 1), wide).as_signed() >> shift
    half, whole = shifted[0], shifted[1:]
    rounded = whole[:8] + half
    return Mux(whole[-1], 0, Mux(whole[8:].any() | rounded[8], 255, rounded[:8]))[:8]
