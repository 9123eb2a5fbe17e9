"""
What arrays of other sizes would cost: latency, area and energy of one predictor on each.

- *Latency* is of the worst case, no activation being zero: the cycles of its events
  (:func:`sim.bench.sizing.event_cycles`), or those of the RTL.
- *Area* is that of the PE's units, each synthesised alone, of its SRAMs, and of what the array has
  beside its PEs; with the allowance for placement. Glue between the units is not in it.
- *Energy* is accesses of SRAMs times what the table says of them; entries and clocked flip-flops
  times what the power of a PE at work gives for one of each (:class:`Calibration`); and leakage of
  everything during the latency. Without a calibration, only SRAMs and leakage are in it.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from functools import cache
from typing import Any

import numpy as np

from hw.eie.broadcast import BROADCAST_FLIGHT
from hw.eie.config import EieConfig
from sim.synth.jobs import SynthJob
from sim.synth.run import FLAVOUR, SynthRun
from sim.verification import CLOCK_MHZ
from sw.compress.compile import lay_out
from sw.compress.layout import CapacityError
from sw.compress.program import Program
from sw.physical.cells import read_cells
from sw.physical.sram import SramTable

from .activity import Activity, count_pass
from .explore_results import Calibration, LogicCost, Point, Shape, Skipped
from .mittos import run_machine
from .predictors import Prepared, chosen
from .sizing import event_cycles, sized
from .synth import composition

__all__ = ["Task", "evaluate", "jobs_of_shape", "logic_of", "shapes"]

TEMPERATURE = 300
_REQUESTS, _JUDGED = 8, 100
_ROOMY = EieConfig(n_pe=1, spmat_depth=1 << 17, ptr_depth=1 << 15, act_depth=1 << 12)
_USUAL = {"spmat_depth": 1 << 14, "ptr_depth": 1 << 14, "act_depth": 1 << 10, "max_passes": 64}
"""Memories of a PE whose logic is synthesised: their depth only makes addresses longer."""
_NARROW = ("pointer", "spmat", "arith", "accumulators", "requantise", "file", "source")
_WIDE = ("pointer", "spmat", "arith", "requantise", "source")
_BESIDE = ("eie.lnzd", "eie.broadcast", "eie.block", "eie.sums", "eie.control")
_LONGEST_FILE = 128


@dataclass(frozen=True)
class Task:
    """
    A point to evaluate.

    Parameters
    ----------
    network : str
        A latency predictor by name.
    shape : Shape
    logic : LogicCost
        Of the shape.
    calibration : Calibration, optional
    allowance : float
        For placement, a share of the area.
    rtl : bool
        Whether the latency is that of the RTL.
    """

    network: str
    shape: Shape
    logic: LogicCost
    calibration: Calibration | None
    allowance: float
    rtl: bool = False


def shapes(
    pes: Iterable[int],
    lanes: Iterable[int],
    groups: Iterable[int],
    depths: Iterable[int],
    spare: Iterable[int],
) -> list[Shape]:
    """All shapes that a configuration can have: groups are of wide arrays, and 1 elsewhere."""
    pes, lanes, groups, depths, spare = map(list, (pes, lanes, groups, depths, spare))
    found = {
        Shape(n_pe, lane, group if lane > 1 else 1, depth, factor): None
        for n_pe in pes
        for lane in lanes
        for group in groups
        for depth in depths
        for factor in spare
        if group <= n_pe * lane or lane == 1
    }
    return list(found)


def _configured(network: str, shape: Shape, **memories: int) -> EieConfig:
    """A shape with files that hold the network's longest vector, where 128 slots do."""
    slots = -(-max(_prepared(network).facts.sizes) // shape.n_pe)
    others: dict[str, Any] = {**_USUAL, **memories}
    return replace(
        _ROOMY,
        n_pe=shape.n_pe,
        lanes=shape.lanes,
        group_max=shape.group,
        queue_depth=shape.queue_depth,
        file_depth=min(_LONGEST_FILE, max(shape.lanes, 2, 1 << (slots - 1).bit_length())),
        **others,
    )


def jobs_of_shape(network: str, shape: Shape) -> dict[SynthJob, int]:
    """Units to synthesise for a shape, and how many of each there are; only the queue depends on
    its depth, so that shapes which differ in that share the rest."""
    config = _configured(network, shape)
    rest = replace(config, queue_depth=_ROOMY.queue_depth)
    counts = dict.fromkeys(_WIDE if config.is_wide else _NARROW, shape.n_pe)
    jobs = {_job(f"eie.{name}", rest): count for name, count in counts.items()}
    beside = composition(rest)
    jobs |= {_job(name, rest): beside[name] for name in _BESIDE if name in beside}
    return {**jobs, _job("eie.queue", config): shape.n_pe}


def _job(name: str, config: EieConfig) -> SynthJob:
    machine = f"{config.n_pe}x{config.lanes}x{config.group_max}"
    return SynthJob(machine, config, name)


def logic_of(jobs: Mapping[SynthJob, int], runs: Mapping[SynthJob, SynthRun]) -> LogicCost:
    """What the units of an array are together. SRAMs are those beside the PEs: a PE's depend on
    more than the units' configuration."""
    beside = [(runs[job], count) for job, count in jobs.items() if job.name in _BESIDE]
    found = [(runs[job].report, count) for job, count in jobs.items()]
    cells = read_cells()
    return LogicCost(
        cells_um2=sum(count * report.area_um2 for report, count in found),
        sram_um2=sum(count * run.report.macro_area_um2 for run, count in beside),
        flip_flops=sum(count * report.flip_flops for report, count in found),
        leakage_mw=1e-6
        * sum(
            count * cell.count * cells[kind].leakage
            for report, count in found
            for kind, cell in report.cells.items()
        ),
    )


@cache
def _prepared(network: str) -> Prepared:
    (predictor,) = chosen([network])
    return predictor.prepare(_REQUESTS, _JUDGED)


@cache
def _srams() -> SramTable:
    return SramTable.load()


def evaluate(task: Task) -> Point | Skipped:
    """A point, or why there is none. Everything that it needs comes with the task, or with Kiln: it
    can run anywhere."""
    shape, prepared = task.shape, _prepared(task.network)
    try:
        template = _configured(task.network, shape, **_deepest())
        config = sized(prepared.cases, template)
        config = replace(
            config,
            file_depth=template.file_depth,
            spmat_depth=shape.spare * config.spmat_depth,
            ptr_depth=min(shape.spare * config.ptr_depth, _ROOMY.ptr_depth),
        )
        worst = prepared.cases[-1]
        program = lay_out(worst.quantised, config, worst.calibration)
    except (CapacityError, ValueError) as error:
        return Skipped(shape=shape, why=str(error))
    cycles = event_cycles(program, config.queue_depth + BROADCAST_FLIGHT)
    if task.rtl:
        _, run = run_machine(shape.name, config, [prepared])
        if run.mismatches:
            return Skipped(shape=shape, why=f"{run.mismatches} wrong outputs on the RTL")
        cycles = run.cycles_max
    us = cycles / CLOCK_MHZ
    activity = Activity()
    for each in program.passes:
        count_pass(activity, program, each, np.arange(each.columns))
    sram_um2, leakage_mw = _memories(config)
    energy = {
        "sram": 1e-6 * _access_pj(program, activity),
        "logic": 0.0,
        "leakage": 1e-3 * us * (leakage_mw + task.logic.leakage_mw),
    }
    if task.calibration is not None:
        fj = task.calibration.fj_per_entry * activity.multiply_accumulates
        fj += task.calibration.fj_per_clocked * task.logic.flip_flops * cycles
        energy["logic"] = 1e-9 * fj
    cells_mm2 = 1e-6 * task.logic.cells_um2
    sram_mm2 = 1e-6 * (sram_um2 + task.logic.sram_um2)
    return Point(
        shape=shape,
        spmat_bytes=8 * config.spmat_depth,
        pointer_bytes=2 * config.ptr_depth,
        cycles=cycles,
        latency_us=us,
        cells_mm2=cells_mm2,
        sram_mm2=sram_mm2,
        area_mm2=(cells_mm2 + sram_mm2) * (1 + task.allowance),
        energy_uj=sum(energy.values()),
        energies_uj=energy,
    )


def _deepest() -> dict[str, int]:
    names = ("spmat_depth", "ptr_depth", "act_depth")
    return {name: getattr(_ROOMY, name) for name in names}


def _macros(config: EieConfig) -> dict[str, tuple[int, int, int]]:
    """Words, bits and number of a PE's SRAMs."""
    if config.is_wide:
        spmat, pointers = (config.spmat_depth // 2, 64, 2), (config.ptr_depth // 8, 64, 2)
    else:
        spmat, pointers = (config.spmat_depth, 64, 1), (config.ptr_depth // 2, 16, 2)
    return {"spmat": spmat, "pointers": pointers, "act": (config.act_depth, 16, 1)}


def _memories(config: EieConfig) -> tuple[float, float]:
    """Area in um2 and leakage in mW of the SRAMs of all PEs."""
    area = leakage = 0.0
    for depth, width, count in _macros(config).values():
        price = _srams().price(depth, width, flavour=FLAVOUR, temperature=TEMPERATURE)
        area += config.n_pe * count * price.area_um2
        leakage += config.n_pe * count * (price.leakage_mW + price.gate_leakage_mW)
    return area, leakage


def _access_pj(program: Program, activity: Activity) -> float:
    """Of all accesses of an inference, in pJ."""
    prices = {
        name: _srams().price(depth, width, flavour=FLAVOUR)
        for name, (depth, width, _) in _macros(program.config).items()
    }
    return (
        activity.spmat_reads * prices["spmat"].read_pJ
        + 2 * activity.pointer_reads * prices["pointers"].read_pJ
        + activity.sram_reads * prices["act"].read_pJ
        + activity.sram_writes * prices["act"].write_pJ
    )
