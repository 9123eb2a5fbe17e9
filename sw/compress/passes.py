"""Pass descriptors, and the tiles that a layer is cut into: row passes and column passes."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import asdict, dataclass, fields
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from hw.eie.config import POINTER_BITS, EieConfig
from hw.eie.format import PASS, PASS_WORDS, pack, unpack
from sw.compress.encode import EncodedTile, encode
from sw.compress.quantised import QuantisedLayer

__all__ = ["PassDescriptor", "Tile", "tile_layer"]

_MAX_ENTRIES = (1 << POINTER_BITS) - 1
_MAX_COLUMNS = (1 << dict(PASS)["columns"]) - 1
_WORD = (1 << 64) - 1


@dataclass(frozen=True)
class PassDescriptor:
    """The fields of ``hw.eie.format.PASS``, which says what each means."""

    spmat_base: int
    entry_base: int
    ptr_base: int
    shift: int
    relu: int
    src_sram: int
    dst_sram: int
    columns: int
    src_base: int
    dst_base: int
    bias_rows: int
    drain_rows: int

    def __post_init__(self) -> None:
        pack(PASS, asdict(self))

    @property
    def words(self) -> list[int]:
        """The descriptor as ``PASS_WORDS`` words of 64 bits, low word first."""
        packed = pack(PASS, asdict(self))
        return [packed >> (64 * k) & _WORD for k in range(PASS_WORDS)]

    @classmethod
    def from_words(cls, words: NDArray[np.uint64]) -> PassDescriptor:
        """The inverse of ``words``."""
        packed = sum(int(word) << (64 * k) for k, word in enumerate(words))
        return cls(**unpack(PASS, packed))


assert tuple(f.name for f in fields(PassDescriptor)) == tuple(name for name, _ in PASS)


@dataclass(frozen=True)
class Tile:
    """
    The part of a layer that one pass works on.

    Parameters
    ----------
    row : int
        First local row, the same in every PE.
    local_rows : int
        Local rows, in the PE that has most; PEs that have fewer hold rows of nothing but zeros.
    column : int
        First column, a multiple of the number of PEs.
    plane : int
        Plane of the layer's weights.
    first, last : bool
        Whether it is the first and last tile of its rows: preloads biases, drains.
    encoded : EncodedTile
    """

    row: int
    local_rows: int
    column: int
    plane: int
    first: bool
    last: bool
    encoded: EncodedTile

    @property
    def columns(self) -> int:
        """Columns of the tile."""
        return self.encoded.columns


def _column_cuts(pointers: NDArray[np.int64], n_pe: int, most: int) -> list[int]:
    """Borders of the fewest column tiles of at most ``most`` columns whose entries 16-bit pointers
    can count in every PE; all are multiples of ``n_pe`` but the last."""
    columns = pointers.shape[1] - 1
    cuts = [0]
    while cuts[-1] < columns:
        start = cuts[-1]
        loads = (pointers - pointers[:, start : start + 1]).max(axis=0)
        end = int(np.searchsorted(loads, _MAX_ENTRIES, side="right")) - 1
        end = min(end, start + most, columns)
        cuts.append(end if end == columns else end - end % n_pe)
    return cuts


def tile_layer(
    layer: QuantisedLayer, config: EieConfig, *, max_columns: int = _MAX_COLUMNS
) -> Iterator[Tile]:
    """The tiles of a layer in the order of their passes: rows outside, then planes, columns inside.
    A PE has at most ``file_depth`` rows and 65,535 entries in a tile; a tile has at most
    ``max_columns``, which must be ``n_pe`` or more."""
    step = config.file_depth * config.n_pe
    for low in range(0, layer.rows, step):
        for number, plane in enumerate(layer.planes):
            rows = plane.index[low : low + step]
            encoded = encode(rows, config.n_pe)
            cuts = _column_cuts(encoded.pointers, config.n_pe, max_columns)
            whole = len(cuts) == 2
            for start, end in pairwise(cuts):
                yield Tile(
                    row=low // config.n_pe,
                    local_rows=config.slots(len(rows)),
                    column=start,
                    plane=number,
                    first=start == 0 and number == 0,
                    last=end == layer.columns and number == len(layer.more),
                    encoded=encoded if whole else encoded.slice(start, end),
                )
