"""A workload on the RTL: every output compared with the golden model, and where the cycles went."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from pydantic import BaseModel

from hw.eie.format import Counter
from sw.compress.program import Program
from sw.compress.quantise import decisions
from sw.compress.unprogram import quantised_from_program
from sw.golden.eie import GoldenEie
from sw.network import Network
from sw.predictors.metrics import Confusion, confusion

from .engine import EieEngine

__all__ = ["CLOCK_MHZ", "Quality", "SimReport", "Workload", "verify"]

CLOCK_MHZ = 800
"""Clock of the paper's EIE in 45 nm, by which cycles become microseconds."""
COUNTED_REQUESTS = 100
"""Requests, spread over the workload, whose performance counters are read."""


@dataclass(frozen=True)
class Workload:
    """
    Requests to a network.

    Parameters
    ----------
    network : Network
        Its float model, with the weights that the program was made of.
    inputs : float32 or integer (n, inputs)
        Inputs in the network's own units.
    late : bool (n,), optional
        Truth, where it is known: whether the request missed its deadline.
    """

    network: Network
    inputs: NDArray[Any]
    late: NDArray[np.bool_] | None = None


class Quality(BaseModel):
    """How the decisions of one model compare with the truth (rates as in ``Confusion``)."""

    accuracy: float
    recall: float
    false_reject_rate: float
    false_accept_rate: float

    @classmethod
    def of(cls, counts: Confusion) -> Quality:
        """The rates of these counts."""
        return cls(
            accuracy=counts.accuracy,
            recall=counts.recall,
            false_reject_rate=counts.false_reject_rate,
            false_accept_rate=counts.false_accept_rate,
        )


class SimReport(BaseModel):
    """
    What a run measured. Times are in cycles of the RTL, from the start command to the last result,
    and in microseconds at ``clock_mhz``.

    ``mismatches`` counts requests of which any output differs between RTL and golden model;
    ``agreement`` is the share of requests decided alike by RTL and float. Qualities are absent
    where the truth is not known. ``utilisation`` is the share of PE cycles that worked on any
    entry, ``padding_share`` the share of worked entries that only bridged zeros, ``pe_cycles``
    the mean cycles of a PE per inference by what they went into; these three come from the
    performance counters of ``counted_requests`` requests. ``layer_cycles`` is the mean over the
    same requests.
    """

    network: str
    preset: str
    n_pe: int
    clock_mhz: int
    requests: int
    mismatches: int
    agreement: float
    accuracy_float: float | None
    accuracy_golden: float | None
    accuracy_rtl: float | None
    quality: dict[str, Quality]
    cycles_min: int
    cycles_mean: float
    cycles_max: int
    us_mean: float
    us_max: float
    utilisation: float
    padding_share: float
    counted_requests: int
    pe_cycles: dict[str, float]
    layer_cycles: list[float]
    simulated_cycles: int


def verify(
    name: str,
    preset: str,
    workload: Workload,
    program: Program,
    engine: EieEngine,
    progress: Callable[[int], object] | None = None,
) -> SimReport:
    """
    Run the workload on an engine that has loaded ``program``, and compare.

    The golden model is decoded from the program's memory contents, so that the encoding is under
    test too. ``progress`` is called with the number of requests done since its last call.
    """
    quantised = quantised_from_program(program)
    activations = quantised.quantise_inputs(workload.inputs)
    golden = GoldenEie(quantised)(activations).numpy()
    with torch.no_grad():
        inputs = torch.from_numpy(np.asarray(workload.inputs, dtype=np.float32))
        real = workload.network.forward(inputs).numpy()

    begin = engine.cycle
    run = engine.infer_batch(activations, progress=progress)
    counted = np.unique(np.linspace(0, len(activations) - 1, COUNTED_REQUESTS).astype(int))
    counters = np.zeros((engine.config.n_pe, len(Counter)))
    counted_cycles = 0
    ends = np.zeros(len(program.passes))
    for row in counted:
        counted_cycles += int(engine.infer_batch(activations[row : row + 1]).cycles[0])
        counters += engine.counters()
        ends += engine.pass_cycles()

    decided = {"float": decisions(real), "golden": decisions(golden), "rtl": decisions(run.outputs)}
    quality = {}
    if workload.late is not None:
        for model, decision in decided.items():
            quality[model] = Quality.of(confusion(decision, workload.late))
    accuracy = {model: quality[model].accuracy if quality else None for model in decided}
    return SimReport(
        network=name,
        preset=preset,
        n_pe=engine.config.n_pe,
        clock_mhz=CLOCK_MHZ,
        requests=len(activations),
        mismatches=int((run.outputs != golden).any(axis=1).sum()),
        agreement=float((decided["rtl"] == decided["float"]).mean()),
        accuracy_float=accuracy["float"],
        accuracy_golden=accuracy["golden"],
        accuracy_rtl=accuracy["rtl"],
        quality=quality,
        cycles_min=int(run.cycles.min()),
        cycles_mean=float(run.cycles.mean()),
        cycles_max=int(run.cycles.max()),
        us_mean=float(run.cycles.mean()) / CLOCK_MHZ,
        us_max=float(run.cycles.max()) / CLOCK_MHZ,
        utilisation=counters[:, Counter.BUSY].sum() / (counted_cycles * engine.config.n_pe),
        padding_share=counters[:, Counter.PADDING].sum()
        / max(1.0, counters[:, Counter.ENTRIES].sum()),
        counted_requests=len(counted),
        pe_cycles=_where(counters / len(counted), counted_cycles / len(counted)),
        layer_cycles=_layer_cycles(program, ends / len(counted)),
        simulated_cycles=engine.cycle - begin,
    )


def _where(counters: NDArray[np.float64], cycles: float) -> dict[str, float]:
    """Mean cycles of a PE by what they went into; they sum to those of the inference. Where a PE
    works on several entries in a cycle, weights and padding share it by their numbers."""
    mean = counters.mean(axis=0)
    padding = mean[Counter.BUSY] * mean[Counter.PADDING] / max(1.0, mean[Counter.ENTRIES])
    parts = {
        "weights": mean[Counter.BUSY] - padding,
        "padding": padding,
        "empty columns": mean[Counter.EMPTY],
        "starved": mean[Counter.STARVED],
        "bias, codebook, drain": mean[Counter.TURN],
    }
    parts["start, end marks, finish"] = cycles - sum(parts.values())
    return {part: float(value) for part, value in parts.items()}


def _layer_cycles(program: Program, ends: NDArray[np.float64]) -> list[float]:
    """Cycles of each layer, from the end of the layer before, or the start, to its own end."""
    last = [layer.first_pass + layer.passes - 1 for layer in program.layers]
    return [float(cycles) for cycles in np.diff(ends[last], prepend=0.0)]
