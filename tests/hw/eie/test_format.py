"""Bit layouts: where each field of a pass and of a group's record is."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hw.bus.layout import pack, struct_layout, unpack
from hw.eie.config import GROUPS, POINTERS_PER_RECORD
from hw.eie.format import ENTRY, NETWORK, NETWORK_WORDS, PASS, PASS_WORDS, RECORD, RECORD_END_MAX

PLACES = {
    "spmat_base": (0, 20),
    "entry_base": (20, 20),
    "ptr_base": (40, 16),
    "shift": (56, 5),
    "relu": (61, 1),
    "src_sram": (62, 1),
    "dst_sram": (63, 1),
    "columns": (64, 16),
    "src_base": (80, 16),
    "dst_base": (96, 16),
    "bias_rows": (112, 8),
    "drain_rows": (120, 8),
    "group": (128, 3),
    "split": (131, 1),
}
"""First bit and width of the fields of a pass: what images that exist were made with."""


@pytest.mark.parametrize("name", PLACES)
def test_pass(name):
    at, width = PLACES[name]
    largest = (1 << width) - 1
    assert pack(PASS, {name: largest}) == largest << at
    field = struct_layout(PASS)[name]
    assert (field.offset, field.width) == (at, width)
    with pytest.raises(ValueError, match=f"^{name} must fit {width} bits, not {largest + 1}$"):
        pack(PASS, {name: largest + 1})


def test_pass_size():
    assert set(PLACES) == {name for name, _ in PASS}
    assert sum(width for _, width in PASS) <= 64 * PASS_WORDS
    assert max(GROUPS).bit_length() - 1 < 1 << dict(PASS)["group"]


def test_record():
    """Two words whole; as many ends as a group has columns, each of seven bits behind the base."""
    assert sum(width for _, width in RECORD) == 16 * POINTERS_PER_RECORD == 128
    assert [name for name, _ in RECORD] == ["base", *(f"end_{k}" for k in range(max(GROUPS)))]
    for k in range(max(GROUPS)):
        assert pack(RECORD, {f"end_{k}": RECORD_END_MAX}) == 127 << 16 + 7 * k
        with pytest.raises(ValueError, match=f"^end_{k} must fit 7 bits, not 128$"):
            pack(RECORD, {f"end_{k}": RECORD_END_MAX + 1})


def test_sizes():
    assert sum(width for _, width in ENTRY) == 8
    assert sum(width for _, width in NETWORK) == 64 * NETWORK_WORDS


@pytest.mark.parametrize("layout", [ENTRY, PASS, RECORD, NETWORK])
@given(data=st.data())
def test_unpack_is_the_inverse(layout, data):
    values = {
        name: data.draw(st.integers(0, (1 << width) - 1), label=name) for name, width in layout
    }
    assert unpack(layout, pack(layout, values)) == values
