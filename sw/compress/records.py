"""Group records: how a wide array finds the entries of neighbouring columns with one look-up."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from hw.eie.config import POINTERS_PER_RECORD
from hw.eie.format import RECORD, RECORD_END_MAX

__all__ = ["fits_records", "pack_records", "pointer_words", "unpack_records"]

_ENDS = len(RECORD) - 1
_BITS = [width for _, width in RECORD]
assert sum(_BITS) == 16 * POINTERS_PER_RECORD


def pointer_words(columns: int, group: int) -> int:
    """16-bit words of pointer memory that a pass of so many columns takes, broadcast in groups of
    ``group``: one a column and one more, or a record a group."""
    return columns + 1 if group == 1 else POINTERS_PER_RECORD * -(-columns // group)


def _ends(pointers: NDArray[np.int64], group: int) -> tuple[NDArray, NDArray]:
    """First entry of every group, (n_pe, groups), and the ends of its columns counted from there,
    (n_pe, groups, 16)."""
    count = pointers.shape[1]
    groups = -(-(count - 1) // group)
    column = np.arange(groups)[:, None] * group + np.minimum(np.arange(_ENDS), group - 1) + 1
    ends = pointers[:, np.minimum(column, count - 1)]
    base = pointers[:, np.arange(groups) * group]
    return base, ends - base[:, :, None]


def fits_records(pointers: NDArray[np.int64], group: int) -> bool:
    """Whether no PE has more entries in a group of columns than a record counts.

    ``pointers`` is int64 (n_pe, columns + 1), as in ``EncodedTile``."""
    return bool(_ends(pointers, group)[1].max(initial=0) <= RECORD_END_MAX)


def pack_records(pointers: NDArray[np.int64], group: int) -> NDArray[np.uint16]:
    """Records of a tile, uint16 (n_pe, 8 * groups), from its column pointers, int64
    (n_pe, columns + 1). ``ValueError`` where a PE has more than 127 entries in a group."""
    base, ends = _ends(pointers, group)
    if ends.max(initial=0) > RECORD_END_MAX:
        raise ValueError(f"a group has {ends.max()} entries in a PE, over {RECORD_END_MAX}")
    fields = np.concatenate([base[:, :, None], ends], axis=2)
    bits = [fields[:, :, k, None] >> np.arange(width) & 1 for k, width in enumerate(_BITS)]
    packed = np.packbits(np.concatenate(bits, axis=2).astype(np.uint8), axis=2, bitorder="little")
    return packed.view("<u2").reshape(len(pointers), -1).astype(np.uint16)


def unpack_records(words: NDArray[np.uint16], columns: int, group: int) -> NDArray[np.int64]:
    """Column pointers int64 (n_pe, columns + 1) of records uint16 (n_pe, 8 * groups).
    ``ValueError`` where a group does not begin where the one before ended."""
    n_pe = len(words)
    raw = np.ascontiguousarray(words.astype("<u2")).view(np.uint8).reshape(n_pe, -1, 16)
    bits = np.unpackbits(raw, axis=2, bitorder="little").astype(np.int64)
    fields, at = [], 0
    for width in _BITS:
        fields.append((bits[:, :, at : at + width] << np.arange(width)).sum(axis=2))
        at += width
    base = fields[0]
    ends = np.stack(fields[1 : 1 + group], axis=2) + base[:, :, None]
    if (base[:, 1:] != ends[:, :-1, -1]).any():
        raise ValueError("a group of columns does not begin where the one before it ended")
    flat = ends.reshape(n_pe, -1)
    return np.concatenate([base[:, :1], flat], axis=1)[:, : columns + 1]
