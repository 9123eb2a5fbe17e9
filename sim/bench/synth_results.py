"""What synthesis reports, as it is in the JSON file."""

from __future__ import annotations

from typing import Any

from pydantic import BaseModel, computed_field

from sw.physical.synthesis import UnitReport

__all__ = ["Line", "Machine", "Method", "Module", "SramPrice", "UnitLine", "Verdict"]


class SramPrice(BaseModel):
    """An SRAM of the machines: its figures, and what of the table they come from."""

    macro: str
    area_um2: float
    access_ns: float
    cycle_ns: float
    read_pj: float
    write_pj: float
    leakage_mw: dict[int, float]
    extrapolated: bool
    how: str


class Method(BaseModel):
    """
    What the figures rest on.

    Parameters
    ----------
    library, library_source, library_digest : str
        Cells.
    period_ns, input_delay_ns, output_delay_ns, driver, output_load_ff
        What units are timed against; ``budgets`` are those of units that differ, ``exceptions``
        their input ports that have two cycles, or never change.
    wire_load : str
    wire_ff : float
        Capacitance of a wire, for each pin that it goes to.
    load_share : float
        Of the largest load of a cell, what repair leaves it with.
    flavour : str
        Devices of the SRAMs.
    placement_allowance : float
    tools : list of str
    """

    library: str
    library_source: str
    library_digest: str
    period_ns: float
    input_delay_ns: float
    output_delay_ns: float
    driver: str
    output_load_ff: float
    budgets: dict[str, dict[str, Any]]
    exceptions: dict[str, list[str]]
    wire_load: str
    wire_ff: float
    load_share: float
    flavour: str
    placement_allowance: float
    tools: list[str]


class UnitLine(BaseModel):
    """A unit of a machine."""

    machine: str
    report: UnitReport

    @property
    def passed(self) -> bool:
        """Whether no path is late, and nothing loops."""
        slack = self.report.slack_ns
        return not self.report.loops and (slack is None or slack >= 0)


class Module(BaseModel):
    """
    A row of Table II: some parts of a PE, with the SRAMs in them; mW by temperature in kelvin,
    empty where power was not measured. What starts with ``paper`` is the paper's.
    """

    name: str
    parts: list[str]
    cells_um2: float
    sram_um2: float
    power_mw: dict[int, float] = {}
    paper_um2: float | None = None
    paper_mw: float | None = None

    @property
    def area_um2(self) -> float:
        """Cells and SRAMs."""
        return self.cells_um2 + self.sram_um2


class Line(BaseModel):
    """So many of a unit in a machine: area of one, and its leakage in mW by temperature."""

    unit: str
    count: int
    cells_um2: float
    sram_um2: float
    leakage_mw: dict[int, float]


class Machine(BaseModel):
    """
    A whole array with its control and host side.

    ``power_w`` by temperature is that of all PEs at work on ``workload``, and the leakage of the
    rest; empty where power was not measured. What starts with ``paper`` is published (of as many
    PEs, by Weng and Chien), ``bar_mm2`` the most that the area may be, ``bar_w`` the power.
    """

    name: str
    config: dict[str, Any]
    lines: list[Line]
    allowance: float
    modules: list[Module]
    workload: str = ""
    power_w: dict[int, float] = {}
    paper_mm2: float | None = None
    paper_w: float | None = None
    bar_mm2: float | None = None
    bar_w: float | None = None

    def _sum(self, field: str) -> float:
        return 1e-6 * sum(line.count * getattr(line, field) for line in self.lines)

    @computed_field  # type: ignore[prop-decorator]
    @property
    def cells_mm2(self) -> float:
        """All cells."""
        return self._sum("cells_um2")

    @computed_field  # type: ignore[prop-decorator]
    @property
    def sram_mm2(self) -> float:
        """All SRAMs."""
        return self._sum("sram_um2")

    @computed_field  # type: ignore[prop-decorator]
    @property
    def area_mm2(self) -> float:
        """Cells and SRAMs with the allowance for placement."""
        return (self.cells_mm2 + self.sram_mm2) * (1 + self.allowance)

    @property
    def element(self) -> Line:
        """The PE."""
        return next(line for line in self.lines if line.unit == "eie.pe")

    @property
    def element_um2(self) -> float:
        """A PE with the allowance for placement."""
        return (self.element.cells_um2 + self.element.sram_um2) * (1 + self.allowance)

    def leakage_mw(self, temperature: int) -> float:
        """Of all units."""
        return sum(line.count * line.leakage_mw[temperature] for line in self.lines)


class Verdict(BaseModel):
    """A bar, what was measured, and whether it is met; ``stretched`` is of the goal beyond it."""

    what: str
    measured: float
    bar: float
    passed: bool
    stretch: float | None = None
    stretched: bool | None = None

    @classmethod
    def at_most(
        cls, what: str, measured: float, bar: float, stretch: float | None = None
    ) -> Verdict:
        """Of a figure that must not be above the bar."""
        met = None if stretch is None else measured <= stretch
        return cls(
            what=what,
            measured=measured,
            bar=bar,
            passed=measured <= bar,
            stretch=stretch,
            stretched=met,
        )
