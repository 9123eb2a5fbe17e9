"""Pass descriptors, and the tiles that a layer is cut into: row passes and column passes."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import asdict, dataclass, fields
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from hw.bus.layout import pack, unpack
from hw.eie.config import POINTER_BITS, EieConfig
from hw.eie.format import PASS, PASS_WORDS
from sw.compress.encode import EncodedTile, encode
from sw.compress.grouping import choose_group, predicted_cycles, split_overhead
from sw.compress.quantised import QuantisedLayer

__all__ = ["PassDescriptor", "Tile", "scatter_columns", "tile_layer"]

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
    group: int = 0
    split: int = 0

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
    relu : bool
        Whether ReLU follows for its rows.
    bias : int32 (rows,)
        Biases of its rows, as the PEs hold them; empty unless it is the first tile of these.
    encoded : EncodedTile
    group : int
        Columns that are broadcast together.
    split : bool
        Every PE holds all rows of a part of the columns: local row r is row r.
    """

    row: int
    local_rows: int
    column: int
    plane: int
    first: bool
    last: bool
    relu: bool
    bias: NDArray[np.int32]
    encoded: EncodedTile
    group: int = 1
    split: bool = False

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


def scatter_columns(rows: NDArray, n_pe: int) -> NDArray:
    """Rows of a split tile, (rows, columns), as rows (rows * n_pe, columns) of the whole array:
    column c is in PE c mod ``n_pe`` only."""
    count, columns = rows.shape
    scattered = np.zeros((count, n_pe, columns), rows.dtype)
    column = np.arange(columns)
    scattered[:, column % n_pe, column] = rows
    return scattered.reshape(count * n_pe, columns)


def _scatter_bias(bias: NDArray[np.int32], n_pe: int) -> NDArray[np.int32]:
    """Biases of a split tile's rows: that of row r is in PE r."""
    scattered = np.zeros((len(bias), n_pe), np.int32)
    np.fill_diagonal(scattered, bias)
    return scattered.reshape(-1)


def _should_split(layer: QuantisedLayer, active: NDArray, config: EieConfig) -> bool:
    """Whether few rows take fewer cycles if every PE works on a part of the columns."""
    few = 2 * layer.rows <= config.n_pe and layer.rows <= config.file_depth
    if not config.is_wide or layer.linear_rows or not few:
        return False

    slots = config.slots(layer.columns)
    refill = slots if slots > config.file_depth else 0  # from the activation SRAM, one a cycle

    def cycles(index: NDArray[np.uint8]) -> float:
        pointers = encode(index, config.n_pe).pointers
        group = choose_group(pointers, active, config)
        return max(refill, predicted_cycles(pointers, active, group, config.lanes))

    index = layer.planes[0].index
    gain = cycles(index) - cycles(scatter_columns(index, config.n_pe))
    return gain * len(layer.planes) > split_overhead(layer.rows, config)


def tile_layer(
    layer: QuantisedLayer,
    config: EieConfig,
    active: NDArray[np.floating] | None = None,
    *,
    final: bool = False,
    max_columns: int = _MAX_COLUMNS,
) -> Iterator[Tile]:
    """
    The tiles of a layer in the order of their passes: rows outside, then planes, columns inside. A
    PE has at most ``file_depth`` rows and 65,535 entries in a tile; ``layer.linear_rows``, which
    must be a multiple of ``n_pe``, is a border between tiles.

    Parameters
    ----------
    layer : QuantisedLayer
    config : EieConfig
    active : float (columns,), optional
        Probability of each input not to be zero, by which a wide array's groups are chosen; by
        default, 1.
    final : bool
        Whether it is the network's last layer, whose columns may be split over the PEs.
    max_columns : int, at least ``n_pe``
        Most columns of a tile.
    """
    n_pe = config.n_pe
    likely = np.ones(layer.columns) if active is None else active
    split = final and _should_split(layer, likely, config)
    step = config.file_depth * n_pe
    starts = [*range(0, layer.linear_rows, step), *range(layer.linear_rows, layer.rows, step)]
    for low, high in pairwise([*starts, layer.rows]):
        bias = layer.bias[low:high]
        for number, plane in enumerate(layer.planes):
            rows = plane.index[low:high]
            encoded = encode(scatter_columns(rows, n_pe) if split else rows, n_pe)
            cuts = _column_cuts(encoded.pointers, n_pe, max_columns)
            for start, end in pairwise(cuts):
                part = encoded if len(cuts) == 2 else encoded.slice(start, end)
                first = start == 0 and number == 0
                yield Tile(
                    row=low // n_pe,
                    local_rows=len(rows) if split else config.slots(len(rows)),
                    column=start,
                    plane=number,
                    first=first,
                    last=end == layer.columns and number == len(layer.more),
                    relu=layer.relu and low >= layer.linear_rows,
                    bias=(_scatter_bias(bias, n_pe) if split else bias) if first else bias[:0],
                    encoded=part,
                    group=choose_group(part.pointers, likely[start:end], config),
                    split=split,
                )
