"""The streaming machines that are compared: without skips, and with skips kept in two ways."""

from __future__ import annotations

from pydantic import BaseModel

from hw.cnn.config import PipelineConfig, SkipKind
from sw.dataflow.compile import compile_network
from sw.students.resnet import Shape
from sw.students.untrained import untrained

from .cnn import MachineCosts

__all__ = ["SKIPS", "CnnCosts", "cnn_machine"]

SKIPS = {
    "skip-free": None,
    "buffered": SkipKind.FIFO,
    "unbuffered": SkipKind.HOLD,
}
"""Machines, and what keeps their skips."""


class CnnCosts(BaseModel):
    """
    What the machines of a network cost.

    Parameters
    ----------
    network : str
    interval : int
        Cycles a frame that they are folded for.
    machines : list of MachineCosts
    """

    network: str
    interval: int
    machines: list[MachineCosts]

    def machine(self, name: str) -> MachineCosts:
        """The machine of a name."""
        return next(machine for machine in self.machines if machine.name == name)


def cnn_machine(name: str, shape: Shape, interval: int) -> PipelineConfig:
    """The machine of :data:`SKIPS` for networks of a shape: what weights they have changes nothing
    about it."""
    kind = SKIPS[name]
    graph = untrained(shape, skips=kind is not None)
    return compile_network(graph, interval=interval, skips=kind or SkipKind.FIFO).config
