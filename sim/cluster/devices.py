"""Replicas: one that answers as a trace says, and one that is a model of an SSD."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from sw.predictors.features import FeatureSet
from sw.predictors.monitor import Monitor
from sw.traces.ssd import Ssd, SsdConfig
from sw.traces.trace import Trace

from .requests import Request

__all__ = ["Device", "ModelDevice", "TraceDevice"]


class Device(Protocol):
    """A replica. Calls come in the order of time, microseconds."""

    def predicted_slow(self, now: float, request: Request) -> bool:
        """What the predictor says of a read, if it were submitted now."""

    def would_take(self, now: float, request: Request) -> float:
        """Latency of a read if it were submitted now; nothing changes."""

    def submit(self, now: float, request: Request) -> float:
        """Latency of an I/O that is submitted now."""


class TraceDevice:
    """
    Answers as its trace says. An I/O of its own takes what it took there; one that comes from
    another replica what the read nearest in time took, with that read's verdict. What comes from
    elsewhere does not slow down the others.

    Parameters
    ----------
    number : int
        Of the replica.
    trace : Trace
        Starts at 0.
    slow : bool (n,) or None
        The predictor's verdict on each I/O.
    """

    def __init__(self, number: int, trace: Trace, slow: NDArray[np.bool_] | None = None) -> None:
        self.number = number
        self._latency = trace.latency_us.tolist()
        self._slow = None if slow is None else slow.tolist()
        self._reads = np.flatnonzero(trace.is_read)
        self._times = trace.submit_us[self._reads]

    def _row(self, now: float, request: Request) -> int:
        if request.primary == self.number:
            return request.row
        after = int(np.searchsorted(self._times, now))
        if after == len(self._times):
            return int(self._reads[-1])
        if after and now - self._times[after - 1] <= self._times[after] - now:
            after -= 1
        return int(self._reads[after])

    def predicted_slow(self, now: float, request: Request) -> bool:
        """As in :class:`Device`."""
        if self._slow is None:
            raise ValueError("this replica has no predictor")
        return bool(self._slow[self._row(now, request)])

    def would_take(self, now: float, request: Request) -> float:
        """As in :class:`Device`."""
        return float(self._latency[self._row(now, request)])

    def submit(self, now: float, request: Request) -> float:
        """As in :class:`Device`."""
        return self.would_take(now, request)


class ModelDevice:
    """
    A model of an SSD with a monitor beside it: what is sent to it slows down what comes behind.

    Parameters
    ----------
    config : SsdConfig
    features : FeatureSet, optional
        What the predictor looks at.
    slow : callable, optional
        The predictor's verdict on a row of features, float32 (columns,).
    """

    def __init__(
        self,
        config: SsdConfig,
        features: FeatureSet | None = None,
        slow: Callable[[NDArray[np.float32]], bool] | None = None,
    ) -> None:
        self._ssd, self._monitor = Ssd(config), Monitor()
        self._features, self._slow = features, slow

    def predicted_slow(self, now: float, request: Request) -> bool:
        """As in :class:`Device`."""
        if self._features is None or self._slow is None:
            raise ValueError("this replica has no predictor")
        past: Any = self._monitor
        past.look(now, request.is_read, request.size)
        return self._slow(self._features.row(past))

    def would_take(self, now: float, request: Request) -> float:
        """As in :class:`Device`."""
        return self._ssd.would_take(now, request.size, request.offset)

    def submit(self, now: float, request: Request) -> float:
        """As in :class:`Device`."""
        latency = self._ssd.submit(now, request.is_read, request.size, request.offset)
        self._monitor.look(now, request.is_read, request.size)
        self._monitor.submit(latency)
        return latency
