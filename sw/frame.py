"""
Stream frames as :mod:`hw.bus.layout` has them: sections of words with a CRC-32 each.

Words are uint64, little endian. The CRC-32 of a section is zlib's, over the bytes of its header
and payload.
"""

from __future__ import annotations

import zlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from hw.bus.layout import SECTION, WORD_BITS, Layout, pack

__all__ = ["Section", "layout_words", "sections_to_words"]


@dataclass(frozen=True, eq=False)
class Section:
    """One section of a frame: kind, payload uint64 (length,), the part of the machine that it is
    for, address in the kind's units."""

    kind: int
    payload: NDArray[np.uint64]
    unit: int = 0
    address: int = 0

    @property
    def words(self) -> NDArray[np.uint64]:
        """Header, payload, CRC-32: uint64 (length + 2,)."""
        header = pack(
            SECTION,
            {
                "kind": self.kind,
                "unit": self.unit,
                "address": self.address,
                "length": len(self.payload),
            },
        )
        words = np.empty(len(self.payload) + 2, "<u8")
        words[0] = header
        words[1:-1] = self.payload
        words[-1] = zlib.crc32(words[:-1].tobytes())
        return words.astype(np.uint64)


def sections_to_words(sections: Sequence[Section]) -> NDArray[np.uint64]:
    """A frame's words, uint64; TLAST belongs on the last."""
    return np.concatenate([section.words for section in sections])


def layout_words(layout: Layout, values: Mapping[str, int]) -> NDArray[np.uint64]:
    """A layout's fields in as many words as they take, uint64."""
    count = -(-sum(width for _, width in layout) // WORD_BITS)
    whole = pack(layout, values).to_bytes(WORD_BITS // 8 * count, "little")
    return np.frombuffer(whole, "<u8").astype(np.uint64)
