"""
Sweeps of queue depth and of the number of PEs, as in Figs. 8 and 11 to 13 of the EIE paper.

Queue depths are those of one model whose queues are as deep as the deepest and limited by a
register. Every number of PEs is a machine of its own, with the memories of a paper PE; layers that
these do not hold run in batches (:mod:`sw.compress.batches`), whose loading takes no time here.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace

import numpy as np

from hw.eie.config import EieConfig
from hw.eie.format import Counter, Register
from sim.engine import EieEngine
from sw.compress.batches import column_batches
from sw.compress.frame import program_frame
from sw.golden.eie import GoldenEie

from .eie import LIMIT, WATCHDOG, Counts, Progress, run_input, share_balance
from .layers import BenchLayer
from .results import SweepPoint

__all__ = ["QUEUE_DEPTHS", "pe_config", "sweep_pes", "sweep_queue_depth"]

QUEUE_DEPTHS = tuple(1 << k for k in range(9))
_PAPER_DEPTH = 1 << 14  # words of a PE's sparse-matrix SRAM, and pointers
_MIN_ACT_DEPTH = 1024
_PASSES = 4096


def sweep_queue_depth(
    config: EieConfig,
    layers: Sequence[BenchLayer],
    *,
    depths: Sequence[int] = QUEUE_DEPTHS,
    inputs: int = 2,
    progress: Progress = lambda cost: None,
) -> list[SweepPoint]:
    """
    Each layer at each queue depth, everything else as in ``config``.

    ``progress`` is called with parts of the sum of the layers' ``cost`` times depths times inputs.
    Where a layer takes several programs, all depths run on one of them before the next is loaded,
    so that its outputs are of no use and are not compared.
    """
    limited = replace(config, queue_depth=max(depths), queue_limit=True)
    points = []
    with EieEngine(limited, limit=LIMIT) as engine:
        engine.watchdog = WATCHDOG
        for layer in layers:
            batches = column_batches(layer.network(), limited)
            activations = layer.activations(inputs)
            runs: dict[int, list[Counts]] = {depth: [] for depth in depths}
            for batch in batches:
                engine.load(program_frame(batch.program))
                for depth in depths:
                    engine.write_register(Register.QUEUE_LIMIT, depth)
                    runs[depth] += [run_input(engine, [batch], row) for row in activations]
                    progress(layer.cost(config.n_pe) * inputs / len(batches))
            golden = GoldenEie(layer.network())(activations).numpy() if len(batches) == 1 else None
            for depth in depths:
                points.append(_point(layer, config.n_pe, depth, inputs, runs[depth], golden))
    return points


def pe_config(n_pe: int, layers: Sequence[BenchLayer]) -> EieConfig:
    """So many PEs with the memories of a paper PE, but for activation SRAM that holds the layers'
    vectors: few PEs have long slices of them."""
    slots = max(-(-layer.inputs // n_pe) - (-layer.outputs // n_pe) for layer in layers)
    act_depth = max(_MIN_ACT_DEPTH, 1 << (slots - 1).bit_length())
    return EieConfig(
        n_pe=n_pe,
        spmat_depth=_PAPER_DEPTH,
        ptr_depth=_PAPER_DEPTH,
        act_depth=act_depth,
        max_passes=_PASSES,
    )


def sweep_pes(
    counts: Sequence[int],
    layers: Sequence[BenchLayer],
    *,
    configure: Callable[[int, Sequence[BenchLayer]], EieConfig] = pe_config,
    progress: Progress = lambda cost: None,
) -> list[SweepPoint]:
    """
    One input of each layer on each number of PEs, configured by ``configure``.

    ``progress`` is called with parts of the sum of the layers' ``cost`` on all numbers of PEs.
    """
    points = []
    for n_pe in counts:
        config = configure(n_pe, layers)
        with EieEngine(config, limit=LIMIT) as engine:
            engine.watchdog = WATCHDOG
            for layer in layers:
                network = layer.network()
                batches = column_batches(network, config)
                activations = layer.activations(1)
                run = run_input(engine, batches, activations[0], first=True)
                golden = GoldenEie(network)(activations).numpy()
                points.append(_point(layer, n_pe, config.queue_depth, 1, [run], golden))
                progress(layer.cost(n_pe))
    return points


def _point(
    layer: BenchLayer,
    n_pe: int,
    depth: int,
    inputs: int,
    runs: Sequence[Counts],
    golden: np.ndarray | None,
) -> SweepPoint:
    """The mean of runs, of which those of one input may be several; compared if ``golden`` int16
    (inputs, outputs) is there."""
    cycles = sum(run.cycles for run in runs)
    counters = np.sum([run.counters for run in runs], axis=0)
    mismatches = 0
    if golden is not None:
        pairs = zip(runs, golden, strict=True)
        mismatches = sum(bool((run.outputs != row).any()) for run, row in pairs)
    return SweepPoint(
        layer=layer.name,
        n_pe=n_pe,
        queue_depth=depth,
        inputs=inputs,
        cycles=cycles / inputs,
        load_balance=share_balance(counters, cycles),
        padding_share=float(
            counters[:, Counter.PADDING].sum() / counters[:, Counter.ENTRIES].sum()
        ),
        compared=golden is not None,
        mismatches=mismatches,
    )
