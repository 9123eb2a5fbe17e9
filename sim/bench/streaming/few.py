"""A few frames on another pipeline for a network of the benchmark."""

from __future__ import annotations

from collections.abc import Callable

from hw.cnn.config import PipelineConfig
from sim.cnn import CnnEngine, CnnError
from sim.streaming import StreamReport, verify_stream
from sw.dataflow.compile import Compiled

from .subject import Subject

__all__ = ["FEW", "few_frames"]

FEW = 6
_STOPPED = 8
"""Intervals without a result after which a pipeline counts as standing still."""


def few_frames(
    subject: Subject,
    compiled: Compiled,
    config: PipelineConfig,
    progress: Callable[[int], object],
) -> StreamReport | None:
    """What a compiled network does on a pipeline; None where that stands still. RuntimeError where
    a logit is not the golden model's."""
    there = Compiled(compiled.graph, config, compiled.weights, compiled.parameters)
    pixels, labels = subject.pixels[:FEW], subject.labels[:FEW]
    with CnnEngine(config, any_depth=True, limit=_STOPPED * config.bound) as engine:
        engine.load(there)
        try:
            run = verify_stream(subject.name, there, engine, pixels, labels, progress=progress)
        except CnnError as error:
            if error.errors:
                raise
            return None
    if run.mismatches:
        raise RuntimeError(f"{subject.name}: {run.mismatches} logits are not the golden model's")
    return run
