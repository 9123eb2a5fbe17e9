"""The past of a device in use: told of every I/O, it knows what a host knows at the next one."""

from __future__ import annotations

from bisect import bisect_right
from collections import deque
from heapq import heappop, heappush
from math import inf, log2, nextafter

from sw.predictors.history import NEVER_US
from sw.predictors.past import PAGE, Completed, Kind

__all__ = ["Monitor"]

_KEPT = 64
"""Completed I/Os of a kind that features can ask for."""
_WINDOW_US = 1e5
"""How far back windows can go."""
_KEPT_OLD = 4096
"""Completions that lie further back before they are forgotten, many at a time."""
_SUBMITTED = 64


class Monitor:
    """
    :class:`sw.predictors.past.Past` with every value a float, of the I/O given to :meth:`look`.

    ``look(now, ...)`` says what is asked about; ``submit(latency_us)`` that it went to the device,
    and how long it will take, which counts from its completion on. What was only looked at leaves
    no trace. Time must not go back.
    """

    def __init__(self) -> None:
        self._now = self._first = 0.0
        self.size = self.is_read = 0.0
        self._count = 0
        self._ends: list[tuple[float, int, float, float, float, bool]] = []
        self._flying: dict[int, float] = {}  # number to submission, in order
        self._ios = dict.fromkeys(Kind, 0)
        self._pages = dict.fromkeys(Kind, 0.0)
        self._last: dict[Kind, deque[tuple[float, float, float, float]]] = {
            kind: deque(maxlen=_KEPT) for kind in Kind
        }
        self._logs: deque[float] = deque(maxlen=_KEPT)
        self._recent: list[float] = []  # completions, and pages written up to each
        self._written: list[float] = [0.0]
        self._submitted: deque[float] = deque(maxlen=_SUBMITTED)

    def look(self, now: float, is_read: bool, size: int) -> None:
        """An I/O is about to be submitted at ``now``, microseconds."""
        if now < self._now:
            raise ValueError(f"an I/O at {now} us came after one at {self._now} us")
        self._now, self.is_read, self.size = now, float(is_read), float(size)
        while self._ends and self._ends[0][0] <= now:
            self._complete(*heappop(self._ends))
        old = bisect_right(self._recent, now - _WINDOW_US)
        if old > _KEPT_OLD:
            del self._recent[:old], self._written[:old]

    def _complete(
        self, end: float, number: int, latency: float, pending: float, size: float, read: bool
    ) -> None:
        del self._flying[number]
        for kind in (Kind.ALL, Kind.READS if read else Kind.WRITES):
            self._ios[kind] -= 1
            self._pages[kind] -= size / PAGE
            self._last[kind].appendleft((latency, pending, size, end))
        if read:
            self._logs.appendleft(log2(1 + latency))
        self._recent.append(end)
        self._written.append(self._written[-1] + (0.0 if read else size / PAGE))

    def submit(self, latency_us: float) -> None:
        """The I/O that was looked at is submitted, and will take this long."""
        now, read = self._now, bool(self.is_read)
        end = max(now + latency_us, nextafter(now, inf))
        pending = float(self._ios[Kind.ALL])
        heappush(self._ends, (end, self._count, latency_us, pending, self.size, read))
        self._flying[self._count] = now
        self._first = now if self._count == 0 else self._first
        self._count += 1
        self._submitted.appendleft(now)
        for kind in (Kind.ALL, Kind.READS if read else Kind.WRITES):
            self._ios[kind] += 1
            self._pages[kind] += self.size / PAGE

    @property
    def oldest_age_us(self) -> float:
        """As in :class:`Past`."""
        return self._now - next(iter(self._flying.values()), self._now)

    def in_flight(self, kind: Kind) -> float:
        """As in :class:`Past`."""
        return float(self._ios[kind])

    def pages_in_flight(self, kind: Kind) -> float:
        """As in :class:`Past`."""
        return self._pages[kind]

    def last(self, depth: int, kind: Kind) -> list[Completed]:
        """As in :class:`Past`; at most 64."""
        done = self._last[kind]
        none = Completed(0.0, 0.0, 0.0, NEVER_US)
        found = (done[k] if k < len(done) else None for k in range(depth))
        return [none if io is None else Completed(*io[:3], self._now - io[3]) for io in found]

    def completed_within(self, window_us: float) -> float:
        """As in :class:`Past`; at most 100 ms."""
        return float(len(self._recent) - bisect_right(self._recent, self._now - window_us))

    def written_within(self, window_us: float) -> float:
        """As in :class:`Past`; at most 100 ms."""
        since = bisect_right(self._recent, self._now - window_us)
        return self._written[-1] - self._written[since]

    def mean_log_latency(self, count: int) -> float:
        """As in :class:`Past`; at most 64."""
        some = [self._logs[k] for k in range(min(count, len(self._logs)))]
        return sum(some) / max(len(some), 1)

    def since(self, back: int) -> float:
        """As in :class:`Past`; at most 64."""
        if not self._count:
            return 0.0
        there = back <= len(self._submitted)
        return self._now - (self._submitted[back - 1] if there else self._first)
