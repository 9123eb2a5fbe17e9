"""
Power of a processing element at work: its gates inside the machine's RTL, on real programs.

An element's netlist takes the place of one element of the machine, which runs a workload; every
output is compared with the golden model, and what the element's nets did from the start command to
``irq`` gives its power (:mod:`sw.physical.power`), with memories at 300 and at 350 K.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import reduce
from operator import add
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from pydantic import BaseModel, ConfigDict

from hw.eie.config import EieConfig
from hw.eie.format import Counter
from sim.gates import GateEngine
from sim.verification import CLOCK_MHZ
from sw.compress.batches import column_batches
from sw.compress.frame import program_frame
from sw.compress.program import Program
from sw.golden.eie import GoldenEie
from sw.physical.cells import read_cells
from sw.physical.flat import FlatNetlist, flatten
from sw.physical.netlist import LibraryView, Netlist
from sw.physical.power import Corner, netlist_power
from sw.physical.powerreport import Power
from sw.physical.sram import TEMPERATURES, SramTable

from .eie import LIMIT, WATCHDOG
from .layers import BenchLayer
from .mittos import fitted
from .predictors import Predictor

__all__ = [
    *("PowerResult", "Workload", "layer_workload", "measure_power", "predictor_workloads"),
    "read_netlist",
]

_JUDGED = 500


@dataclass(frozen=True, eq=False)
class Workload:
    """A program, inputs int16 (n, inputs) to it, and the outputs that the golden model gives."""

    name: str
    program: Program
    activations: NDArray[np.int16]
    golden: NDArray[np.int16]


class PowerResult(BaseModel):
    """
    Power of one element while it runs a workload.

    Parameters
    ----------
    workload : str
    n_pe, element : int
        Of the machine, and which of them is made of gates.
    inferences, mismatches : int
        How many were run and compared, and how many of these had an output that was not the golden
        model's.
    cycles : float
        Of an inference, mean, from start to last result.
    us : float
    utilisation : float
        Share of these cycles in which the element has at least one entry.
    entries_per_cycle : float
    powers : list of Power
        With memories at each temperature.
    energy_uj : list of float
        Of the element, per inference, for each of them.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    workload: str
    n_pe: int
    element: int
    inferences: int
    mismatches: int
    cycles: float
    us: float
    utilisation: float
    entries_per_cycle: float
    powers: list[Power]
    energy_uj: list[float]


def read_netlist(directory: Path, top: str = "top") -> FlatNetlist:
    """The netlist that a synthesis has left in a directory."""
    return flatten(Netlist.read(directory / "netlist.json", top, LibraryView()))


def layer_workload(layer: BenchLayer, config: EieConfig, inferences: int) -> Workload:
    """A layer of the EIE paper; ``ValueError`` where it does not fit in one piece."""
    network = layer.network()
    active = np.full(layer.inputs, layer.activation_density)
    batches = column_batches(network, config, active)
    if len(batches) != 1:
        raise ValueError(f"{layer.name} takes {len(batches)} programs, power is measured on one")
    activations = layer.activations(inferences)
    golden = GoldenEie(network)(activations).numpy()
    return Workload(layer.name, batches[0].program, activations, golden)


def predictor_workloads(predictor: Predictor, config: EieConfig, inferences: int) -> list[Workload]:
    """A latency predictor on real requests, and at its worst; ``ValueError`` where it does not
    fit."""
    workloads = []
    for case in predictor.prepare(inferences, _JUDGED).cases:
        program = fitted(case, config)
        if program.config != config:
            raise ValueError(f"{predictor.name} does not fit into the memories")
        name = f"{predictor.name}, {case.name}"
        workloads.append(Workload(name, program, case.activations, case.golden))
    return workloads


def measure_power(
    directory: Path,
    config: EieConfig,
    workloads: Sequence[Workload],
    *,
    element: int = 0,
    flavour: str = "itrs-lop",
    progress: Callable[[str], object] = lambda what: None,
) -> list[PowerResult]:
    """
    Power of an element whose netlist is in a directory, for each workload.

    ``progress`` is called with what has been done.
    """
    netlist, results = read_netlist(directory), []
    with GateEngine(config, netlist, read_cells(), number=element, limit=LIMIT) as engine:
        engine.watchdog = WATCHDOG
        progress(f"machine with {config.n_pe} PEs, one of them gates")
        for workload in workloads:
            results.append(_measure(engine, netlist, workload, element, flavour))
            progress(workload.name)
    return results


def _measure(
    engine: GateEngine, netlist: FlatNetlist, workload: Workload, element: int, flavour: str
) -> PowerResult:
    engine.load(program_frame(workload.program))
    activities, outputs, cycles = [], [], 0
    counters = np.zeros(len(Counter), np.int64)
    for row in workload.activations:
        seen = engine.observe(row[None])
        counters += engine.counters()[element]
        activities.append(seen.activity)
        outputs.append(seen.run.outputs[0])
        cycles += int(seen.run.cycles[0])
    activity = reduce(add, activities)
    cells, srams = read_cells(), SramTable.load()
    powers = [
        netlist_power(netlist, activity, cells, srams, Corner(flavour, kelvin, CLOCK_MHZ))
        for kelvin in TEMPERATURES
    ]
    us = cycles / len(outputs) / CLOCK_MHZ
    return PowerResult(
        workload=workload.name,
        n_pe=engine.config.n_pe,
        element=element,
        inferences=len(outputs),
        mismatches=int((np.stack(outputs) != workload.golden).any(axis=1).sum()),
        cycles=cycles / len(outputs),
        us=us,
        utilisation=float(counters[Counter.BUSY] / cycles),
        entries_per_cycle=float(counters[Counter.ENTRIES] / cycles),
        powers=powers,
        energy_uj=[power.total.total_mw * us * 1e-3 for power in powers],
    )
