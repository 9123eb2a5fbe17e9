"""A network laid out for one configuration of the array, as data: passes and memory contents."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from hw.eie.config import EieConfig
from sw.compress.memory import CapacityError
from sw.compress.passes import PassDescriptor

__all__ = ["LayerInfo", "Program"]


@dataclass(frozen=True)
class LayerInfo:
    """
    What a layer became: its size and scales, and what it costs.

    Parameters
    ----------
    rows, columns : int
    relu : bool
    shift, frac_w, frac_a_in, frac_a_out : int
        As in ``QuantisedLayer``.
    planes : int
        Matrices of shared weights of which the layer is the sum.
    first_pass, passes : int
        Its passes in the program.
    entries, padding : int
        Stored entries of all PEs, and how many of them only bridge zeros (or have index 0).
    load : tuple of int
        Entries of each PE.
    linear_rows : int
        As in ``QuantisedLayer``.
    """

    rows: int
    columns: int
    relu: bool
    shift: int
    frac_w: int
    frac_a_in: int
    frac_a_out: int
    planes: int
    first_pass: int
    passes: int
    entries: int
    padding: int
    load: tuple[int, ...]
    linear_rows: int = 0


@dataclass(frozen=True, eq=False)
class Program:
    """
    All that the array needs to run a network.

    Parameters
    ----------
    config : EieConfig
    passes : tuple of PassDescriptor
    pointers : uint16 (n_pe, pointers)
        Contents of every PE's pointer memory from address 0.
    spmat : uint64 (n_pe, words)
        Contents of every PE's sparse-matrix SRAM from address 0. No words where the passes work on
        what a program before has loaded.
    layers : tuple of LayerInfo
    inputs, outputs, in_sram, in_base, out_base, in_min, in_max : int
        As in ``hw.eie.format.NETWORK``.
    provenance : dict
        Where the network came from, in values that JSON can hold.
    """

    config: EieConfig
    passes: tuple[PassDescriptor, ...]
    pointers: NDArray[np.uint16]
    spmat: NDArray[np.uint64]
    layers: tuple[LayerInfo, ...]
    inputs: int
    outputs: int
    in_sram: int
    in_base: int
    out_base: int
    in_min: int
    in_max: int
    provenance: Mapping[str, Any] = field(default_factory=dict)

    def __post_init__(self) -> None:
        for name, limit in (("pointers", "ptr_depth"), ("spmat", "spmat_depth")):
            array, depth = getattr(self, name), getattr(self.config, limit)
            if array.ndim != 2 or array.shape[0] != self.config.n_pe:
                raise ValueError(f"{name} must be ({self.config.n_pe}, words), not {array.shape}")
            if array.shape[1] > depth:
                raise CapacityError(f"{name} has {array.shape[1]} per PE, and {limit} is {depth}")
        if not 1 <= len(self.passes) <= self.config.max_passes:
            raise CapacityError(
                f"{len(self.passes)} passes, and max_passes is {self.config.max_passes}"
            )

    @property
    def entries(self) -> int:
        """Stored entries of all layers and PEs."""
        return sum(layer.entries for layer in self.layers)

    @property
    def padding(self) -> int:
        """Entries with codebook index 0."""
        return sum(layer.padding for layer in self.layers)

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, Program):
            return NotImplemented
        return (
            np.array_equal(self.pointers, other.pointers)
            and np.array_equal(self.spmat, other.spmat)
            and all(
                getattr(self, name) == getattr(other, name)
                for name in self.__dataclass_fields__
                if name not in ("pointers", "spmat", "provenance")
            )
            and dict(self.provenance) == dict(other.provenance)
        )

    __hash__ = None  # type: ignore[assignment]
