"""A run of a cluster on SimPy, and what came of it."""

from __future__ import annotations

from collections.abc import Callable, Generator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import simpy
from numpy.typing import NDArray

from .devices import Device
from .policies import Counts, Policy
from .requests import Request

__all__ = ["ClusterRun", "run_cluster"]

_REPORT_EVERY = 1024


@dataclass(frozen=True, eq=False)
class ClusterRun:
    """
    Latencies of all reads, float64 (n,), microseconds, from their coming to their first answer, in
    the order of their coming; all I/Os asked for, what was done, and how long it all took.
    """

    latency_us: NDArray[np.float64]
    requests: int
    counts: Counts
    duration_us: float

    @property
    def extra_load(self) -> float:
        """I/Os of devices beyond one a request, over requests."""
        return self.counts.device_ios / self.requests - 1

    def percentile(self, share: float) -> float:
        """The latency that this share of the reads, 0 to 100, stays within."""
        return float(np.percentile(self.latency_us, share))


def run_cluster(
    requests: Sequence[Request],
    devices: Sequence[Device],
    policy: Policy,
    progress: Callable[[int], object] = lambda done: None,
) -> ClusterRun:
    """
    Let requests, in the order of time, come to the replicas.

    Writes go to their primary under every policy, and load it. ``progress`` is called with the
    number of requests that came since its last call. ``ValueError`` where there is no read, or only
    one replica.
    """
    if len(devices) < 2:
        raise ValueError(f"a cluster needs at least 2 replicas, not {len(devices)}")
    reads = sum(request.is_read for request in requests)
    if not reads:
        raise ValueError("no read among the requests")
    env, counts = simpy.Environment(), Counts()
    latency = np.zeros(reads)

    def one(request: Request, place: int) -> Generator[Any, Any, None]:
        answer = yield from policy.read(env, request, devices, counts)
        latency[place] = answer - request.at

    def arrivals() -> Generator[Any, Any, None]:
        place = 0
        for number, request in enumerate(requests, start=1):
            yield env.timeout(max(0.0, request.at - env.now))
            if request.is_read:
                env.process(one(request, place))
                place += 1
            else:
                counts.device_ios += 1
                devices[request.primary].submit(env.now, request)
            if number % _REPORT_EVERY == 0:
                progress(_REPORT_EVERY)
        progress(len(requests) % _REPORT_EVERY)

    env.process(arrivals())
    env.run()
    return ClusterRun(latency, len(requests), counts, float(requests[-1].at - requests[0].at))
