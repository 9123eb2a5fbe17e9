"""
Latency predictors on the RTL: cycles beside the times that Weng and Chien estimate.

Time is from the start command to the last result: biases, codebooks and the drain through
requantisation are in it; the inputs' way in and the results' way out are not, and stand beside it.
Every output of every request is compared with the golden model.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace

import numpy as np

from hw.eie.config import EieConfig
from hw.eie.format import Counter
from sim.engine import EieEngine
from sim.verification import CLOCK_MHZ
from sw.compress.compile import lay_out
from sw.compress.frame import program_frame
from sw.compress.layout import CapacityError
from sw.compress.program import Program

from .eie import COUNTED, LIMIT, WATCHDOG, transfer_cycles
from .mittos_results import Row
from .predictors import Case, Prepared, quality
from .weng_chien import estimate_us

__all__ = ["fitted", "machine_cost", "run_machine"]

_DEEPEST = 1 << 20


def fitted(case: Case, config: EieConfig) -> Program:
    """The case laid out for a configuration, whose sparse-matrix SRAM is doubled until it fits."""
    while True:
        try:
            return lay_out(case.quantised, config, case.calibration)
        except CapacityError:
            if 2 * config.spmat_depth > _DEEPEST:
                raise
            config = replace(config, spmat_depth=2 * config.spmat_depth)


def run_machine(
    name: str,
    config: EieConfig,
    prepared: Sequence[Prepared],
    progress: Callable[[str, float], object] = lambda what, cost: None,
) -> list[Row]:
    """
    All cases on a machine; one that does not fit runs on the same machine with deeper SRAM.

    ``progress`` is called with what was done, and parts of :func:`machine_cost`.
    """
    programs = [(each, case, fitted(case, config)) for each in prepared for case in each.cases]
    rows = []
    for used in dict.fromkeys(program.config for _, _, program in programs):
        with EieEngine(used, limit=LIMIT) as engine:
            engine.watchdog = WATCHDOG
            for each, case, program in programs:
                if program.config == used:
                    rows.append(_row(name, config, engine, each, case, program))
                    what = f"{each.facts.name} on {name}, {case.name}"
                    progress(what, _cost(each, case, config))
    return rows


def machine_cost(config: EieConfig, prepared: Sequence[Prepared]) -> float:
    """About how long the cases take to simulate on a machine, in a unit of its own."""
    return sum(_cost(each, case, config) for each in prepared for case in each.cases)


def _cost(each: Prepared, case: Case, config: EieConfig) -> float:
    columns = sum(each.facts.sizes[:-1]) / config.group_max
    cycles = 200 + columns + each.facts.weights / (config.n_pe * config.lanes)
    return len(case.activations) * cycles * config.n_pe * (3 if config.is_wide else 1)


def _row(
    machine: str, config: EieConfig, engine: EieEngine, each: Prepared, case: Case, program: Program
) -> Row:
    """Run a case on an engine; ``config`` is that of the machine before it was deepened."""
    engine.load(program_frame(program))
    counters = np.zeros((config.n_pe, len(Counter)), np.int64)
    counted_cycles = 0
    counted = case.activations[:COUNTED]
    for row in counted:
        counted_cycles += int(engine.infer_batch(row[None]).cycles[0])
        counters += engine.counters()
    run = engine.infer_batch(case.activations)
    load, readback = transfer_cycles(engine, case.activations[0])
    capacity = counted_cycles * config.n_pe * config.lanes
    facts = each.facts
    return Row(
        network=facts.name,
        machine=machine,
        case=case.name,
        n_pe=config.n_pe,
        lanes=config.lanes,
        group_max=config.group_max,
        deepened={} if program.config == config else {"spmat_depth": program.config.spmat_depth},
        requests=len(case.activations),
        mismatches=int((run.outputs != case.golden).any(axis=1).sum()),
        cycles_mean=float(run.cycles.mean()),
        cycles_max=int(run.cycles.max()),
        us_mean=float(run.cycles.mean()) / CLOCK_MHZ,
        us_max=float(run.cycles.max()) / CLOCK_MHZ,
        load_cycles=load,
        readback_cycles=readback,
        columns=sum(layer.columns for layer in program.layers),
        entries=program.entries,
        padding=program.padding,
        counted=len(counted),
        utilisation=float(counters[:, Counter.ENTRIES].sum() / capacity),
        quality=None if case.late is None else quality(run.outputs, case.late),
        estimate_us=estimate_us(facts.network, facts.sparsity, config.n_pe),
    )
