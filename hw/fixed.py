"""Fixed-point arithmetic as expressions: rounding shift, saturation, ReLU."""

from __future__ import annotations

from amaranth.hdl import Const, Mux, Value, ValueLike, signed

__all__ = ["relu", "rounding_constant", "saturate"]


def rounding_constant(shift: ValueLike) -> Value:
    """What to add before an arithmetic right shift by ``shift`` so that it rounds half up.

    The constant is ``2**(shift - 1)``, and 0 for a shift of 0.
    """
    shift = Value.cast(shift)
    return (Const(1, 1) << shift)[1:]


def saturate(value: ValueLike, width: int) -> Value:
    """``value`` (signed) clipped to ``width`` bits of two's complement; no wider than it was."""
    value = Value.cast(value)
    if not value.shape().signed:
        raise TypeError(f"Saturated value must be signed, not {value.shape()!r}")
    if not isinstance(width, int) or width < 1:
        raise ValueError(f"Saturation width must be a positive integer, not {width!r}")
    if len(value) <= width:
        return value
    top = value[width - 1 :]
    fits = ~top.any() | top.all()
    high = Const((1 << (width - 1)) - 1, signed(width))
    low = Const(-(1 << (width - 1)), signed(width))
    return Mux(fits, value[:width].as_signed(), Mux(value[-1], low, high)).as_signed()


def relu(value: ValueLike) -> Value:
    """``value`` (signed) where it is positive, else 0; the shape is kept."""
    value = Value.cast(value)
    if not value.shape().signed:
        raise TypeError(f"Rectified value must be signed, not {value.shape()!r}")
    return Mux(value[-1], Const(0, value.shape()), value).as_signed()
