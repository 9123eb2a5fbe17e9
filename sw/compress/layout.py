"""Lays a quantised network out for one configuration of the array: passes and memory contents."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from hw.eie.config import POINTERS_PER_RECORD, EieConfig
from hw.eie.format import NETWORK
from sw.compress.memory import CapacityError, allocate_vectors, tile_words
from sw.compress.passes import PassDescriptor, Tile, tile_layer
from sw.compress.program import LayerInfo, Program
from sw.compress.quantised import QuantisedNetwork
from sw.compress.records import pack_records, pointer_words

__all__ = ["CapacityError", "Layout", "build_program", "pointer_depth"]

_UNITS = {
    "max_passes": "passes",
    "spmat_depth": "sparse-matrix words per PE",
    "ptr_depth": "column pointers per PE",
}
_MAX_WIDTH = (1 << dict(NETWORK)["inputs"]) - 1


def _pointer_place(used: int, tile: Tile) -> int:
    """Where a tile's pointers go behind ``used`` others: records to a multiple of their size."""
    return used + (-used % POINTERS_PER_RECORD if tile.group > 1 else 0)


def pointer_depth(tiles: Sequence[Tile], used: int = 0) -> int:
    """Pointers that these tiles take behind ``used`` others."""
    end = used
    for tile in tiles:
        end = _pointer_place(end, tile) + pointer_words(tile.columns, tile.group)
    return end - used


