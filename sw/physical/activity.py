"""How often the nets of a netlist move, and its memories are used."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

__all__ = ["NetActivity"]


@dataclass(frozen=True)
class NetActivity:
    """
    Activity over some clock cycles.

    Parameters
    ----------
    cycles : int
    toggles : int64 (nets,)
        Transitions of net k, both directions, for all nets of a
        :class:`sw.physical.flat.FlatNetlist`; 0 for numbers that are none.
    accesses : mapping
        (reads, writes) of each SRAM macro, by the leaf's name.
    """

    cycles: int
    toggles: NDArray[np.int64]
    accesses: Mapping[str, tuple[int, int]]

    def __add__(self, other: NetActivity) -> NetActivity:
        return NetActivity(
            self.cycles + other.cycles,
            self.toggles + other.toggles,
            {
                name: (reads + other.accesses[name][0], writes + other.accesses[name][1])
                for name, (reads, writes) in self.accesses.items()
            },
        )
