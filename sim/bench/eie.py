"""
The layers of the EIE paper on the RTL: cycles beside the paper's times and an event count.

Time is from the start command to the last result: bias preload, refills of the activation file and
the drain through requantisation are in it; loading the program, the inputs' way in and the results'
way out are not, and stand beside it.

A layer whose pointers do not fit at once (VGG-6 on 64 PEs of 16,384 pointers) runs as column
batches, one start command each. Its time is the sum over the batches; reloading pointers in
between is not in it and stands beside it. Outputs are compared for the first inputs, each of which
runs through all batches; times of all inputs are then taken batch by batch without reloading, as
cycles do not depend on what is in the accumulators. Both ways are timed for the first inputs, and
``repeat_difference`` is the most they differ by.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from hw.eie.config import EieConfig
from hw.eie.format import Counter
from sim.engine import EieEngine
from sim.entries import ColumnEntries, column_entries
from sim.events import layer_events
from sim.verification import CLOCK_MHZ
from sw.compress.batches import Batch, column_batches
from sw.compress.frame import activation_frame, program_frame
from sw.compress.quantised import QuantisedNetwork
from sw.golden.eie import GoldenEie

from .activity import count_activity, mean_activity
from .layers import BenchLayer
from .results import LayerResult

__all__ = [
    "COUNTED",
    "LIMIT",
    "WATCHDOG",
    "Counts",
    "measure",
    "run_input",
    "share_balance",
    "transfer_cycles",
]

COUNTED = 8
"""Inputs whose performance counters are read, and that the event counter works through; where a
layer runs in batches, those whose outputs are compared."""

WATCHDOG = 0xFFFF_FFFF
LIMIT = 1 << 33

Progress = Callable[[float], object]


@dataclass
class Counts:
    """Outputs int16 (outputs,) of an input, its cycles, its counters int64 (n_pe, counters)."""

    outputs: NDArray[np.int16]
    cycles: int
    counters: NDArray[np.int64]


def run_input(
    engine: EieEngine,
    batches: Sequence[Batch],
    activations: NDArray[np.int16],
    *,
    first: bool = False,
) -> Counts:
    """One inference of a layer, inputs int16 (inputs,). ``first`` says that the layer is not loaded
    yet; where it has several batches, each is loaded when its turn comes in any case."""
    cycles, counters = 0, np.zeros((engine.config.n_pe, len(Counter)), np.int64)
    outputs = np.zeros(0, np.int16)
    for batch in batches:
        if first or len(batches) > 1:
            engine.load(program_frame(batch.program if first else batch.reload))
        run = engine.infer_batch(activations[None, batch.columns])
        outputs = run.outputs[0]
        cycles += int(run.cycles[0])
        counters += engine.counters()
    return Counts(outputs, cycles, counters)


def share_balance(counters: NDArray[np.int64], cycles: int) -> float:
    """Load balance of counters int64 (n_pe, counters) over ``cycles`` in all."""
    work = counters[:, Counter.BUSY].sum() + counters[:, Counter.EMPTY].sum()
    return float(work / (len(counters) * cycles - counters[:, Counter.TURN].sum()))


def measure(
    engine: EieEngine, layer: BenchLayer, requests: int, progress: Progress = lambda cost: None
) -> LayerResult:
    """
    Run a layer on an engine.

    ``progress`` is called with parts of ``requests * layer.cost(n_pe)``.
    """
    network = layer.network()
    active = np.full(layer.inputs, layer.activation_density)
    batches = column_batches(network, engine.config, active)
    activations = layer.activations(requests)
    compared = requests if len(batches) == 1 else min(COUNTED, requests)
    golden = GoldenEie(network)(activations[:compared]).numpy()
    engine.watchdog = WATCHDOG
    cost = layer.cost(engine.config.n_pe)
    if len(batches) == 1:
        run = _whole(engine, batches, activations, lambda done: progress(done * cost))
    else:
        run = _in_batches(engine, batches, activations, lambda done: progress(done * cost))
    counted = len(run.counted)
    counters = np.sum([each.counters for each in run.counted], axis=0)
    counted_cycles = sum(each.cycles for each in run.counted)
    expected = _event_cycles(network, batches, activations[:counted], engine.config)
    entries = counters[:, Counter.ENTRIES].sum()
    us_mean = float(run.cycles.mean()) / CLOCK_MHZ
    return LayerResult(
        layer=layer.name,
        inputs=layer.inputs,
        outputs=layer.outputs,
        weight_density=layer.weight_density,
        activation_density=layer.activation_density,
        clock_mhz=CLOCK_MHZ,
        requests=requests,
        compared=compared,
        mismatches=int((run.outputs != golden).any(axis=1).sum()),
        saturated=float((np.abs(golden.astype(int)) >= 32767).mean()),
        positive=float((golden > 0).mean()),
        cycles_mean=float(run.cycles.mean()),
        cycles_max=int(run.cycles.max()),
        us_mean=us_mean,
        us_max=float(run.cycles.max()) / CLOCK_MHZ,
        theoretical_us=layer.theoretical_us,
        actual_us=layer.actual_us,
        ratio=us_mean / layer.actual_us,
        counted=counted,
        event_cycles=expected,
        event_deviation=counted_cycles / counted / expected - 1,
        load_balance=share_balance(counters, counted_cycles),
        utilisation=float(counters[:, Counter.BUSY].sum() / (counted_cycles * engine.config.n_pe)),
        padding_share=float(counters[:, Counter.PADDING].sum() / max(1, entries)),
        groups=sorted({1 << each.group for batch in batches for each in batch.program.passes}),
        activity=mean_activity([count_activity(batches, row) for row in activations[:counted]]),
        load_cycles=run.load_cycles,
        readback_cycles=run.readback_cycles,
        batches=len(batches),
        reload_cycles=run.reload_cycles,
        repeat_difference=run.repeat_difference,
    )


@dataclass
class _Run:
    """Outputs int16 (compared, outputs), cycles int64 (requests,), the inputs run one by one, and
    what :class:`LayerResult` says of transfers and repetition."""

    outputs: NDArray[np.int16]
    cycles: NDArray[np.int64]
    counted: list[Counts]
    load_cycles: int
    readback_cycles: int
    reload_cycles: int = 0
    repeat_difference: int = 0


def _whole(
    engine: EieEngine,
    batches: Sequence[Batch],
    activations: NDArray[np.int16],
    progress: Progress,
) -> _Run:
    """All inputs through a layer of one program."""
    singly = [
        run_input(engine, batches, row, first=number == 0)
        for number, row in enumerate(activations[:COUNTED])
    ]
    progress(len(singly))
    rest = engine.infer_batch(activations[len(singly) :], progress=progress)
    outputs = np.concatenate([np.stack([each.outputs for each in singly]), rest.outputs])
    cycles = np.concatenate([[each.cycles for each in singly], rest.cycles])
    return _Run(outputs, cycles, singly, *transfer_cycles(engine, activations[0]))


def _in_batches(
    engine: EieEngine,
    batches: Sequence[Batch],
    activations: NDArray[np.int16],
    progress: Progress,
) -> _Run:
    """The first inputs through all batches, then all inputs through each batch."""
    singly = [
        run_input(engine, batches, row, first=number == 0)
        for number, row in enumerate(activations[:COUNTED])
    ]
    cycles = np.zeros(len(activations), np.int64)
    sending = readback = reloading = 0
    for batch in batches:
        begin = engine.cycle
        engine.load(program_frame(batch.reload))
        reloading += engine.cycle - begin
        run = engine.infer_batch(activations[:, batch.columns])
        progress(len(activations) / len(batches))
        cycles += run.cycles
        sent, readback = transfer_cycles(engine, activations[0, batch.columns])
        sending += sent
    single = np.array([each.cycles for each in singly])
    difference = int(np.abs(cycles[: len(single)] - single).max())
    outputs = np.stack([each.outputs for each in singly])
    return _Run(outputs, cycles, singly, sending, readback, reloading, difference)


def _event_cycles(
    network: QuantisedNetwork,
    batches: Sequence[Batch],
    activations: NDArray[np.int16],
    config: EieConfig,
) -> float:
    """The event counter's cycles, mean of inputs int16 (n, inputs): row tile by row tile, with the
    columns broadcast in the groups of its first pass."""
    [layer] = network.layers
    entries = column_entries(layer.index != 0, config.n_pe, rows_per_batch=config.file_depth)
    passes = [each for batch in batches for each in batch.program.passes]
    groups = [1 << each.group for each in passes if each.bias_rows]
    tiles = [
        ColumnEntries(entries.weights[k : k + 1], entries.padding[k : k + 1])
        for k in range(len(groups))
    ]
    depth, lanes = config.queue_depth, config.lanes
    cycles = [
        layer_events(tile, x, config.n_pe, depth, lanes=lanes, group=group).cycles
        for tile, group in zip(tiles, groups, strict=True)
        for x in activations
    ]
    return float(np.sum(cycles)) / len(activations)


def transfer_cycles(engine: EieEngine, activations: NDArray[np.int16]) -> tuple[int, int]:
    """Cycles of sending inputs int16 (inputs,), and those of an inference's results and register
    accesses."""
    begin = engine.cycle
    engine.send(activation_frame(activations))
    load = engine.cycle - begin
    begin = engine.cycle
    run = engine.infer_batch(activations[None])
    return load, engine.cycle - begin - load - int(run.cycles[0])
