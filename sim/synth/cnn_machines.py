"""What the streaming machines of a network cost, as a report has it."""

from __future__ import annotations

from pydantic import BaseModel

from .cnn import MachineCosts

__all__ = ["CnnCosts", "costs_file"]


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
