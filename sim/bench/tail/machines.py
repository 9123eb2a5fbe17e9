"""What a predictor takes on a machine, in cycles of the RTL."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from hw.eie.config import PRESETS
from sim.bench.eie import transfer_cycles
from sim.engine import EieEngine
from sim.verification import CLOCK_MHZ
from sw.compress.compile import lay_out
from sw.compress.frame import program_frame

from .quality import Judged
from .results import MachineRow

__all__ = ["MACHINES", "REQUESTS", "machine_rows", "occupied_us"]

MACHINES = ("weng8", "weng32", "wide8", "wide32")
REQUESTS = 200
"""Of the second half, spread evenly; each is a row of its own."""


def occupied_us(row: MachineRow) -> float:
    """For how long a request occupies a machine, transfers in and out included."""
    return row.occupied_cycles / CLOCK_MHZ


def machine_rows(
    judged: Sequence[Judged], machine: str, progress: Callable[[int], object] = lambda done: None
) -> list[MachineRow]:
    """Predictors on a preset; ``progress`` is called with the number of predictors done."""
    config, rows = PRESETS[machine], []
    with EieEngine(config) as engine:
        for each in judged:
            deployed = each.deployed
            calibration = deployed.quantised.quantise_inputs(deployed.calibration)
            engine.load(program_frame(lay_out(deployed.quantised, config, calibration)))
            step = max(1, len(each.activations) // REQUESTS)
            activations = each.activations[::step][:REQUESTS]
            run = engine.infer_batch(activations)
            load, readback = transfer_cycles(engine, activations[0])
            rows.append(
                MachineRow(
                    source=each.row.source,
                    predictor=deployed.name,
                    machine=machine,
                    requests=len(activations),
                    mismatches=int(
                        (run.outputs != each.outputs[::step][:REQUESTS]).any(axis=1).sum()
                    ),
                    cycles_mean=float(run.cycles.mean()),
                    cycles_max=int(run.cycles.max()),
                    load_cycles=load,
                    readback_cycles=readback,
                )
            )
            progress(1)
    return rows
