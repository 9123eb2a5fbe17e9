"""Measures streaming networks on the RTL: three machines, depths of skips, foldings."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from math import prod

import numpy as np

from hw.cnn.config import PipelineConfig
from sim.cnn import CnnEngine
from sim.streaming import verify_stream
from sw.dataflow.alternatives import expected_hold_interval, reread_skip_bits
from sw.dataflow.compile import Compiled, compile_network
from sw.dataflow.folding import multipliers
from sw.dataflow.layers import layers
from sw.dataflow.memory import skip_bits
from sw.dataflow.shipped import INTERVALS, MACHINES
from sw.students.resnet import FAMILY, Shape
from sw.students.untrained import untrained

from .depths import balanced_depths, depth_points
from .few import few_frames
from .fresh import fresh_build
from .hold import worst_hold
from .results import CnnReport, FoldingPoint, MachineRow, Small
from .subject import Effort, Subject

__all__ = ["measure"]

PEER_CLOCK_MHZ = 187
"""Clock of fpgaConvNet's ResNet8 on the ZC706."""
STALLS = 0.3


def measure(
    report: CnnReport,
    subjects: Sequence[tuple[Subject, Effort]],
    say: Callable[[str], object],
    progress: Callable[[int], object],
) -> None:
    """Fill a report; ``say`` is called with what comes next, ``progress`` with the frames of it
    that are done."""
    for subject, effort in subjects:
        for machine, compiled in subject.machines():
            say(f"{subject.name}, {machine}")
            report.machines.append(_machine(subject, compiled, effort, progress))
    for subject, effort in subjects:
        if effort.shares:
            report.depths += depth_points(subject, effort.shares, say, progress)
        if effort.balanced is not None:
            report.balanced = balanced_depths(subject, effort.balanced, say, progress)
        known = {}
        for row in report.machines:
            if row.data == subject.data and row.run.machine == "skip-free":
                known[subject.machine("skip-free").config] = row.run.interval
        for place, budget in enumerate(effort.budgets):
            say(f"{subject.name}: {budget} multipliers")
            report.foldings.append(
                _folding(subject, budget, known, place < effort.measured, progress)
            )
        if effort.fresh:
            say(f"{subject.name}, built anew")
            report.fresh.append(fresh_build(subject))
    say("ResNet8 geometry")
    report.small = _small(progress)


def _machine(
    subject: Subject, compiled: Compiled, effort: Effort, progress: Callable[[int], object]
) -> MachineRow:
    pixels, labels = subject.pixels[: effort.images], subject.labels[: effort.images]
    with CnnEngine(compiled.config) as engine:
        engine.load(compiled)
        run = verify_stream(
            subject.name,
            compiled,
            engine,
            pixels,
            labels,
            tested=min(subject.tests, effort.images),
            progress=progress,
        )
        stalled = None
        if effort.stalled and not compiled.config.skips:
            some = slice(0, effort.stalled)
            stalled = verify_stream(
                subject.name, compiled, engine, pixels[some], labels[some], stalls=STALLS
            )
    right = subject.accuracies[MACHINES[run.machine].residual]
    row = MachineRow(data=subject.data, run=run, accuracy=right, stalled=stalled)
    config = compiled.config
    if row.run.machine == "unbuffered":
        row.expected_interval = expected_hold_interval(config)
        row.hold = worst_hold(config)
    if row.run.machine == "buffered":
        bits = skip_bits(config)
        row.reread_skip_bits = reread_skip_bits(config)
        row.tensor_skip_bits = sum(
            prod(config.shape(skip.source)) * config.number(skip.source).bits
            for skip in config.skips
        )
        row.halved_skip_bits = sum(bits[skip.source] for skip in config.skips if skip.stride == 2)
    return row


def _folding(
    subject: Subject,
    budget: int,
    known: dict[PipelineConfig, float],
    on_rtl: bool,
    progress: Callable[[int], object],
) -> FoldingPoint:
    """``known`` are intervals of machines that have been measured; others are if ``on_rtl``."""
    compiled = compile_network(subject.skipfree, multipliers=budget)
    count = multipliers([node.unit for node in compiled.config.nodes])
    if on_rtl and compiled.config not in known:
        run = few_frames(subject, compiled, compiled.config, progress)
        if run is None:
            raise RuntimeError(f"the pipeline of {budget} multipliers stood still")
        known[compiled.config] = run.interval
    interval = known.get(compiled.config, float(compiled.config.bound))
    macs = sum(layer.macs for layer in layers(subject.skipfree))
    return FoldingPoint(
        budget=budget,
        multipliers=count,
        interval=interval,
        utilisation=macs / (count * interval),
        measured=compiled.config in known,
    )


def _small(progress: Callable[[int], object]) -> Small:
    graph = untrained(Shape(FAMILY["resnet8"], 16), skips=False)
    compiled = compile_network(graph, interval=INTERVALS["cifar10"])
    generator = np.random.default_rng(1)
    pixels = generator.integers(0, 256, (4, *graph.shape)).astype(np.uint8)
    with CnnEngine(compiled.config) as engine:
        engine.load(compiled)
        run = verify_stream(
            "resnet8", compiled, engine, pixels, np.zeros(len(pixels), np.int64), progress=progress
        )
    return Small(
        macs=sum(layer.macs for layer in layers(graph)),
        multipliers=run.multipliers,
        interval=run.interval,
        mismatches=run.mismatches,
        clock_mhz=PEER_CLOCK_MHZ,
        frames_per_multiplier=PEER_CLOCK_MHZ * 1e6 / run.interval / run.multipliers,
    )
