"""Measures streaming networks on the RTL: three machines, depths of skips, foldings."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from math import ceil

import numpy as np
from numpy.typing import NDArray

from hw.cnn.config import PipelineConfig
from sim.cnn import CnnEngine, CnnError
from sim.streaming import StreamReport, verify_stream
from sw.dataflow.alternatives import expected_hold_interval, reread_skip_bits
from sw.dataflow.compile import Compiled, compile_network
from sw.dataflow.folding import multipliers
from sw.dataflow.layers import layers
from sw.dataflow.shipped import INTERVALS, MACHINES, compile_for
from sw.golden.cnn_graph import QuantisedGraph
from sw.students.resnet import FAMILY, Shape
from sw.students.untrained import untrained

from .results import CnnReport, DepthPoint, FoldingPoint, MachineRow, Small

__all__ = ["Effort", "Subject", "measure"]

PEER_CLOCK_MHZ = 187
"""Clock of fpgaConvNet's ResNet8 on the ZC706."""
STALLS = 0.3
STOPPED = 8
"""Intervals without a result after which a pipeline counts as standing still."""


@dataclass(frozen=True)
class Effort:
    """
    How much is measured.

    Parameters
    ----------
    images, stalled : int
        Of each machine; of the skip-free one with stalls besides.
    shares : tuple of float
        Of the computed depths of skips.
    budgets : tuple of int
        Multipliers of foldings that are compiled.
    measured : int
        Of those, how many run on the RTL.
    """

    images: int
    stalled: int
    shares: tuple[float, ...] = (0.25, 0.5, 0.75, 0.9, 1.0, 1.5)
    budgets: tuple[int, ...] = (12, 24, 45, 82, 120, 160, 240, 330, 460, 649)
    measured: int = 3


@dataclass(frozen=True, eq=False)
class Subject:
    """
    A pair of networks and their images.

    Parameters
    ----------
    name : str
    data : str
    skipfree, residual : QuantisedGraph
    pixels, labels : uint8 (n, channels, height, width), int64 (n,)
    interval : int
        Cycles a frame.
    """

    name: str
    data: str
    skipfree: QuantisedGraph
    residual: QuantisedGraph
    pixels: NDArray[np.uint8]
    labels: NDArray[np.int64]
    interval: int

    def machines(self) -> list[tuple[str, Compiled]]:
        """Skip-free, buffered, unbuffered."""
        graphs = {False: self.skipfree, True: self.residual}
        return [
            (name, compile_for(name, graphs[machine.residual], interval=self.interval))
            for name, machine in MACHINES.items()
        ]


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
    (subject, effort), *_ = subjects
    for share in effort.shares:
        say(f"{subject.name}: skips of {share:g} of their depths")
        report.depths.append(_depth(subject, share, progress))
    for budget in effort.budgets:
        say(f"{subject.name}: {budget} multipliers")
        report.foldings.append(_folding(subject, budget, effort, progress))
    say("ResNet8 geometry")
    report.small = _small(progress)


def _machine(
    subject: Subject, compiled: Compiled, effort: Effort, progress: Callable[[int], object]
) -> MachineRow:
    pixels, labels = subject.pixels[: effort.images], subject.labels[: effort.images]
    with CnnEngine(compiled.config) as engine:
        engine.load(compiled)
        run = verify_stream(subject.name, compiled, engine, pixels, labels, progress=progress)
        stalled = None
        if effort.stalled and not compiled.config.skips:
            some = slice(0, effort.stalled)
            stalled = verify_stream(
                subject.name, compiled, engine, pixels[some], labels[some], stalls=STALLS
            )
    row = MachineRow(data=subject.data, run=run, stalled=stalled)
    if row.run.machine == "unbuffered":
        row.expected_interval = expected_hold_interval(compiled.config)
    if row.run.machine == "buffered":
        row.reread_skip_bits = reread_skip_bits(compiled.config)
    return row


def _depth(subject: Subject, share: float, progress: Callable[[int], object]) -> DepthPoint:
    compiled = compile_network(subject.residual, interval=subject.interval)
    skips = tuple(
        replace(skip, depth=max(2, ceil(share * skip.depth))) for skip in compiled.config.skips
    )
    config = replace(compiled.config, skips=skips)
    report = _run(subject, compiled, config, progress)
    return DepthPoint(
        share=share,
        depths={skip.source: skip.depth for skip in skips},
        interval=None if report is None else report.interval,
    )


def _run(
    subject: Subject,
    compiled: Compiled,
    config: PipelineConfig,
    progress: Callable[[int], object],
    frames: int = 6,
) -> StreamReport | None:
    """A few frames on another pipeline for the same network; None where it stands still."""
    limit = STOPPED * config.bound
    there = Compiled(compiled.graph, config, compiled.weights, compiled.parameters)
    with CnnEngine(config, any_depth=True, limit=limit) as engine:
        engine.load(there)
        try:
            return verify_stream(
                subject.name,
                there,
                engine,
                subject.pixels[:frames],
                subject.labels[:frames],
                progress=progress,
            )
        except CnnError as error:
            if error.errors:
                raise
            return None


def _folding(
    subject: Subject, budget: int, effort: Effort, progress: Callable[[int], object]
) -> FoldingPoint:
    compiled = compile_network(subject.skipfree, multipliers=budget)
    count = multipliers([node.unit for node in compiled.config.nodes])
    interval: float = compiled.config.bound
    measured = effort.budgets.index(budget) < effort.measured
    if measured:
        report = _run(subject, compiled, compiled.config, progress)
        if report is None:
            raise RuntimeError(f"the pipeline of {budget} multipliers stood still")
        interval = report.interval
    macs = sum(layer.macs for layer in layers(subject.skipfree))
    return FoldingPoint(
        budget=budget,
        multipliers=count,
        interval=interval,
        utilisation=macs / (count * interval),
        measured=measured,
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
