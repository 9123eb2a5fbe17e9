"""
A layer whose column pointers or weights do not fit the memories, as several programs.

The programs are run one after the other for each input. Each brings passes and pointers of its own;
where the sparse matrix fits as a whole, the first brings all of it, else each brings its own part.
Accumulators and activation SRAM keep their contents from one program to the next, so that a batch
goes on where the one before has stopped: biases are preloaded by the first pass of a row tile, its
rows are drained by the last, wherever these are.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from hw.eie.config import CODEBOOK_WORDS, ENTRIES_PER_WORD, EieConfig
from sw.compress.layout import Layout, pointer_depth
from sw.compress.memory import CapacityError
from sw.compress.passes import Tile, tile_layer
from sw.compress.program import Program
from sw.compress.quantised import QuantisedNetwork

__all__ = ["Batch", "column_batches"]


@dataclass(frozen=True)
class Batch:
    """
    One of a layer's programs.

    Parameters
    ----------
    program : Program
        Its inputs are those that its passes read; its results are the layer's only in the last
        batch.
    columns : slice
        Which of the layer's inputs these are.
    resident : bool
        Whether the sparse matrix of all batches fits at once, and comes with the first of them.
    """

    program: Program
    columns: slice
    resident: bool

    @property
    def reload(self) -> Program:
        """What to load when all batches have been run before: the same program, without the sparse
        matrix where that is ``resident``."""
        if not self.resident:
            return self.program
        return replace(self.program, spmat=self.program.spmat[:, :0])


def column_batches(
    network: QuantisedNetwork, config: EieConfig, active: NDArray[np.floating] | None = None
) -> list[Batch]:
    """
    The programs of a network of one layer: a single one where it fits. ``active`` is as in
    :func:`sw.compress.passes.tile_layer`.

    ``CapacityError`` where a vector or a single pass does not fit, or where the pointer memory is
    smaller than one column for each PE.
    """
    if len(network.layers) != 1:
        raise ValueError(f"a network in batches must have one layer, not {len(network.layers)}")
    if config.ptr_depth <= config.n_pe:
        raise CapacityError(f"ptr_depth = {config.ptr_depth} holds no column of {config.n_pe} PEs")
    limit = config.ptr_depth - 1
    tiles = list(tile_layer(network.layers[0], config, active, max_columns=limit))
    resident = sum(map(_words, tiles)) <= config.spmat_depth
    groups = list(_groups(tiles, config))
    programs: list[Program] = []
    words = 0
    for group in groups:
        layout = Layout(network, config)
        layout.used["spmat_depth"] = words if resident else 0
        layout.add(0, group)
        programs.append(layout.program(in_sram=len(groups) > 1))
        words += programs[-1].spmat.shape[1]
    if resident:
        whole = np.concatenate([program.spmat for program in programs], axis=1)
        matrices = [whole] + [whole[:, :0]] * (len(programs) - 1)
        programs = [replace(p, spmat=m) for p, m in zip(programs, matrices, strict=True)]
    return [_batch(p, g, resident) for p, g in zip(programs, groups, strict=True)]


def _words(tile: Tile) -> int:
    """Words of sparse-matrix SRAM that a tile takes in every PE."""
    biases = -(-tile.local_rows // 2) if tile.first else 0
    return biases + CODEBOOK_WORDS - (-int(tile.encoded.load.max()) // ENTRIES_PER_WORD)


def _groups(tiles: Sequence[Tile], config: EieConfig) -> Iterator[list[Tile]]:
    """Tiles in order, as many at a time as the memories and the pass table have room for."""
    group: list[Tile] = []
    for tile in tiles:
        more = [*group, tile]
        fits = (
            pointer_depth(more) <= config.ptr_depth
            and sum(map(_words, more)) <= config.spmat_depth
            and len(more) <= config.max_passes
        )
        if group and not fits:
            yield group
            more = [tile]
        group = more
    yield group


def _batch(program: Program, tiles: Sequence[Tile], resident: bool) -> Batch:
    """Cut a group's program down to the inputs that its tiles read."""
    low = min(tile.column for tile in tiles)
    high = max(tile.column + tile.columns for tile in tiles)
    skipped = low // program.config.n_pe
    passes = tuple(replace(each, src_base=each.src_base - skipped) for each in program.passes)
    cut = replace(program, passes=passes, inputs=high - low)
    return Batch(cut, slice(low, high), resident)
