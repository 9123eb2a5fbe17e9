"""
A layer whose column pointers do not fit the pointer memory, as several programs.

The programs are run one after the other for each input. Each brings passes and pointers of its own;
the first brings the sparse matrix of all. Accumulators and activation SRAM keep their contents from
one program to the next, so that a column batch goes on where the one before has stopped: biases are
preloaded by the first pass of a row tile, its rows are drained by the last, wherever these are.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

import numpy as np

from hw.eie.config import EieConfig
from sw.compress.memory import CapacityError
from sw.compress.passes import Tile, tile_layer
from sw.compress.program import Layout, Program
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
    """

    program: Program
    columns: slice

    @property
    def reload(self) -> Program:
        """The same program without the sparse matrix, for when that has been loaded."""
        return replace(self.program, spmat=self.program.spmat[:, :0])


def column_batches(network: QuantisedNetwork, config: EieConfig) -> list[Batch]:
    """
    The programs of a network of one layer: a single one where its pointers fit.

    ``CapacityError`` where something else does not, or where the pointer memory is smaller than
    one column for each PE.
    """
    if len(network.layers) != 1:
        raise ValueError(f"a network in batches must have one layer, not {len(network.layers)}")
    if config.ptr_depth <= config.n_pe:
        raise CapacityError(f"ptr_depth = {config.ptr_depth} holds no column of {config.n_pe} PEs")
    tiles = tile_layer(network.layers[0], config, max_columns=config.ptr_depth - 1)
    groups = list(_groups(tiles, config))
    programs: list[Program] = []
    words = 0
    for group in groups:
        layout = Layout(network, config)
        layout.used["spmat_depth"] = words
        layout.add(0, group)
        programs.append(layout.program(in_sram=len(groups) > 1))
        words += programs[-1].spmat.shape[1]
    spmat = np.concatenate([program.spmat for program in programs], axis=1)
    return [
        _batch(program, group, spmat if k == 0 else spmat[:, :0])
        for k, (program, group) in enumerate(zip(programs, groups, strict=True))
    ]


def _groups(tiles: Iterator[Tile], config: EieConfig) -> Iterator[list[Tile]]:
    """Tiles in order, as many at a time as pointers and pass descriptors have room for."""
    group: list[Tile] = []
    pointers = 0
    for tile in tiles:
        need = tile.columns + 1
        if group and (pointers + need > config.ptr_depth or len(group) == config.max_passes):
            yield group
            group, pointers = [], 0
        group.append(tile)
        pointers += need
    yield group


def _batch(program: Program, tiles: Sequence[Tile], spmat: np.ndarray) -> Batch:
    """Cut a group's program down to the inputs that its tiles read."""
    low = min(tile.column for tile in tiles)
    high = max(tile.column + tile.columns for tile in tiles)
    skipped = low // program.config.n_pe
    passes = tuple(replace(each, src_base=each.src_base - skipped) for each in program.passes)
    cut = replace(program, passes=passes, inputs=high - low, spmat=spmat)
    return Batch(cut, slice(low, high))
