"""Traces to measure on, in two halves, with the truth about every read."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from sw.predictors.labels import busy_periods, clean_rows, slow_reads, threshold_us
from sw.traces.read import read_trace
from sw.traces.trace import Trace
from sw.traces.workload import Workload, generate

from .results import Source

__all__ = ["GENERATED", "Halves", "file_halves", "generated_halves"]

GENERATED = "generated"
GENERATED_IOS = 100_000
GENERATED_SEED = 3


@dataclass(frozen=True, eq=False)
class Halves:
    """
    A trace whose first half, of its I/Os in the order of submission, is trained on, and whose other
    half is judged.

    Parameters
    ----------
    name : str
    trace : Trace
    """

    name: str
    trace: Trace

    def __post_init__(self) -> None:
        if len(self.trace) < 2:
            raise ValueError(f"{self.name} has {len(self.trace)} I/O: no two halves")

    @property
    def middle(self) -> int:
        """The first row of the second half."""
        return len(self.trace) // 2

    @property
    def train(self) -> Trace:
        """The first half."""
        return self.trace.part(slice(0, self.middle))

    @property
    def test_rows(self) -> slice:
        """Rows of the second half."""
        return slice(self.middle, None)

    @property
    def threshold_us(self) -> float:
        """What 85 % of the training half's reads stay within."""
        return threshold_us(self.train)

    def reads(self, test: bool) -> NDArray[np.bool_]:
        """Reads of a half, bool (n,) over the whole trace."""
        second = np.arange(len(self.trace)) >= self.middle
        return self.trace.is_read & (second if test else ~second)

    def truth(self, labels: str) -> NDArray[np.bool_]:
        """Slow reads, bool (n,), by their latency ("p85") or by busy periods ("busy")."""
        if labels == "p85":
            return slow_reads(self.trace, self.threshold_us)
        return self.busy

    @property
    def busy(self) -> NDArray[np.bool_]:
        """I/Os in busy periods, bool (n,)."""
        return busy_periods(self.trace, self.threshold_us)

    def training_rows(self, labels: str) -> NDArray[np.bool_]:
        """Reads to learn from, bool (n,): all of the first half, but by busy periods without those
        that contradict them."""
        rows = self.reads(test=False)
        if labels == "p85":
            return rows
        return rows & clean_rows(self.trace, self.busy, self.threshold_us)

    def facts(self) -> Source:
        """The trace in figures."""
        slow, busy = self.truth("p85"), self.truth("busy")
        train, test = self.reads(test=False), self.reads(test=True)
        return Source(
            name=self.name,
            ios=len(self.trace),
            reads=float(self.trace.is_read.mean()),
            iops=(len(self.trace) - 1) / self.trace.duration_us * 1e6,
            threshold_us=self.threshold_us,
            slow_train=float(slow[train].mean()),
            slow_test=float(slow[test].mean()),
            busy_train=float(busy[train].mean()),
            busy_test=float(busy[test].mean()),
        )


def file_halves(
    path: Path, progress: Callable[[float], object] = lambda share: None, skip: bool = False
) -> Halves:
    """A trace from a file, called as the file without its suffixes."""
    trace, _ = read_trace(path, skip=skip, progress=progress)
    return Halves(path.name.removesuffix(".gz").rsplit(".", 1)[0], trace)


def generated_halves(ios: int = GENERATED_IOS, workload: Workload | None = None) -> Halves:
    """Kiln's own trace."""
    return Halves(GENERATED, generate(ios, GENERATED_SEED, workload))
