"""From units that were synthesised to what machines cost."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict

from hw.eie.config import EieConfig
from hw.eie.lnzd import RADIX
from sim.synth.jobs import SynthJob, jobs_of, unit_names
from sim.synth.run import FLAVOUR, SynthRun
from sw.physical.cells import CellLibrary, read_cells
from sw.physical.placement import read_placement_allowance
from sw.physical.sram import TEMPERATURES, SramTable

from .eie_table2 import MODULES
from .right_sized import LATENCY_US, NETWORK, Candidate
from .synth_method import geometry_of
from .synth_power import ElementPower
from .synth_report import RightSized
from .synth_results import Line, Machine, Module
from .weng_chien import COST

__all__ = [
    *("MACHINES", "composition", "machine_of", "power_of"),
    *("power_runs", "report_jobs", "right_sized_of"),
]

MACHINES = ("paper64", "weng32", "weng8", "wide32")
"""Presets whose totals are reported: the first and the last with all their units."""
_WORKLOADS = {"paper64": "Alex-7", "wide32": NETWORK}
"""What a PE of each does while its power is measured; where that has cases, the worst counts."""
_SAME_ELEMENT = {"weng32": "paper64", "weng8": "paper64"}
"""Machines whose PE differs from another's in the width of its number alone."""
RATE = 400_000
"""Predictions a second, for the power of the array cut to a predictor."""
_BARS_MM2 = {"weng32": 20.4, "wide32": 23.5}
_BARS_W = {"weng32": 0.29}
_WITH_ALL_UNITS = ("paper64", "wide32")
_PARTS = {
    "Act_queue": ("queue",),
    "PtrRead": ("pointer",),
    "SpmatRead": ("spmat",),
    "ArithmUnit": ("arith",),
    "ActRW": ("accumulators", "requantise", "file", "source"),
    "counters": ("counters",),
}
"""Parts of our PE by the paper's modules; those of a wide PE have a number behind their name."""
_ACT_SRAM = "sram"
_GLUE, _MEMORY = "(top)", "memory"
"""What belongs to no part; the activation SRAM is the only memory in it."""


