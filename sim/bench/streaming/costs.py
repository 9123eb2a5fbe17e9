"""What the machines of a network cost at 45 nm, from the report of their synthesis."""

from __future__ import annotations

from pathlib import Path

from pydantic import BaseModel

from sim.synth.cnn import MachineCosts
from sim.synth.cnn_machines import CnnCosts, costs_file
from sim.synth.cnn_power import MachinePower

__all__ = ["CostRow", "Costs", "read_costs"]


class CostRow(BaseModel):
    """
    A machine: areas in mm2, SRAMs by what they are for, ``extrapolated_mm2`` those of them whose
    price lies beyond the table, ``area_mm2`` with the allowance for placement; the shortest period
    that all its units meet, and which of them needs it; power, where it was measured.
    """

    machine: str
    cells: int
    flip_flops: int
    logic_mm2: float
    sram_mm2: dict[str, float]
    extrapolated_mm2: float
    area_mm2: float
    critical_path_ns: float
    slowest_unit: str
    power: MachinePower | None = None

    @classmethod
    def of(cls, costs: MachineCosts) -> CostRow:
        """Of a machine that was synthesised."""
        names = cls.model_fields.keys() - {"machine"}
        return cls(machine=costs.name, **{name: getattr(costs, name) for name in names})

    @property
    def mhz(self) -> float:
        """The clock that all its units meet."""
        return 1000 / self.critical_path_ns


class Costs(BaseModel):
    """
    The machines of a network; none where there is no report of their synthesis.

    Parameters
    ----------
    network, data : str
    command : str
        What makes that report.
    date : str, optional
        When it did.
    allowance, period_ns : float, optional
        For placement, and what units are timed against.
    machines : list of CostRow
    """

    network: str
    data: str
    command: str
    date: str | None = None
    allowance: float | None = None
    period_ns: float | None = None
    machines: list[CostRow] = []

    def machine(self, name: str) -> CostRow | None:
        """The machine of a name, where there is one."""
        return next((row for row in self.machines if row.machine == name), None)


def read_costs(folder: Path, network: str, data: str) -> Costs:
    """From the report of synthesis in a folder, if it is there."""
    path = folder / costs_file(network)
    if not path.is_file():
        return Costs(network=network, data=data, command=f"kiln synth cnn --network {network}")
    report = CnnCosts.model_validate_json(path.read_text())
    first = report.machines[0]
    return Costs(
        network=network,
        data=data,
        command=report.command,
        date=report.date,
        allowance=first.allowance,
        period_ns=first.period_ns,
        machines=[CostRow.of(machine) for machine in report.machines],
    )
