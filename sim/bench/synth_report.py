"""The report of synthesis, and the bars that it must meet."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from pydantic import BaseModel, computed_field

from .right_sized import Candidate
from .synth_power import ElementPower
from .synth_results import Machine, Method, SramPrice, UnitLine, Verdict

__all__ = ["BAR_TEMPERATURE", "CORE_MODULES", "RightSized", "SynthReport"]

BAR_TEMPERATURE = 300
"""Of the memories, in kelvin, where a bar is of power."""
CORE_MODULES = ("Act_queue", "ArithmUnit", "ActRW")
_CORE_UM2 = 36_500
_ELEMENT_UM2 = 638_000
_RIGHT_SIZED_MM2 = (1.5, 0.8)
_RIGHT_SIZED_UJ = 0.2


class RightSized(BaseModel):
    """
    The smallest array for a predictor.

    ``candidates`` are all sizes in the order of the search; ``areas_mm2`` those that are fast
    enough, by name, of which ``machine`` is the smallest. ``energy_uj`` of a prediction of the
    worst case, and ``power_w`` at ``rate`` of them a second, by temperature; empty where power was
    not measured.
    """

    network: str
    latency_bar_us: float
    candidates: list[Candidate]
    areas_mm2: dict[str, float]
    machine: Machine
    worst_us: float
    real_us: float
    rate: float
    energy_uj: dict[int, float] = {}
    power_w: dict[int, float] = {}


class SynthReport(BaseModel):
    """A run: when, by which command, how, and what it gave."""

    date: str
    command: str
    method: Method
    srams: list[SramPrice]
    units: list[UnitLine]
    machines: list[Machine]
    powers: list[ElementPower] = []
    right_sized: RightSized | None = None

    def machine(self, name: str) -> Machine | None:
        """The machine of that name, where there is one."""
        return next((each for each in self.machines if each.name == name), None)

    @computed_field  # type: ignore[prop-decorator]
    @property
    def verdicts(self) -> list[Verdict]:
        """The bars of all that was synthesised."""
        return [*_clock(self.units), *_areas(self), *_right_sized(self.right_sized)]

    @computed_field  # type: ignore[prop-decorator]
    @property
    def passed(self) -> bool:
        """Whether all of them are met."""
        return all(verdict.passed for verdict in self.verdicts)


def _clock(units: Sequence[UnitLine]) -> Iterator[Verdict]:
    late = sum(not unit.passed for unit in units)
    what = f"units of {len(units)} with a late path or a combinational loop"
    yield Verdict.at_most(what, late, 0)


def _areas(report: SynthReport) -> Iterator[Verdict]:
    paper = report.machine("paper64")
    if paper is not None:
        core = sum(module.cells_um2 for module in paper.modules if module.name in CORE_MODULES)
        what = "paper64, queue, arithmetic, activation read/write without SRAM, um2"
        yield Verdict.at_most(what, core, _CORE_UM2)
        what = "paper64, a PE with the allowance for placement, um2"
        yield Verdict.at_most(what, paper.element_um2, _ELEMENT_UM2)
    for machine in report.machines:
        if machine.bar_mm2 is not None:
            what = f"{machine.name}, all of it with the allowance for placement, mm2"
            yield Verdict.at_most(what, machine.area_mm2, machine.bar_mm2)
        if machine.bar_w is not None and BAR_TEMPERATURE in machine.power_w:
            what = f"{machine.name} at work on {machine.workload} at {BAR_TEMPERATURE} K, W"
            yield Verdict.at_most(what, machine.power_w[BAR_TEMPERATURE], machine.bar_w)


def _right_sized(result: RightSized | None) -> Iterator[Verdict]:
    if result is None:
        return
    name = f"{result.machine.name} cut to {result.network}"
    yield Verdict.at_most(f"{name}, worst case, us", result.worst_us, result.latency_bar_us)
    yield Verdict.at_most(f"{name}, mm2", result.machine.area_mm2, *_RIGHT_SIZED_MM2)
    if BAR_TEMPERATURE in result.energy_uj:
        energy = result.energy_uj[BAR_TEMPERATURE]
        yield Verdict.at_most(f"{name}, uJ a prediction", energy, _RIGHT_SIZED_UJ)
