"""The past of an I/O, straight from its definition: a naive model that looks at all I/Os anew."""

from __future__ import annotations

import numpy as np

from sw.predictors.history import NEVER_US
from sw.predictors.past import PAGE, Completed, Kind
from sw.traces.trace import Trace


class NaivePast:
    """:class:`sw.predictors.past.Past` of row ``i`` of a trace, from the rows before it only."""

    def __init__(self, trace: Trace, i: int) -> None:
        self.trace, self.i, self.now = trace, i, float(trace.submit_us[i])
        self.size, self.is_read = float(trace.size[i]), float(trace.is_read[i])
        self._done = sorted((self._end(k), k) for k in range(i) if self._end(k) <= self.now)
        self._flying = [k for k in range(i) if self._end(k) > self.now]

    def _end(self, k: int) -> float:
        submit = float(self.trace.submit_us[k])
        return max(submit + float(self.trace.latency_us[k]), float(np.nextafter(submit, np.inf)))

    def _is(self, k: int, kind: Kind) -> bool:
        return kind is Kind.ALL or bool(self.trace.is_read[k]) == (kind is Kind.READS)

    @property
    def oldest_age_us(self) -> float:
        return self.now - float(self.trace.submit_us[min(self._flying, default=self.i)])

    def in_flight(self, kind: Kind) -> float:
        return sum(self._is(k, kind) for k in self._flying)

    def pages_in_flight(self, kind: Kind) -> float:
        return sum(self.trace.size[k] / PAGE for k in self._flying if self._is(k, kind))

    def last(self, depth: int, kind: Kind) -> list[Completed]:
        mine = [(end, k) for end, k in reversed(self._done) if self._is(k, kind)][:depth]
        found = [
            Completed(
                self.trace.latency_us[k],
                NaivePast(self.trace, k).in_flight(Kind.ALL),
                self.trace.size[k],
                self.now - end,
            )
            for end, k in mine
        ]
        return found + [Completed(0, 0, 0, NEVER_US)] * (depth - len(found))

    def completed_within(self, window_us: float) -> float:
        return sum(end > self.now - window_us for end, _ in self._done)

    def written_within(self, window_us: float) -> float:
        recent = [k for end, k in self._done if end > self.now - window_us]
        return sum(self.trace.size[k] / PAGE for k in recent if not self.trace.is_read[k])

    def mean_log_latency(self, count: int) -> float:
        reads = [k for _, k in self._done if self.trace.is_read[k]][-count:]
        logs = [np.log2(1 + self.trace.latency_us[k]) for k in reads]
        return float(np.mean(logs)) if logs else 0.0

    def since(self, back: int) -> float:
        return self.now - float(self.trace.submit_us[max(self.i - back, 0)])
