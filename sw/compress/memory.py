"""What a PE's memories hold: words of a pass in the sparse-matrix SRAM, vectors in the activation
SRAM, and the errors that say what does not fit."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from hw.eie.config import ENTRIES_PER_WORD, EieConfig
from sw.compress.passes import Tile
from sw.compress.quantised import QuantisedLayer

__all__ = ["CapacityError", "allocate_vectors", "bias_words", "codebook_words", "tile_words"]


class CapacityError(ValueError):
    """A network does not fit a configuration; the text names layer, need and limit."""


def bias_words(bias: NDArray[np.int32], n_pe: int) -> NDArray[np.uint64]:
    """Biases of a tile's rows, int32 (rows,), as words uint64 (n_pe, ceil(local rows / 2)): two to
    a word, the even row low, zero where a PE has no row."""
    words = -(-len(bias) // (2 * n_pe))
    padded = np.zeros(words * 2 * n_pe, "<i4")
    padded[: len(bias)] = bias
    by_pe = np.ascontiguousarray(padded.reshape(words * 2, n_pe).T)
    return by_pe.view("<u8")


def codebook_words(codebook: NDArray[np.int16]) -> NDArray[np.uint64]:
    """A codebook, int16 (16,), as words uint64 (4,): entry 0 in the lowest bits of the first."""
    return np.ascontiguousarray(codebook.astype("<i2")).view("<u8")


def tile_words(layer: QuantisedLayer, tile: Tile, config: EieConfig) -> tuple[NDArray, int]:
    """A pass in the sparse-matrix SRAM, uint64 (n_pe, words): biases, codebook, entries padded with
    zeros to the largest PE. With it the offset of the first word of entries."""
    n_pe = config.n_pe
    biases = bias_words(tile.bias, n_pe)
    codebook = np.tile(codebook_words(layer.planes[tile.plane].codebook), (n_pe, 1))
    words = -(-int(tile.encoded.load.max()) // ENTRIES_PER_WORD)
    entries = np.zeros((n_pe, words * ENTRIES_PER_WORD), np.uint8)
    used = np.arange(entries.shape[1]) < tile.encoded.load[:, None]
    entries[used] = tile.encoded.entries
    head = np.concatenate([biases, codebook], axis=1)
    return np.concatenate([head, entries.view("<u8")], axis=1), head.shape[1]


def allocate_vectors(
    widths: Sequence[int], in_sram: Sequence[bool], config: EieConfig
) -> list[int]:
    """
    Base addresses of the network's vectors in the activation SRAM.

    Parameters
    ----------
    widths : sequence of int
        Activations of the input, of every layer's output.
    in_sram : sequence of bool
        Which of these vectors are in the SRAM; the others get base 0.

    Neighbours take opposite ends of the SRAM, so that no layer overwrites its source, and two
    neighbours fit whenever their sizes together do. ``CapacityError`` otherwise.
    """
    bases: list[int] = []
    high = False
    for k, (width, stored) in enumerate(zip(widths, in_sram, strict=True)):
        if not stored:
            bases.append(0)
            high = False
            continue
        size = config.slots(width)
        before = config.slots(widths[k - 1]) if k and in_sram[k - 1] else 0
        if size + before > config.act_depth:
            layer = max(k - 1, 0)
            what = f"{before} for its source and {size} for its outputs" if k else "for its inputs"
            raise CapacityError(
                f"layer {layer}: needs {size + before} activations of SRAM per PE ({what}), "
                f"and act_depth is {config.act_depth}"
            )
        bases.append(config.act_depth - size if high else 0)
        high = not high
    return bases
