"""The past of every I/O of a trace, for all of them at once."""

from __future__ import annotations

from functools import cached_property

import numpy as np
from numpy.typing import ArrayLike, NDArray

from sw.predictors.past import PAGE, Completed, Kind
from sw.traces.trace import Trace

__all__ = ["NEVER_US", "History"]

NEVER_US = 1e7
"""Age of an I/O that there was none of."""
Values = NDArray[np.float64]


class History:
    """
    :class:`sw.predictors.past.Past` with every value float64 (n,), an element an I/O.

    An I/O that completed at time t is known to have from t on, and never to itself or to those
    submitted before it. I/Os that completed together count in the order of their submission.

    Parameters
    ----------
    trace : Trace
    """

    def __init__(self, trace: Trace) -> None:
        self.trace = trace
        self._end = np.maximum(trace.complete_us, np.nextafter(trace.submit_us, np.inf))
        self._pages = trace.size / PAGE
        self._log_latency = np.log2(1 + trace.latency_us)

    @property
    def size(self) -> Values:
        """Bytes of each I/O."""
        return self.trace.size.astype(float)

    @property
    def is_read(self) -> Values:
        """1.0 where it reads."""
        return self.trace.is_read.astype(float)

    def _among(self, kind: Kind) -> NDArray[np.bool_]:
        reads = self.trace.is_read
        return {Kind.ALL: np.ones_like(reads), Kind.READS: reads, Kind.WRITES: ~reads}[kind]

    @cached_property
    def _orders(self) -> dict[Kind, tuple[NDArray[np.int64], NDArray[np.int64]]]:
        """I/Os of a kind in the order of completion, and how many of them had completed when each
        I/O was submitted."""
        order, found = np.argsort(self._end, kind="stable"), {}
        for kind in Kind:
            mine = order[self._among(kind)[order]]
            done = np.searchsorted(self._end[mine], self.trace.submit_us, "right")
            found[kind] = mine, done
        return found

    def _flying(self, weights: ArrayLike) -> Values:
        """The sum of weights (n,) over the I/Os in flight."""
        order, done = self._orders[Kind.ALL]
        values = np.asarray(weights, float)
        return _before(values)[:-1] - _before(values[order])[done]

    def in_flight(self, kind: Kind) -> Values:
        """As in :class:`Past`."""
        return self._flying(self._among(kind))

    def pages_in_flight(self, kind: Kind) -> Values:
        """As in :class:`Past`."""
        return self._flying(self._pages * self._among(kind))

    @cached_property
    def _pending(self) -> Values:
        return self.in_flight(Kind.ALL)

    def last(self, depth: int, kind: Kind) -> list[Completed]:
        """As in :class:`Past`."""
        order, done = self._orders[kind]
        padded = np.append(order, -1)
        found = []
        for k in range(depth):
            rows = padded[np.maximum(done - 1 - k, -1)]
            there = rows >= 0
            found.append(
                Completed(
                    np.where(there, self.trace.latency_us[rows], 0.0),
                    np.where(there, self._pending[rows], 0.0),
                    np.where(there, self.trace.size[rows], 0.0),
                    np.where(there, self.trace.submit_us - self._end[rows], NEVER_US),
                )
            )
        return found

    def _within(self, window_us: float, weights: ArrayLike) -> Values:
        order, done = self._orders[Kind.ALL]
        since = np.searchsorted(self._end[order], self.trace.submit_us - window_us, "right")
        total = _before(np.asarray(weights, float)[order])
        return total[done] - total[since]

    def completed_within(self, window_us: float) -> Values:
        """As in :class:`Past`."""
        return self._within(window_us, np.ones(len(self.trace)))

    def written_within(self, window_us: float) -> Values:
        """As in :class:`Past`."""
        return self._within(window_us, self._pages * ~self.trace.is_read)

    def mean_log_latency(self, count: int) -> Values:
        """As in :class:`Past`."""
        order, done = self._orders[Kind.READS]
        first = np.maximum(done - count, 0)
        total = _before(self._log_latency[order])
        return (total[done] - total[first]) / np.maximum(done - first, 1)

    @property
    def oldest_age_us(self) -> Values:
        """As in :class:`Past`."""
        submit = self.trace.submit_us
        # The first I/O that ends after t is the first at which the latest end so far does.
        first = np.searchsorted(np.maximum.accumulate(self._end), submit, "right")
        return submit - submit[np.minimum(first, np.arange(len(submit)))]

    def since(self, back: int) -> Values:
        """As in :class:`Past`."""
        submit = self.trace.submit_us
        return submit - submit[np.maximum(np.arange(len(submit)) - back, 0)]


def _before(values: NDArray) -> Values:
    """Sums of the first k values, for k from 0 to all; exact for integers."""
    return np.concatenate([[0.0], np.cumsum(values)])
