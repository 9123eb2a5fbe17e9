"""Payloads of streams as Python values: integers and dictionaries for Amaranth's shapes."""

from __future__ import annotations

from typing import Any

from amaranth.hdl import Shape
from amaranth.lib import data

from hw.bus.layout import pack, unpack

__all__ = ["Codec"]


class Codec:
    """
    Turns values of a shape to and from the bits of a payload port.

    Parameters
    ----------
    shape : object
        - ``None``: unsigned integers of any width;
        - what :class:`amaranth.hdl.Shape` casts (a width, ``signed(16)``, an enumeration):
          integers, negative ones where the shape is signed;
        - :class:`amaranth.lib.data.StructLayout` (or a ``data.Struct``): dictionaries, fields
          nested as the layout is; ``data.ArrayLayout``: lists;
        - a layout of :mod:`hw.bus.layout`: dictionaries of unsigned integers.
    """

    def __init__(self, shape: Any = None) -> None:
        self.shape = shape

    def encode(self, value: Any) -> int:
        """The bits; ``ValueError`` where a value does not fit or a field is unknown."""
        return _encode(self.shape, value)

    def decode(self, bits: int) -> Any:
        """The value of some bits."""
        return _decode(self.shape, bits)


def _layout(shape: Any) -> data.Layout | None:
    if isinstance(shape, data.Layout):
        return shape
    if isinstance(shape, type) and issubclass(shape, (data.Struct, data.Union)):
        return data.Layout.cast(shape)
    return None


def _encode(shape: Any, value: Any) -> int:
    if isinstance(shape, tuple):
        return pack(shape, value)
    layout = _layout(shape)
    if layout is not None:
        if isinstance(layout, data.ArrayLayout):
            if len(value) != layout.length:
                raise ValueError(f"{len(value)} values for an array of {layout.length}")
            fields = dict(enumerate(value))
        else:
            fields = dict(value)
        bits = 0
        for name, item in fields.items():
            try:
                field = layout[name]
            except KeyError as error:
                raise ValueError(f"no field {name!r} in {layout!r}") from error
            bits |= _encode(field.shape, item) << field.offset
        return bits
    number = int(value)
    if shape is None:
        return number
    plain = Shape.cast(shape)
    low = -(1 << plain.width >> 1) if plain.signed else 0
    high = low + (1 << plain.width)
    if not low <= number < high:
        raise ValueError(f"{number} does not fit {plain!r}")
    return number % (1 << plain.width)


def _decode(shape: Any, bits: int) -> Any:
    if shape is None:
        return bits
    if isinstance(shape, tuple):
        return unpack(shape, bits)
    layout = _layout(shape)
    if layout is not None:
        values = {
            name: _decode(field.shape, bits >> field.offset & ((1 << field.width) - 1))
            for name, field in layout
        }
        return list(values.values()) if isinstance(layout, data.ArrayLayout) else values
    plain = Shape.cast(shape)
    sign = 1 << plain.width >> 1 if plain.signed else 0
    return (bits ^ sign) - sign
