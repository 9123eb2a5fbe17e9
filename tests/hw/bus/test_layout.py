"""Layouts: to integers and back, the same bits in gateware, and what does not fit."""

from enum import IntFlag

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hw.bus.layout import SECTION, WORD_BITS, flag_layout, pack, struct_layout, unpack

SMALL = (("low", 3), ("bit", 1), ("high", 12))


def test_places():
    assert pack(SMALL, {"low": 5}) == 5
    assert pack(SMALL, {"bit": 1}) == 1 << 3
    assert pack(SMALL, {"high": 0x803}) == 0x803 << 4
    assert pack(SMALL, {}) == 0
    places = {name: (field.offset, field.width) for name, field in struct_layout(SMALL)}
    assert places == {"low": (0, 3), "bit": (3, 1), "high": (4, 12)}


def test_section():
    assert sum(width for _, width in SECTION) == WORD_BITS
    fields = {"kind": 0x12, "unit": 0x34, "address": 0x56789A, "length": 0xBCDEF0}
    assert pack(SECTION, fields) == 0xBCDEF0_56789A_34_12


@pytest.mark.parametrize("layout", [SMALL, SECTION])
@given(data=st.data())
def test_unpack_is_the_inverse(layout, data):
    values = {
        name: data.draw(st.integers(0, (1 << width) - 1), label=name) for name, width in layout
    }
    assert unpack(layout, pack(layout, values)) == values


@pytest.mark.parametrize("value", [8, -1])
def test_values_that_do_not_fit(value):
    with pytest.raises(ValueError, match=f"^low must fit 3 bits, not {value}$"):
        pack(SMALL, {"low": value})


def test_unknown_fields():
    with pytest.raises(ValueError, match=r"^no field 'lanes' in this layout$"):
        pack(SMALL, {"lanes": 1})


def test_flags():
    class Flags(IntFlag):
        FIRST = 1 << 0
        THIRD = 1 << 2

    layout = flag_layout(Flags)
    assert layout.size == 3
    assert {name: (field.offset, field.width) for name, field in layout} == {
        "first": (0, 1),
        "third": (2, 1),
    }