class Layout:
    """Fills the memories of all PEs pass by pass, and refuses what does not fit."""

    def __init__(self, network: QuantisedNetwork, config: EieConfig) -> None:
        self.network = network
        self.config = config
        self.passes: list[PassDescriptor] = []
        self.layers: list[LayerInfo] = []
        self.pointers: list[NDArray] = []
        self.spmat: list[NDArray] = []
        self.used = dict.fromkeys(_UNITS, 0)

    def _check(self, k: int, **needs: int) -> None:
        """Refuse layer k where it needs more of a memory than the layers before it leave."""
        layer = self.network.layers[k]
        for limit, need in needs.items():
            used, depth = self.used[limit], getattr(self.config, limit)
            if used + need > depth:
                raise CapacityError(
                    f"layer {k} ({layer.rows} x {layer.columns}): needs {need} {_UNITS[limit]}, "
                    f"and of {limit} = {depth} the layers before it leave {depth - used}"
                )

    def add(self, k: int, tiles: list[Tile]) -> None:
        """Lay out layer k. Sources and destinations follow when all layers are known."""
        layer, first = self.network.layers[k], len(self.passes)
        images = [tile_words(layer, tile, self.config) for tile in tiles]
        self._check(
            k,
            max_passes=len(tiles),
            spmat_depth=sum(words.shape[1] for words, _ in images),
            ptr_depth=pointer_depth(tiles, self.used["ptr_depth"]),
        )
        for tile, (words, offset) in zip(tiles, images, strict=True):
            self.spmat.append(words)
            self.passes.append(
                PassDescriptor(
                    spmat_base=self.used["spmat_depth"],
                    entry_base=self.used["spmat_depth"] + offset,
                    ptr_base=self._point(tile),
                    shift=layer.shift,
                    relu=int(tile.relu),
                    src_sram=0,
                    dst_sram=0,
                    columns=tile.columns,
                    src_base=tile.column // self.config.n_pe,
                    dst_base=tile.row,
                    bias_rows=tile.local_rows if tile.first else 0,
                    drain_rows=tile.local_rows if tile.last else 0,
                    group=tile.group.bit_length() - 1,
                    split=int(tile.split),
                )
            )
            self.used["max_passes"] += 1
            self.used["spmat_depth"] += words.shape[1]
        load = np.sum([tile.encoded.load for tile in tiles], axis=0)
        self.layers.append(
            LayerInfo(
                rows=layer.rows,
                columns=layer.columns,
                relu=layer.relu,
                shift=layer.shift,
                frac_w=layer.frac_w,
                frac_a_in=layer.frac_a_in,
                frac_a_out=layer.frac_a_out,
                planes=len(layer.planes),
                first_pass=first,
                passes=len(tiles),
                entries=int(load.sum()),
                padding=sum(tile.encoded.padding for tile in tiles),
                load=tuple(int(entries) for entries in load),
                linear_rows=layer.linear_rows,
            )
        )

    def _point(self, tile: Tile) -> int:
        """Lay out the pointers of a tile, or its records; where they are."""
        pointers = tile.encoded.pointers
        place = _pointer_place(self.used["ptr_depth"], tile)
        self.pointers.append(np.zeros((self.config.n_pe, place - self.used["ptr_depth"]), "<u2"))
        self.pointers.append(
            pack_records(pointers, tile.group) if tile.group > 1 else pointers.astype(np.uint16)
        )
        self.used["ptr_depth"] = place + self.pointers[-1].shape[1]
        return place

    def _connect(self, in_sram: bool) -> tuple[list[bool], list[int]]:
        """Choose where each vector lives and set the passes' sources and destinations: the source
        file where a vector fits it, one pass writes its rows and one reads it, the activation SRAM
        otherwise."""
        widths = [self.network.inputs, *(layer.rows for layer in self.layers)]
        parts = [0, *(layer.linear_rows for layer in self.layers)]
        stored = [
            layer.passes > 1
            or self.config.slots(layer.columns) > self.config.file_depth
            or parts[k] > 0
            for k, layer in enumerate(self.layers)
        ]
        stored[0] |= in_sram
        stored.append(True)
        bases = allocate_vectors(widths, stored, self.config)
        for k, layer in enumerate(self.layers):
            for number in range(layer.first_pass, layer.first_pass + layer.passes):
                tile = self.passes[number]
                self.passes[number] = replace(
                    tile,
                    src_sram=int(stored[k]),
                    src_base=bases[k] + tile.src_base if stored[k] else 0,
                    dst_sram=int(stored[k + 1]),
                    dst_base=bases[k + 1] + tile.dst_base if stored[k + 1] else 0,
                )
        return stored, bases

    def program(
        self, provenance: Mapping[str, Any] | None = None, *, in_sram: bool = False
    ) -> Program:
        """The program, once all layers have been added. ``in_sram`` puts the input there even where
        the source file could hold it."""
        stored, bases = self._connect(in_sram)
        return Program(
            config=self.config,
            passes=tuple(self.passes),
            pointers=np.concatenate(self.pointers, axis=1),
            spmat=np.concatenate(self.spmat, axis=1).astype(np.uint64),
            layers=tuple(self.layers),
            inputs=self.network.inputs,
            outputs=self.network.outputs,
            in_sram=int(stored[0]),
            in_base=bases[0],
            out_base=bases[-1],
            in_min=self.network.in_min,
            in_max=self.network.in_max,
            provenance=dict(provenance or {}),
        )


def build_program(
    network: QuantisedNetwork,
    config: EieConfig,
    provenance: Mapping[str, Any] | None = None,
    *,
    active: Sequence[NDArray[np.floating]] | None = None,
) -> Program:
    """Lay a network out for a configuration. ``CapacityError`` names the layer that does not fit,
    its need and the limit.

    ``active`` says how likely each input of each layer is not to be zero, float (columns,) a layer;
    a wide array's groups are chosen by it."""
    layout = Layout(network, config)
    for k, layer in enumerate(network.layers):
        for what, width in (("inputs", layer.columns), ("outputs", layer.rows)):
            if width > _MAX_WIDTH:
                raise CapacityError(f"layer {k}: has {width} {what}, and the limit is {_MAX_WIDTH}")
        if layer.linear_rows % config.n_pe:
            raise CapacityError(
                f"layer {k}: has ReLU from row {layer.linear_rows} on, and with n_pe = "
                f"{config.n_pe} it can only start at a multiple of {config.n_pe}"
            )
        likely = None if active is None else active[k]
        final = k == len(network.layers) - 1
        layout.add(k, list(tile_layer(layer, config, likely, final=final)))
    return layout.program(provenance)
