"""The networks of images that ship, and the machines that they are compared on."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from hw.cnn.config import SkipKind
from sw import weights
from sw.golden.cnn_file import read_graph
from sw.golden.cnn_graph import QuantisedGraph

from .compile import Compiled, compile_network

__all__ = ["INTERVALS", "MACHINES", "SHIPPED", "Machine", "Shipped", "compile_for"]

INTERVALS = {"digits": 9216, "cifar10": 147456}
"""Cycles a frame, by images: what 16 multipliers take for each convolution within a stage."""


@dataclass(frozen=True)
class Machine:
    """
    What a network becomes.

    Parameters
    ----------
    residual : bool
        Whether it is the network with skips.
    skips : SkipKind
        What keeps them, if there are any.
    """

    residual: bool
    skips: SkipKind


MACHINES = {
    "skip-free": Machine(False, SkipKind.FIFO),
    "buffered": Machine(True, SkipKind.FIFO),
    "unbuffered": Machine(True, SkipKind.HOLD),
}


@dataclass(frozen=True)
class Shipped:
    """
    A network that was trained with skips and without.

    Parameters
    ----------
    name : str
    data : str
        The images, a key of :data:`INTERVALS`.
    """

    name: str
    data: str

    @property
    def interval(self) -> int:
        """Cycles a frame."""
        return INTERVALS[self.data]

    def graph(self, *, residual: bool) -> QuantisedGraph:
        """With skips or without."""
        return read_graph(self._file(residual))[0]

    def accuracy(self, *, residual: bool) -> float:
        """Share of all test images that its integers get right, as its file says."""
        return float(read_graph(self._file(residual))[1]["test_integers"])

    def _file(self, residual: bool) -> Path:
        kind = "residual" if residual else "skipfree"
        return weights.FOLDER / f"cnn_{self.data}_{kind}.safetensors"


SHIPPED = {
    each.name: each
    for each in (Shipped("digits", "digits"), Shipped("resnet33-cifar10", "cifar10"))
}


def compile_for(
    machine: str,
    graph: QuantisedGraph,
    *,
    interval: int | None = None,
    multipliers: int | None = None,
) -> Compiled:
    """A network, with skips or without as the machine needs it, as :func:`compile_network` makes
    it for that machine of :data:`MACHINES`."""
    skips = MACHINES[machine].skips
    return compile_network(graph, interval=interval, multipliers=multipliers, skips=skips)
