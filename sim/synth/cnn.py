"""What a streaming network costs: each distinct unit through synthesis once, times its count."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from enum import Enum

from pydantic import BaseModel, computed_field

from hw.cnn.config import PipelineConfig
from hw.cnn.units import CountedUnit, units
from hw.unit import Unit
from sw.physical.macros import macro_geometry
from sw.physical.placement import read_placement_allowance
from sw.physical.sram import SramTable
from sw.physical.synthesis import UnitReport
from sw.physical.timing import Budget

from .cnn_power import MachinePower
from .pool import Progress, run_jobs
from .run import FLAVOUR, Run, Setting

__all__ = [
    *("CnnJob", "MachineCosts", "MacroCosts", "MemoryKind", "UnitCosts"),
    *("cnn_jobs", "costs_of", "machine_costs", "memory_kind"),
]


class MemoryKind(Enum):
    """What a memory of a pipeline is for."""

    LINE_BUFFER = "line buffers"
    SKIP = "skips"
    WEIGHTS = "weights"
    PARAMETERS = "parameters"
    POOL = "pools"


_BY_KIND = {
    "skipfifo": MemoryKind.SKIP,
    "framehold": MemoryKind.SKIP,
    "averagepool": MemoryKind.POOL,
    "maxpool": MemoryKind.POOL,
}
_OF_A_CONVOLUTION = {
    "window": MemoryKind.LINE_BUFFER,
    "dot": MemoryKind.WEIGHTS,
    "requantise": MemoryKind.PARAMETERS,
}
_BIGGEST = "convstage"


@dataclass(frozen=True)
class CnnJob:
    """
    A unit of a streaming network to synthesise.

    Parameters
    ----------
    machine : str
        What the network is called.
    counted : CountedUnit
    """

    machine: str
    counted: CountedUnit

    @property
    def name(self) -> str:
        """What reports call it: the same for two machines, whose units are often the same."""
        return f"cnn.{self.counted.kind}"

    @property
    def label(self) -> str:
        """Unit and machine."""
        return f"{self.counted.unit.name} of {self.machine}"

    @property
    def unit(self) -> Unit:
        """The unit itself."""
        return self.counted.unit

    @property
    def budget(self) -> Budget:
        """The usual one: neighbours are near."""
        return Budget()

    @property
    def what(self) -> str:
        """Class and arguments."""
        return repr(self.counted.unit.make)


class MacroCosts(BaseModel):
    """An SRAM of a unit: its price, in um2 and ns; ``extrapolated`` where it lies beyond the
    table."""

    kind: MemoryKind
    macro: str
    area_um2: float
    access_ns: float
    extrapolated: bool


class UnitCosts(BaseModel):
    """A distinct unit: where it is, what one of it costs, and its SRAMs."""

    name: str
    kind: str
    places: list[str]
    srams: list[MacroCosts]
    report: UnitReport

    @property
    def count(self) -> int:
        """How many there are."""
        return len(self.places)

    @property
    def passed(self) -> bool:
        """Whether no path is late, and nothing loops."""
        return not self.report.loops and (self.report.slack_ns or 0.0) >= 0

    def sram_um2(self, kind: MemoryKind) -> float:
        """Of one unit's SRAMs of a kind."""
        return sum(sram.area_um2 for sram in self.srams if sram.kind is kind)


