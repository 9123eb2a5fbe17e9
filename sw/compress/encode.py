"""
Interleaved relative CSC: a matrix of codebook indices as the PEs store it, and back.

Row i belongs to PE i mod N as its local row i div N. For every column a PE holds entries of a
4-bit codebook index and a 4-bit count of zeros before it in this PE's slice of the column; the
count restarts at each column. A run of more than 15 zeros takes padding entries (index 0,
15 zeros), each of which stands for 16 positions. Zeros after a column's last weight are not stored.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from hw.bus.layout import pack
from hw.eie.format import ENTRY, MAX_ZERO_RUN

__all__ = ["EncodedTile", "decode", "encode"]

_STEP = MAX_ZERO_RUN + 1
_PADDING = pack(ENTRY, {"index": 0, "zeros": MAX_ZERO_RUN})
_INDEX_MASK = (1 << ENTRY[0][1]) - 1
_ZEROS_SHIFT = ENTRY[0][1]


@dataclass(frozen=True, eq=False)
class EncodedTile:
    """
    Entries of a tile of a matrix, for all PEs.

    Parameters
    ----------
    n_pe, rows, columns : int
        PEs, and the size of the tile.
    entries : uint8 (total,)
        Entry bytes as ``hw.eie.format.ENTRY``, PE after PE.
    pointers : int64 (n_pe, columns + 1)
        Column c of PE k has entries pointers[k, c] to pointers[k, c + 1], counted from the PE's
        first entry.
    """

    n_pe: int
    rows: int
    columns: int
    entries: NDArray[np.uint8]
    pointers: NDArray[np.int64]

    def __post_init__(self) -> None:
        if self.pointers.shape != (self.n_pe, self.columns + 1):
            raise ValueError(
                f"pointers must be ({self.n_pe}, {self.columns + 1}), not {self.pointers.shape}"
            )
        if self.pointers[:, 0].any() or (np.diff(self.pointers, axis=1) < 0).any():
            raise ValueError("pointers must start at 0 and never run backwards")
        if int(self.load.sum()) != len(self.entries):
            raise ValueError(f"pointers count {self.load.sum()} entries, not {len(self.entries)}")

    @property
    def load(self) -> NDArray[np.int64]:
        """Entries of each PE, int64 (n_pe,)."""
        return self.pointers[:, -1]

    @property
    def padding(self) -> int:
        """Entries whose index is 0."""
        return int(np.count_nonzero((self.entries & _INDEX_MASK) == 0))

    def of_pe(self, pe: int) -> NDArray[np.uint8]:
        """Entry bytes of one PE."""
        start = int(self.load[:pe].sum())
        return self.entries[start : start + int(self.load[pe])]

    def slice(self, low: int, high: int) -> EncodedTile:
        """The tile of columns ``low`` to ``high`` - 1."""
        parts = [
            self.of_pe(pe)[self.pointers[pe, low] : self.pointers[pe, high]]
            for pe in range(self.n_pe)
        ]
        pointers = self.pointers[:, low : high + 1] - self.pointers[:, low : low + 1]
        return EncodedTile(self.n_pe, self.rows, high - low, np.concatenate(parts), pointers)


def encode(index: NDArray[np.uint8], n_pe: int) -> EncodedTile:
    """Encode codebook indices, uint8 (rows, columns) from 0 to 15, for ``n_pe`` PEs."""
    if index.dtype != np.uint8 or index.ndim != 2:
        raise TypeError(f"index must be uint8 (rows, columns), not {index.dtype} {index.shape}")
    if index.size and index.max() > _INDEX_MASK:
        raise ValueError(f"index must be from 0 to {_INDEX_MASK}, not {index.max()}")
    rows, columns = index.shape
    local_rows = -(-rows // n_pe)
    # by_pe[k, c, r] is row r * n_pe + k of column c, so that nonzero() walks in storage order.
    padded = np.zeros((local_rows * n_pe, columns), np.uint8)
    padded[:rows] = index
    by_pe = np.ascontiguousarray(padded.reshape(local_rows, n_pe, columns).transpose(1, 2, 0))
    place = np.flatnonzero(by_pe)
    value = by_pe.reshape(-1)[place]
    column, row = np.divmod(place, max(local_rows, 1))
    zeros = row.copy()
    same = column[1:] == column[:-1]
    zeros[1:][same] -= row[:-1][same] + 1
    paddings, zeros = np.divmod(zeros, _STEP)
    last = np.cumsum(paddings + 1)
    entries = np.full(last[-1] if len(last) else 0, _PADDING, np.uint8)
    entries[last - 1] = value | (zeros << _ZEROS_SHIFT).astype(np.uint8)
    per_column = np.bincount(column, paddings + 1, n_pe * columns).astype(np.int64)
    pointers = np.zeros((n_pe, columns + 1), np.int64)
    np.cumsum(per_column.reshape(n_pe, columns), axis=1, out=pointers[:, 1:])
    return EncodedTile(n_pe, rows, columns, entries, pointers)


def decode(tile: EncodedTile) -> NDArray[np.uint8]:
    """Codebook indices uint8 (rows, columns) of a tile. ``ValueError`` names the PE and column of
    an entry that lies outside the tile."""
    n_pe, rows, columns = tile.n_pe, tile.rows, tile.columns
    index = np.zeros((rows, columns), np.uint8)
    if not len(tile.entries):
        return index
    counts = np.diff(tile.pointers, axis=1).reshape(-1)
    slice_of = np.repeat(np.arange(n_pe * columns), counts)
    value = tile.entries & _INDEX_MASK
    position = np.cumsum((tile.entries >> _ZEROS_SHIFT).astype(np.int64) + 1)
    first = np.cumsum(counts) - counts
    start = np.concatenate(([0], position))[first]
    pe, column = np.divmod(slice_of, columns)
    row = (position - start[slice_of] - 1) * n_pe + pe
    stored = value != 0
    outside = stored & (row >= rows)
    if outside.any():
        where = int(np.argmax(outside))
        raise ValueError(
            f"PE {pe[where]}, column {column[where]}: an entry lies in row {row[where]} of {rows}"
        )
    index[row[stored], column[stored]] = value[stored]
    return index
