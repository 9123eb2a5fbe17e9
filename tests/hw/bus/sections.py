"""Sections of stream frames, made by hand."""

import zlib

from hw.bus.layout import SECTION, pack


def section(kind, payload, *, unit=0, address=0, length=None):
    """Header, payload and CRC of a section, with any length in its header."""
    header = pack(
        SECTION,
        {
            "kind": kind,
            "unit": unit,
            "address": address,
            "length": len(payload) if length is None else length,
        },
    )
    return close([header, *payload])


def close(words):
    """The words of a section with the CRC behind them."""
    return [*words, zlib.crc32(b"".join(word.to_bytes(8, "little") for word in words))]
