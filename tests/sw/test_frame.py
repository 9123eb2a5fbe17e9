"""Sections and layouts as words."""

import zlib

import numpy as np
import pytest

from hw.bus.layout import SECTION
from sw.frame import Section, layout_words, sections_to_words


def test_section():
    payload = np.array([0x0102030405060708, (1 << 64) - 1], np.uint64)
    words = Section(5, payload, 6, 0x789).words
    assert words.dtype == np.uint64
    data = bytes([5, 6, 0x89, 7, 0, 2, 0, 0, 8, 7, 6, 5, 4, 3, 2, 1]) + b"\xff" * 8
    assert words[:-1].astype("<u8").tobytes() == data
    assert words[-1] == zlib.crc32(data)


def test_sections_to_words():
    sections = [Section(1, np.arange(3, dtype=np.uint64)), Section(2, np.zeros(0, np.uint64))]
    words = sections_to_words(sections)
    assert words.tolist() == [*sections[0].words, *sections[1].words]
    assert len(words) == 5 + 2


@pytest.mark.parametrize("bits", [64, 65, 128])
def test_layout_words(bits):
    layout = (("low", 60), ("high", bits - 60))
    high = (1 << bits - 60) - 2
    words = layout_words(layout, {"low": 3, "high": high})
    assert words.dtype == np.uint64
    assert words.tolist() == [
        (3 | high << 60) >> 64 * k & ((1 << 64) - 1) for k in range(1 if bits == 64 else 2)
    ]


@pytest.mark.parametrize(("name", "width"), SECTION)
def test_section_header_fields_are_bounded(name, width):
    if name == "length":
        return
    values = {"kind": 1, "unit": 0, "address": 0, name: 1 << width}
    with pytest.raises(ValueError, match=f"{name} must fit {width} bits"):
        _ = Section(payload=np.zeros(1, np.uint64), **values).words