class MachineCosts(BaseModel):
    """
    A streaming network with its host side, without what joins its units: a few gates each.

    Parameters
    ----------
    name : str
    period_ns : float
        What it is timed against.
    allowance : float
        Share of area that placement adds.
    units : list of UnitCosts
    power : MachinePower, optional
        Where it was measured.
    """

    name: str
    period_ns: float
    allowance: float
    units: list[UnitCosts]
    power: MachinePower | None = None

    @computed_field  # type: ignore[prop-decorator]
    @property
    def logic_mm2(self) -> float:
        """Cells, small memories of flip-flops included."""
        return 1e-6 * sum(unit.count * unit.report.area_um2 for unit in self.units)

    @computed_field  # type: ignore[prop-decorator]
    @property
    def sram_mm2(self) -> dict[str, float]:
        """SRAMs by what they are for."""
        return {
            kind.value: 1e-6 * sum(unit.count * unit.sram_um2(kind) for unit in self.units)
            for kind in MemoryKind
        }

    @computed_field  # type: ignore[prop-decorator]
    @property
    def extrapolated_mm2(self) -> float:
        """Those SRAMs whose price lies beyond the table."""
        return 1e-6 * sum(
            unit.count * sram.area_um2
            for unit in self.units
            for sram in unit.srams
            if sram.extrapolated
        )

    @computed_field  # type: ignore[prop-decorator]
    @property
    def area_mm2(self) -> float:
        """All of it, with the allowance for placement."""
        return (self.logic_mm2 + sum(self.sram_mm2.values())) * (1 + self.allowance)

    @computed_field  # type: ignore[prop-decorator]
    @property
    def cells(self) -> int:
        """Cells of the library."""
        return sum(
            unit.count * sum(cell.count for cell in unit.report.cells.values())
            for unit in self.units
        )

    @computed_field  # type: ignore[prop-decorator]
    @property
    def flip_flops(self) -> int:
        """Flip-flops among them."""
        return sum(unit.count * unit.report.flip_flops for unit in self.units)

    @property
    def slowest(self) -> UnitCosts:
        """The unit with the least slack."""
        return min(self.units, key=lambda unit: _slack(unit.report))

    @computed_field  # type: ignore[prop-decorator]
    @property
    def slowest_unit(self) -> str:
        """Its name."""
        return self.slowest.name

    @computed_field  # type: ignore[prop-decorator]
    @property
    def slack_ns(self) -> float:
        """Its slack."""
        return _slack(self.slowest.report)

    @computed_field  # type: ignore[prop-decorator]
    @property
    def critical_path_ns(self) -> float:
        """The shortest period that all units would meet, if what is outside of them takes as long
        as now."""
        return self.period_ns - self.slack_ns

    @property
    def passed(self) -> bool:
        """Whether all units meet the clock."""
        return all(unit.passed for unit in self.units)


def _slack(report: UnitReport) -> float:
    return report.period_ns if report.slack_ns is None else report.slack_ns


def cnn_jobs(machine: str, config: PipelineConfig) -> list[CnnJob]:
    """All distinct units of a machine, convolutions first."""
    jobs = [CnnJob(machine, each) for each in units(config).values()]
    return sorted(jobs, key=lambda job: job.counted.kind != _BIGGEST)


def costs_of(machine: str, runs: Sequence[Run[CnnJob]], srams: SramTable) -> MachineCosts:
    """A machine from its units that were synthesised."""
    return MachineCosts(
        name=machine,
        period_ns=runs[0].report.period_ns,
        allowance=read_placement_allowance(),
        units=[
            UnitCosts(
                name=run.job.counted.unit.name,
                kind=run.job.counted.kind,
                places=list(run.job.counted.places),
                srams=_srams(run, srams),
                report=run.report,
            )
            for run in runs
        ],
    )


def _srams(run: Run[CnnJob], table: SramTable) -> list[MacroCosts]:
    found = []
    for path, macro in run.srams.items():
        geometry = macro_geometry(macro)
        assert geometry is not None, macro
        figures = geometry.price(table, flavour=FLAVOUR)
        found.append(
            MacroCosts(
                kind=memory_kind(run.job.counted.kind, path),
                macro=macro,
                area_um2=figures.area_um2,
                access_ns=figures.access_ns,
                extrapolated=figures.extrapolated,
            )
        )
    return found


def memory_kind(unit: str, path: str) -> MemoryKind:
    """What an SRAM in a kind of unit is for, by its path there or by the part that it is in."""
    return _BY_KIND.get(unit) or _OF_A_CONVOLUTION[path.split(".")[0]]


def machine_costs(
    config: PipelineConfig,
    setting: Setting,
    *,
    name: str = "streaming network",
    workers: int = 1,
    progress: Progress = lambda done, under_way: None,
) -> MachineCosts:
    """Synthesise all distinct units of a machine, those that were not before, and add them up."""
    runs = run_jobs(cnn_jobs(name, config), setting, workers, progress)
    return costs_of(name, runs, SramTable.load())
