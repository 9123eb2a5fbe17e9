"""
Bit layouts, and what the stream frames of all machines have in common: words, magic, sections.

All words are 64 bits, little endian. A layout is a tuple of (field, width) from bit 0 upwards;
``pack`` and ``unpack`` turn it to and from integers, ``struct_layout`` makes it an Amaranth layout.
"""

from __future__ import annotations

from collections.abc import Mapping
from enum import IntFlag

from amaranth.lib import data

__all__ = [
    "FRAME_MAGIC",
    "SECTION",
    "WORD_BITS",
    "Layout",
    "flag_layout",
    "pack",
    "struct_layout",
    "unpack",
]

Layout = tuple[tuple[str, int], ...]

WORD_BITS = 64
FRAME_MAGIC = 0x4E4C494B  # "KILN" as little-endian bytes

SECTION: Layout = (("kind", 8), ("unit", 8), ("address", 24), ("length", 24))
"""Header of a section of a stream frame: the part of the machine that it is for, address in units
of the section's kind, length of the payload in words. A section is this word, the payload, and a
word whose low half is the CRC-32 (as zlib computes it, over header and payload bytes) and whose
high half is zero."""


def pack(layout: Layout, values: Mapping[str, int]) -> int:
    """One integer of the layout's fields. Missing fields are zero; unknown ones and values that do
    not fit raise ``ValueError`` naming the field."""
    widths = dict(layout)
    for name in values:
        if name not in widths:
            raise ValueError(f"no field {name!r} in this layout")
    word, offset = 0, 0
    for name, width in layout:
        value = values.get(name, 0)
        if not 0 <= value < 1 << width:
            raise ValueError(f"{name} must fit {width} bits, not {value}")
        word |= value << offset
        offset += width
    return word


def unpack(layout: Layout, word: int) -> dict[str, int]:
    """The fields of an integer that ``pack`` made."""
    values = {}
    for name, width in layout:
        values[name] = word & ((1 << width) - 1)
        word >>= width
    return values


def struct_layout(layout: Layout) -> data.StructLayout:
    """The same layout for use in gateware."""
    return data.StructLayout(dict(layout))


def flag_layout(flags: type[IntFlag]) -> data.FlexibleLayout:
    """A layout with a field of one bit for each flag, by lower-case name, at the flag's place."""
    fields = {
        flag.name.lower(): data.Field(1, flag.bit_length() - 1) for flag in flags if flag.name
    }
    return data.FlexibleLayout(max(flag.bit_length() for flag in flags), fields)
