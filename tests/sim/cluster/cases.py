"""Replicas and requests that tests share."""

from __future__ import annotations

from sim.cluster.requests import Request
from tests.sw.traces.cases import PAGE


class Fixed:
    """A device each of whose I/Os takes as long as the next number says, and that notes when it was
    asked what; ``slow`` are its verdicts in turn."""

    def __init__(self, *latencies: float, slow: tuple[bool, ...] = ()) -> None:
        self.latencies, self.slow = list(latencies), list(slow)
        self.submitted: list[tuple[float, Request]] = []
        self.predicted: list[float] = []

    def predicted_slow(self, now: float, request: Request) -> bool:
        self.predicted.append(now)
        return self.slow.pop(0)

    def would_take(self, now: float, request: Request) -> float:
        return self.latencies[0]

    def submit(self, now: float, request: Request) -> float:
        self.submitted.append((now, request))
        return self.latencies.pop(0)

    @property
    def times(self) -> list[float]:
        return [at for at, _ in self.submitted]


def read(at: float, primary: int = 0, row: int = 0, page: int = 0) -> Request:
    return Request(at, primary, row, True, PAGE, page * PAGE)


def write(at: float, primary: int = 0, row: int = 0) -> Request:
    return Request(at, primary, row, False, PAGE, 0)
