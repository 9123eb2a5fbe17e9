"""Where policies are tried: replicas and what is asked of them, made anew for each run."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from sw.traces.ssd import SsdConfig
from sw.traces.trace import Trace
from sw.traces.workload import Workload

from .deployed import Deployed
from .devices import Device, ModelDevice, TraceDevice
from .requests import Request, drawn_requests, segments, trace_requests

__all__ = ["ModelStage", "Stage", "TraceStage"]


class Stage(Protocol):
    """Requests, and replicas to send them to."""

    @property
    def requests(self) -> Sequence[Request]:
        """In the order of time."""

    def devices(self, deployed: Deployed | None = None, threshold: int = 0) -> list[Device]:
        """Fresh replicas; with a predictor, which says slow above ``threshold``."""


@dataclass(eq=False)
class TraceStage:
    """
    Replicas that replay segments of a trace (:func:`sim.cluster.requests.segments`).

    Parameters
    ----------
    whole : Trace
        With the past of the part that is replayed.
    rows : slice
        That part.
    replicas : int
    """

    whole: Trace
    rows: slice
    replicas: int
    parts: list[Trace] = field(init=False)
    requests: list[Request] = field(init=False)

    def __post_init__(self) -> None:
        part = self.whole.part(self.rows)
        self._segments = segments(part, self.replicas)
        self.parts = [_from_zero(part, rows) for rows in self._segments]
        self.requests = trace_requests(self.parts)
        self._scores: dict[str, NDArray[np.int64]] = {}

    def devices(self, deployed: Deployed | None = None, threshold: int = 0) -> list[Device]:
        """As in :class:`Stage`; verdicts are the golden model's on each I/O of the trace."""
        if deployed is None:
            return [TraceDevice(k, part) for k, part in enumerate(self.parts)]
        if deployed.name not in self._scores:
            features = deployed.predictor.spec.features.of(self.whole)[self.rows]
            self._scores[deployed.name] = deployed.scores(features)
        slow = self._scores[deployed.name] > threshold
        pairs = zip(self.parts, self._segments, strict=True)
        return [TraceDevice(k, part, slow[rows]) for k, (part, rows) in enumerate(pairs)]


def _from_zero(trace: Trace, rows: NDArray[np.int64]) -> Trace:
    """Rows of a trace, with times from the whole second in which they start; a trace shorter than
    a second starts with its first row."""
    part = trace.part(rows)
    start = part.submit_us[0]
    start -= start % 1e6 if part.duration_us >= 1e6 else 0.0
    return Trace(part.submit_us - start, part.latency_us, part.is_read, part.size, part.offset)


@dataclass(eq=False)
class ModelStage:
    """
    Replicas that are models of an SSD, and requests that are drawn.

    Parameters
    ----------
    workload : Workload
        Of each replica.
    ssd : SsdConfig
    replicas : int
    each : int
        Requests to each replica.
    seed : int
    """

    workload: Workload
    ssd: SsdConfig
    replicas: int
    each: int
    seed: int
    requests: list[Request] = field(init=False)

    def __post_init__(self) -> None:
        self.requests = drawn_requests(self.workload, self.each, self.replicas, self.seed)

    def devices(self, deployed: Deployed | None = None, threshold: int = 0) -> list[Device]:
        """As in :class:`Stage`; the predictor sees what its replica's monitor sees."""
        if deployed is None:
            return [ModelDevice(self.ssd) for _ in range(self.replicas)]
        slow, features = deployed.verdict(threshold), deployed.predictor.spec.features
        return [ModelDevice(self.ssd, features, slow) for _ in range(self.replicas)]