def composition(config: EieConfig) -> dict[str, int]:
    """How many of each unit a machine has, by name."""
    below, nodes = config.blocks, 0
    while below > 1:
        below = -(-below // RADIX)
        nodes += below
    if not config.is_wide:
        nodes = max(1, nodes)
    counts = {"eie.pe": config.n_pe, "eie.lnzd": nodes, "eie.broadcast": 1}
    if config.is_wide:
        counts |= {"eie.block": config.blocks, "eie.sums": 1}
    counts |= dict.fromkeys(("eie.control", "eie.loader", "eie.readout", "eie.registers"), 1)
    return {name: count for name, count in counts.items() if count}


def report_jobs() -> list[SynthJob]:
    """All units that the report of the presets needs."""
    jobs = []
    for preset in MACHINES:
        config = jobs_of(preset)[0].config
        names = unit_names(config) if preset in _WITH_ALL_UNITS else list(composition(config))
        jobs += jobs_of(preset, names)
    return jobs


def machine_of(
    name: str,
    runs: Sequence[SynthRun],
    srams: SramTable,
    *,
    own_cells: bool = True,
    power: Sequence[ElementPower] = (),
) -> Machine:
    """
    A machine from the units of it that were synthesised.

    Parameters
    ----------
    own_cells : bool
        Whether cells are Kiln's, whose leakage is known.
    power : sequence of ElementPower
        Of its PE, one workload at each temperature; of no others.
    """
    units = {run.job.name: run for run in runs if run.job.machine == name}
    config = units["eie.pe"].job.config
    cells = read_cells() if own_cells else None
    lines = [
        Line(
            unit=unit,
            count=count,
            cells_um2=units[unit].report.area_um2,
            sram_um2=units[unit].report.macro_area_um2,
            leakage_mw=_leakage(units[unit], srams, cells),
        )
        for unit, count in composition(config).items()
    ]
    published = COST.get(config.n_pe) if not config.is_wide else None
    machine = Machine(
        name=name,
        config=asdict(config),
        lines=lines,
        allowance=read_placement_allowance(),
        modules=_modules(units["eie.pe"], srams, power),
        workload=power[0].workload if power else "",
        paper_mm2=published.area_mm2 if published else None,
        paper_w=published.power_w if published else None,
        bar_mm2=_BARS_MM2.get(name),
        bar_w=_BARS_W.get(name),
    )
    for each in power:
        rest = machine.leakage_mw(each.temperature_k)
        rest -= config.n_pe * machine.element.leakage_mw[each.temperature_k]
        machine.power_w[each.temperature_k] = 1e-3 * (config.n_pe * each.total_mw + rest)
    return machine


def power_runs(
    runs: Sequence[SynthRun], candidates: Sequence[Candidate], srams: SramTable
) -> list[tuple[SynthRun, str]]:
    """PEs whose power the report needs, and on which workload."""
    elements = {run.job.machine: run for run in runs if run.job.name == "eie.pe"}
    best = _smallest(candidates, runs, srams)
    return [
        *((elements[name], workload) for name, workload in _WORKLOADS.items()),
        (elements[best.name], NETWORK),
    ]


def power_of(machine: str, powers: Sequence[ElementPower]) -> list[ElementPower]:
    """Power of a machine's PE on the workload that it is reported for, at each temperature."""
    measured = _SAME_ELEMENT.get(machine, machine)
    mine = [each for each in powers if each.machine == measured]
    return [each for each in mine if each.workload == mine[-1].workload]


def _smallest(
    candidates: Sequence[Candidate], runs: Sequence[SynthRun], srams: SramTable
) -> Candidate:
    fitting = [each for each in candidates if each.fits]
    areas = {
        each.name: machine_of(each.name, runs, srams, own_cells=False).area_mm2 for each in fitting
    }
    return min(fitting, key=lambda each: areas[each.name])


def right_sized_of(
    candidates: Sequence[Candidate],
    runs: Sequence[SynthRun],
    srams: SramTable,
    *,
    own_cells: bool = True,
    power: Sequence[ElementPower] = (),
) -> RightSized:
    """The smallest machine of the candidates that are fast enough, all of them synthesised; power
    is that of its PE, at each temperature."""
    fitting = [each.name for each in candidates if each.fits]
    machines = [machine_of(name, runs, srams, own_cells=own_cells) for name in fitting]
    best = _smallest(candidates, runs, srams)
    of_best = power_of(best.name, power)
    machine = machine_of(best.name, runs, srams, own_cells=own_cells, power=of_best)
    assert best.worst_us is not None and best.real_us is not None
    energy, at_rate = {}, {}
    for each in of_best:
        kelvin, dynamic = each.temperature_k, best.parameters.n_pe * each.dynamic_total_mw
        energy[kelvin] = machine.power_w[kelvin] * best.worst_us
        leakage = 1e-3 * machine.leakage_mw(kelvin)
        at_rate[kelvin] = 1e-9 * dynamic * each.us * RATE + leakage
    return RightSized(
        network=NETWORK,
        latency_bar_us=LATENCY_US,
        candidates=list(candidates),
        areas_mm2={each.name: each.area_mm2 for each in machines},
        machine=machine,
        worst_us=best.worst_us,
        real_us=best.real_us,
        rate=RATE,
        energy_uj=energy,
        power_w=at_rate,
    )


def _leakage(run: SynthRun, srams: SramTable, cells: CellLibrary | None) -> dict[int, float]:
    """mW of a unit by temperature; that of cells is known at theirs only."""
    inside = 0.0
    if cells is not None:
        counts = run.report.cells.items()
        inside = 1e-6 * sum(cell.count * cells[kind].leakage for kind, cell in counts)
    return {
        kelvin: inside
        + sum(
            count * (price.leakage_mW + price.gate_leakage_mW)
            for macro, count in run.report.macros.items()
            for price in (geometry_of(macro).price(srams, flavour=FLAVOUR, temperature=kelvin),)
        )
        for kelvin in TEMPERATURES
    }


def _modules(run: SynthRun, srams: SramTable, power: Sequence[ElementPower]) -> list[Module]:
    """A PE by the modules of the paper's."""
    left = dict(run.report.parts)
    glue = left.pop(_GLUE)
    modules = []
    for name, stems in _PARTS.items():
        parts = [part for part in left if part.rstrip("_0123456789") in stems]
        paths = [*parts, *([_ACT_SRAM] if name == "ActRW" else [])]
        macros = [macro for path, macro in run.srams.items() if path.split(".")[0] in paths]
        paper = MODULES.get(name)
        modules.append(
            Module(
                name=name,
                parts=parts,
                cells_um2=sum(left[part].area_um2 for part in parts),
                sram_um2=sum(
                    geometry_of(macro).price(srams, flavour=FLAVOUR).area_um2 for macro in macros
                ),
                power_mw={
                    each.temperature_k: sum(map(each.part_mw, parts))
                    + (each.part_mw(_GLUE, _MEMORY) if name == "ActRW" else 0)
                    for each in power
                },
                paper_um2=paper.area_um2 if paper else None,
                paper_mw=paper.power_mw if paper else None,
            )
        )
    top = {each.temperature_k: each.part_mw(_GLUE) - each.part_mw(_GLUE, _MEMORY) for each in power}
    modules.append(Module(name="glue", parts=[], cells_um2=glue.area_um2, sram_um2=0, power_mw=top))
    return modules
