"""What a sweep of sizes reports, as it is in the JSON file."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from pydantic import BaseModel, ConfigDict, computed_field

from sim.verification import CLOCK_MHZ

from .synth_report import SynthReport

__all__ = ["Calibration", "ExploreReport", "LogicCost", "Point", "Shape", "Skipped", "front"]


@dataclass(frozen=True)
class Shape:
    """PEs, lanes, columns broadcast together, depth of the queues, and how many times as much SRAM
    as the predictor needs."""

    n_pe: int
    lanes: int
    group: int
    queue_depth: int
    spare: int

    @property
    def name(self) -> str:
        """``8x4x16``: PEs, lanes, columns."""
        return f"{self.n_pe}x{self.lanes}x{self.group}"


class _Frozen(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class LogicCost(_Frozen):
    """Cells of a whole array, and its SRAMs outside of PEs: um2; flip-flops; leakage in mW."""

    cells_um2: float
    sram_um2: float
    flip_flops: int
    leakage_mw: float


class Calibration(_Frozen):
    """
    Energies from the power of a PE at work.

    Parameters
    ----------
    machine, workload : str
        What was measured.
    fj_per_entry : float
        Registers and gates, by entry worked on.
    fj_per_clocked : float
        Clock network, by flip-flop and cycle.
    """

    machine: str
    workload: str
    fj_per_entry: float
    fj_per_clocked: float

    @classmethod
    def of(cls, report: SynthReport, machine: str) -> Calibration | None:
        """From a report of synthesis; ``None`` where that machine's power was not measured."""
        powers = [each for each in report.powers if each.machine == machine]
        units = [unit.report for unit in report.units if unit.machine == machine]
        element = next((unit for unit in units if unit.name == "eie.pe"), None)
        if not powers or element is None:
            return None
        power = powers[-1]
        dynamic: dict[str, float] = {}
        for part in power.dynamic_mw.values():
            for component, mw in part.items():
                dynamic[component] = dynamic.get(component, 0.0) + mw
        logic = dynamic.get("register", 0.0) + dynamic.get("combinational", 0.0)
        clocked = element.flip_flops * power.us * CLOCK_MHZ
        return cls(
            machine=machine,
            workload=power.workload,
            fj_per_entry=1e6 * logic * power.us / power.entries,
            fj_per_clocked=1e6 * dynamic.get("clock_network", 0.0) * power.us / clocked,
        )


class Point(_Frozen):
    """
    A size, and what it costs; ``energies_uj`` are what ``energy_uj`` is made of, each of an
    inference in all PEs.
    """

    shape: Shape
    spmat_bytes: int
    pointer_bytes: int
    cycles: int
    latency_us: float
    cells_mm2: float
    sram_mm2: float
    area_mm2: float
    energy_uj: float
    energies_uj: dict[str, float]

    @property
    def costs(self) -> tuple[float, float, float]:
        """What should be small."""
        return self.latency_us, self.area_mm2, self.energy_uj


class Skipped(_Frozen):
    """A size that the predictor does not run on."""

    shape: Shape
    why: str


def front(points: Sequence[Point]) -> list[Point]:
    """Points that no other is as good as in latency, area and energy, and better in one of them;
    the fastest first."""
    best = [
        point
        for point in points
        if not any(
            other.costs != point.costs
            and all(a <= b for a, b in zip(other.costs, point.costs, strict=True))
            for other in points
        )
    ]
    return sorted(best, key=lambda point: point.costs)


class ExploreReport(BaseModel):
    """
    A sweep: when, by which command, and what it gave.

    ``latency`` says where cycles come from, ``calibrations`` the energies of logic (by lanes, 1 or
    more); without any, energy is that of SRAMs and leakage.
    """

    date: str
    command: str
    network: str
    latency: str
    allowance: float
    calibrations: dict[str, Calibration]
    points: list[Point]
    skipped: list[Skipped]

    @computed_field  # type: ignore[prop-decorator]
    @property
    def pareto(self) -> list[Point]:
        """The front of latency, area and energy."""
        return front(self.points)
