"""The streaming machines that are compared: without skips, and with skips kept in two ways."""

from __future__ import annotations

from pydantic import BaseModel

from hw.cnn.config import SkipKind
from sw.dataflow.compile import Compiled, compile_network
from sw.golden.cnn_graph import QuantisedGraph

from .cnn import MachineCosts

__all__ = ["SKIPS", "CnnCosts", "cnn_machine", "costs_file"]

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
    date, command : str
        Of the run.
    interval : int
        Cycles a frame that they are folded for.
    machines : list of MachineCosts
    """

    network: str
    date: str
    command: str
    interval: int
    machines: list[MachineCosts]

    def machine(self, name: str) -> MachineCosts:
        """The machine of a name."""
        return next(machine for machine in self.machines if machine.name == name)


def costs_file(network: str) -> str:
    """What the report of a network is called."""
    return f"synth_{network.replace('-', '_')}.json"


def cnn_machine(name: str, graph: QuantisedGraph, interval: int) -> Compiled:
    """A network, with skips or without as the machine of :data:`SKIPS` needs it, on that machine.
    What weights it has changes nothing about the machine."""
    return compile_network(graph, interval=interval, skips=SKIPS[name] or SkipKind.FIFO)
