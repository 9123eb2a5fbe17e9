"""What the benchmark of streaming networks measures, and how much of it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from sw.dataflow.compile import Compiled
from sw.dataflow.shipped import MACHINES, compile_for
from sw.golden.cnn_graph import QuantisedGraph

__all__ = ["Effort", "Subject"]


@dataclass(frozen=True)
class Effort:
    """
    How much is measured of a subject.

    Parameters
    ----------
    images, stalled : int
        Of each machine; of the skip-free one with stalls besides.
    fresh : bool
        Whether the skip-free machine is built once more without what the cache has, and timed.
    shares : tuple of float
        Of the computed depths of skips; without any, depths are left alone.
    balanced : int, optional
        Cycles a frame with which depths are judged one by one: those that no unit is idle in.
    budgets : tuple of int
        Multipliers of foldings that are compiled.
    measured : int
        Of those, how many run on the RTL.
    """

    images: int
    stalled: int
    fresh: bool = False
    shares: tuple[float, ...] = ()
    balanced: int | None = None
    budgets: tuple[int, ...] = ()
    measured: int = 0


@dataclass(frozen=True, eq=False)
class Subject:
    """
    A pair of networks and their images.

    Parameters
    ----------
    name : str
    data : str
    skipfree, residual : QuantisedGraph
    pixels, labels : uint8 (n, channels, height, width), int64 (n,)
    tests : int
        Images that no network was trained or chosen with: the first ones.
    interval : int
        Cycles a frame.
    accuracies : mapping of bool to float
        Of all test images, with skips and without.
    """

    name: str
    data: str
    skipfree: QuantisedGraph
    residual: QuantisedGraph
    pixels: NDArray[np.uint8]
    labels: NDArray[np.int64]
    tests: int
    interval: int
    accuracies: Mapping[bool, float]

    def machines(self) -> list[tuple[str, Compiled]]:
        """Skip-free, buffered, unbuffered."""
        return [(name, self.machine(name)) for name in MACHINES]

    def machine(self, name: str) -> Compiled:
        """One of them."""
        graph = self.residual if MACHINES[name].residual else self.skipfree
        return compile_for(name, graph, interval=self.interval)
