"""Back from memory contents to a network: the check that nothing was lost on the way."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from hw.eie.config import CODEBOOK_WORDS
from sw.compress.encode import EncodedTile, decode
from sw.compress.passes import PassDescriptor, scatter_columns
from sw.compress.program import LayerInfo, Program
from sw.compress.quantised import Plane, QuantisedLayer, QuantisedNetwork
from sw.compress.records import pointer_words, unpack_records

__all__ = ["quantised_from_program"]


def _encoded(program: Program, tile: PassDescriptor, rows: int) -> EncodedTile:
    """The entries of a pass as its pointers find them in the sparse-matrix SRAM."""
    n_pe, group = program.config.n_pe, 1 << tile.group
    end = tile.ptr_base + pointer_words(tile.columns, group)
    window = program.pointers[:, tile.ptr_base : end]
    if tile.ptr_base + window.shape[1] != end:
        raise ValueError(f"pointers end before {end}")
    pointers = window.astype(np.int64)
    if group > 1:
        pointers = unpack_records(window, tile.columns, group)
    words = np.ascontiguousarray(program.spmat[:, tile.entry_base :].astype("<u8"))
    stored = words.view(np.uint8).reshape(n_pe, -1)
    if pointers.max() > stored.shape[1]:
        raise ValueError(f"pointer {pointers.max()} lies beyond the {stored.shape[1]} entries")
    used = np.arange(stored.shape[1]) < pointers[:, -1:]
    return EncodedTile(n_pe, rows, tile.columns, stored[used], pointers)


def _weights(program: Program, tile: PassDescriptor, rows: int) -> NDArray[np.uint8]:
    """Codebook indices of a pass, uint8 (rows, columns)."""
    if not tile.split:
        return decode(_encoded(program, tile, rows))
    n_pe = program.config.n_pe
    parts = decode(_encoded(program, tile, rows * n_pe)).reshape(rows, n_pe, tile.columns)
    whole = parts.max(axis=1)
    if (scatter_columns(whole, n_pe).reshape(parts.shape) != parts).any():
        raise ValueError("a column of a split pass is not where it belongs")
    return whole


def _biases(program: Program, tile: PassDescriptor, rows: int) -> NDArray[np.int32]:
    """The biases that a pass preloads, int32 (rows,). In a split pass any PE may hold a part."""
    words = -(-tile.bias_rows // 2)
    window = program.spmat[:, tile.spmat_base : tile.spmat_base + words]
    by_pe = np.ascontiguousarray(window.astype("<u8")).view("<i4").reshape(program.config.n_pe, -1)
    if tile.split:
        return by_pe[:, :rows].sum(axis=0, dtype=np.int32)
    return by_pe.T.reshape(-1)[:rows].astype(np.int32)


def _codebook(program: Program, tile: PassDescriptor) -> NDArray[np.int16]:
    """The codebook of a pass, int16 (16,); all PEs hold the same."""
    base = tile.spmat_base + -(-tile.bias_rows // 2)
    words = np.ascontiguousarray(program.spmat[:, base : base + CODEBOOK_WORDS].astype("<u8"))
    if words.shape[1] != CODEBOOK_WORDS or (words != words[0]).any():
        raise ValueError("the codebooks of the PEs differ")
    return words[0].view("<i2").astype(np.int16)


def _check_cover(tiles: Sequence[PassDescriptor], info: LayerInfo, n_pe: int) -> None:
    """Refuse passes that do not cover a layer's rows, planes and columns once each."""
    if len(tiles) != info.passes or not tiles or not tiles[0].bias_rows:
        raise ValueError(f"its {info.passes} passes from {info.first_pass} on are not in the table")
    starts = [k for k, tile in enumerate(tiles) if tile.bias_rows]
    for first, end in pairwise([*starts, len(tiles)]):
        columns = sum(tile.columns for tile in tiles[first:end])
        if columns != info.columns * info.planes:
            raise ValueError(
                f"its passes have {columns} columns, not {info.planes} x {info.columns}"
            )
    if any(tile.split != tiles[0].split for tile in tiles):
        raise ValueError("only some of its passes are split")
    local = sum(tile.bias_rows for tile in tiles)
    expected = info.rows if tiles[0].split else -(-info.rows // n_pe)
    if local != expected:
        raise ValueError(f"its passes have {local} rows per PE, not {expected}")
    if any(tile.shift != tiles[0].shift for tile in tiles):
        raise ValueError("the shifts of its passes differ")


def _linear_rows(tiles: Sequence[PassDescriptor], info: LayerInfo, n_pe: int) -> int:
    """Rows of a layer ahead of the first with ReLU, all of them where none has it. Passes of the
    same rows must agree, and all rows that follow one with ReLU have it."""
    flags = [bool(tile.relu) for tile in tiles]
    first = flags.index(True) if True in flags else len(tiles)
    if not all(flags[first:]) or (first < len(tiles) and not tiles[first].bias_rows):
        raise ValueError("its passes with ReLU are not its last rows")
    linear = n_pe * sum(tile.bias_rows for tile in tiles[:first])
    if first < len(tiles) and linear != info.linear_rows:
        raise ValueError(f"its passes have ReLU from row {linear} on, not {info.linear_rows}")
    return min(linear, info.rows)


def _layer(program: Program, info: LayerInfo) -> QuantisedLayer:
    n_pe = program.config.n_pe
    tiles = program.passes[info.first_pass : info.first_pass + info.passes]
    _check_cover(tiles, info, n_pe)
    index = np.zeros((info.planes, info.rows, info.columns), np.uint8)
    codebooks: list[list[NDArray[np.int16]]] = [[] for _ in range(info.planes)]
    bias = np.zeros(info.rows, np.int32)
    row = rows = column = next_row = 0
    for tile in tiles:
        if tile.bias_rows:
            row, column = next_row, 0
            next_row += tile.bias_rows * (1 if tile.split else n_pe)
            rows = min(info.rows, next_row) - row
            bias[row : row + rows] = _biases(program, tile, rows)
        plane, start = divmod(column, info.columns)
        part = index[plane, row : row + rows, start : start + tile.columns]
        part[:] = _weights(program, tile, rows)
        codebooks[plane].append(_codebook(program, tile))
        column += tile.columns
    for books in codebooks:
        if any((book != books[0]).any() for book in books):
            raise ValueError("the codebooks of its passes differ")
    linear_rows = _linear_rows(tiles, info, n_pe)
    relu = linear_rows < info.rows
    first, *more = [Plane(part, books[0]) for part, books in zip(index, codebooks, strict=True)]
    return QuantisedLayer(
        index=first.index,
        codebook=first.codebook,
        bias=bias,
        shift=tiles[0].shift,
        relu=relu,
        frac_w=info.frac_w,
        frac_a_in=info.frac_a_in,
        frac_a_out=info.frac_a_out,
        more=tuple(more),
        linear_rows=linear_rows if relu else 0,
    )


def quantised_from_program(program: Program) -> QuantisedNetwork:
    """The network that a program computes, decoded from its memory contents: weights from entries
    and pointers, biases and codebooks from the words ahead of them, shifts from the descriptors.
    ``ValueError`` names the layer that cannot be decoded."""
    layers = []
    for k, info in enumerate(program.layers):
        try:
            layers.append(_layer(program, info))
        except ValueError as error:
            raise ValueError(f"layer {k}: {error}") from error
    return QuantisedNetwork(tuple(layers), program.in_min, program.in_max)
