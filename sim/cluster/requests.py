"""What clients ask of a cluster: I/Os, each with the replica that it goes to first."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from sw.traces.trace import Trace
from sw.traces.workload import Requests, Workload, draw

__all__ = ["Request", "drawn_requests", "segments", "trace_requests"]


@dataclass(frozen=True, slots=True)
class Request:
    """
    An I/O.

    Parameters
    ----------
    at : float
        Microseconds since the start.
    primary : int
        The replica that it goes to first.
    row : int
        Its row in the primary's own trace, where that has one.
    is_read : bool
    size, offset : int
        Bytes.
    """

    at: float
    primary: int
    row: int
    is_read: bool
    size: int
    offset: int


def segments(trace: Trace, replicas: int) -> list[NDArray[np.int64]]:
    """
    Rows of a trace for each replica: equally long stretches of time that do not overlap, each a
    whole number of seconds where the trace is at least 10 s a replica, so that bursts that come
    every second come to all replicas together; what is left over then is left out.

    ``ValueError`` where a replica would have no read.
    """
    length = trace.duration_us / replicas
    start = trace.submit_us[0] if len(trace) else 0.0
    if length >= 10e6:
        length, start = length // 1e6 * 1e6, start // 1e6 * 1e6
        number = (trace.submit_us - start) // length
    else:  # the last I/O is at the very end of the last part, and belongs to it
        number = np.minimum((trace.submit_us - start) // max(length, 1e-9), replicas - 1)
    found = [np.flatnonzero(number == k) for k in range(replicas)]
    for k, rows in enumerate(found):
        if not trace.is_read[rows].any():
            raise ValueError(
                f"the trace of {len(trace):,} I/Os has no read in part {k + 1} of {replicas}"
            )
    return found


def trace_requests(parts: Sequence[Trace]) -> list[Request]:
    """The I/Os of each replica's own trace, which starts at 0, in the order of time."""
    found = []
    for primary, part in enumerate(parts):
        columns = (part.submit_us, part.is_read, part.size, part.offset)
        rows = zip(*(c.tolist() for c in columns), strict=True)
        found += [Request(at, primary, k, *rest) for k, (at, *rest) in enumerate(rows)]
    return sorted(found, key=lambda request: request.at)


def drawn_requests(workload: Workload, n: int, replicas: int, seed: int) -> list[Request]:
    """``n`` requests to each replica, drawn from ``seed``: rates rise and fall at all replicas
    independently."""
    streams: list[Requests] = [draw(workload, n, seed * 1000 + k) for k in range(replicas)]
    found = []
    for primary, stream in enumerate(streams):
        columns = (stream.submit_us, stream.is_read, stream.size, stream.offset)
        rows = zip(*(c.tolist() for c in columns), strict=True)
        found += [Request(at, primary, k, *rest) for k, (at, *rest) in enumerate(rows)]
    found.sort(key=lambda request: request.at)
    end = min(stream.submit_us[-1] for stream in streams)
    return [request for request in found if request.at <= end]
