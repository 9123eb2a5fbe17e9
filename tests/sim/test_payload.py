"""Payloads to bits and back."""

import enum

import pytest
from amaranth.hdl import Shape, signed, unsigned
from amaranth.lib import data
from amaranth.lib import enum as amaranth_enum
from hypothesis import given
from hypothesis import strategies as st

from hw.bus.layout import struct_layout
from hw.eie.format import ENTRY
from sim.payload import Codec


class Kind(amaranth_enum.Enum, shape=3):
    A = 1
    B = 5


class Pair(data.Struct):
    low: 4
    high: signed(5)


NESTED = data.StructLayout({"a": 3, "pair": Pair, "list": data.ArrayLayout(signed(3), 3)})

ROWS = [
    (None, 123, 123),
    (8, 255, 0xFF),
    (unsigned(1), 1, 1),
    (signed(16), -1, 0xFFFF),
    (signed(16), -32768, 0x8000),
    (signed(16), 32767, 0x7FFF),
    (range(10), 9, 9),
    (Pair, {"low": 3, "high": -2}, 3 | 30 << 4),
    (Pair.as_shape() if hasattr(Pair, "as_shape") else Pair, {"low": 15, "high": 15}, 255),
    (data.ArrayLayout(4, 2), [1, 2], 0x21),
    (data.ArrayLayout(signed(4), 2), [-1, -8], 0x8F),
    (
        NESTED,
        {"a": 5, "pair": {"low": 1, "high": -16}, "list": [-4, 0, 3]},
        5 | 1 << 3 | 16 << 7 | 4 << 12 | 0 << 15 | 3 << 18,
    ),
    (ENTRY, {"index": 3, "zeros": 15}, 0xF3),
    (struct_layout(ENTRY), {"index": 3, "zeros": 15}, 0xF3),
    (data.FlexibleLayout(8, {"x": data.Field(2, 1), "y": data.Field(3, 4)}), {"x": 3, "y": 5}, 86),
]


@pytest.mark.parametrize("shape, value, bits", ROWS)
def test_rows(shape, value, bits):
    codec = Codec(shape)
    assert codec.encode(value) == bits
    assert codec.decode(bits) == value


def test_enumerations_are_integers():
    assert Codec(Kind).encode(Kind.B.value) == 5
    assert Codec(Kind).decode(5) == 5
    assert Codec(Kind).encode(enum.IntEnum("E", {"A": 1}).A) == 1


def test_missing_fields_are_zero():
    assert Codec(NESTED).encode({"a": 1}) == 1
    assert Codec(ENTRY).encode({"zeros": 1}) == 0x10


@pytest.mark.parametrize(
    "shape, value, message",
    [
        (4, 16, "16 does not fit unsigned(4)"),
        (4, -1, "-1 does not fit unsigned(4)"),
        (signed(4), 8, "8 does not fit signed(4)"),
        (signed(4), -9, "-9 does not fit signed(4)"),
        (Pair, {"low": 1, "other": 2}, "no field 'other' in"),
        (NESTED, {"pair": {"high": 16}}, "16 does not fit signed(5)"),
        (data.ArrayLayout(4, 2), [1], "1 values for an array of 2"),
        (ENTRY, {"index": 16}, "index must fit 4 bits, not 16"),
    ],
)
def test_refusals(shape, value, message):
    with pytest.raises(ValueError) as caught:
        Codec(shape).encode(value)
    assert message in str(caught.value)


@given(bits=st.integers(0, (1 << Shape.cast(NESTED).width) - 1))
def test_round_trip(bits):
    codec = Codec(NESTED)
    assert codec.encode(codec.decode(bits)) == bits
