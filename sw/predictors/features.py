"""
What predictors look at: from the past of a device to the inputs of a network.

Each set is an object with the names of its columns and a function of a :class:`Past`, which has
nothing but what a host knows when it submits. Columns are in units of their own; how they are
scaled for a network is :class:`sw.predictors.scaling.Scaling`'s.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from sw.predictors.history import History
from sw.predictors.past import PAGE, Kind, Past
from sw.traces.trace import Trace

__all__ = ["FEATURES", "HEIMDALL", "KILN", "LINNOS", "FeatureSet"]


@dataclass(frozen=True)
class FeatureSet:
    """
    Inputs of a predictor.

    Parameters
    ----------
    name : str
    columns : tuple of str
    compute : callable
        A :class:`Past` to its columns, each an array (n,) or a number.
    digits : bool
        Whether all columns are small integers that a network takes as they are.
    """

    name: str
    columns: tuple[str, ...]
    compute: Callable[[Past], list[Any]]
    digits: bool = False

    def of(self, trace: Trace) -> NDArray[np.float32]:
        """The inputs for each I/O of a trace, float32 (n, columns)."""
        return np.stack(self.compute(History(trace)), axis=1).astype(np.float32)

    def row(self, past: Past) -> NDArray[np.float32]:
        """The inputs for the next I/O of a device, float32 (columns,)."""
        return np.array(self.compute(past), np.float32)


def _decimal(value: Any, places: int) -> list[Any]:
    """Decimal digits of a value cut to an integer and to ``places`` digits, the highest first."""
    whole = np.minimum(value, 10**places - 1) // 1
    return [whole // 10**place % 10 for place in reversed(range(places))]


def _linnos(past: Past) -> list[Any]:
    last = past.last(4, Kind.ALL)
    columns = _decimal(past.in_flight(Kind.ALL), 3)
    for io in last:
        columns += _decimal(io.pending, 3)
    for io in last:
        columns += _decimal(io.latency_us, 4)
    return columns


LINNOS = FeatureSet(
    "linnos",
    (
        *(f"pending {d}" for d in "abc"),
        *(f"pending at last {k} {d}" for k in range(1, 5) for d in "abc"),
        *(f"latency of last {k} {d}" for k in range(1, 5) for d in "abcd"),
    ),
    _linnos,
    digits=True,
)
"""
LinnOS (Hao et al., OSDI 2020, section 4.2), 31 decimal digits: three of the number of I/Os in
flight, three of what that number was when each of the last four completed I/Os was submitted, and
four of each one's latency in microseconds. Numbers of more digits are cut to the largest.
"""


def _heimdall(past: Past) -> list[Any]:
    last = past.last(3, Kind.ALL)
    return [
        past.in_flight(Kind.ALL),
        past.size / PAGE,
        past.is_read,
        *(io.latency_us for io in last),
        *(io.pending for io in last),
        *(io.size / np.maximum(io.latency_us, 1.0) for io in last),
    ]


HEIMDALL = FeatureSet(
    "heimdall",
    (
        "pending",
        "size",
        "read",
        *(f"{what} {k}" for what in ("latency", "pending", "throughput") for k in (1, 2, 3)),
    ),
    _heimdall,
)
"""
After Heimdall (EuroSys 2025): I/Os in flight, the I/O's size, and latency, I/Os in flight and
throughput of each of the last three completed. The paper's network takes 12 inputs; that the
twelfth is the I/O's type is Kiln's own choice. Microseconds, pages, bytes a microsecond.
"""

_WINDOWS_US = (1e3, 1e4, 1e5)


def _kiln(past: Past) -> list[Any]:
    reads, writes = past.last(4, Kind.READS), past.last(2, Kind.WRITES)
    columns = [
        past.size / PAGE,
        past.in_flight(Kind.READS),
        past.in_flight(Kind.WRITES),
        past.pages_in_flight(Kind.READS),
        past.pages_in_flight(Kind.WRITES),
        past.oldest_age_us,
        *(past.since(back) for back in (1, 4, 16)),
        *(io.latency_us for io in reads),
        *(io.pending for io in reads),
        reads[0].age_us,
        *(io.latency_us for io in writes),
        writes[0].age_us,
        *(past.completed_within(window) for window in _WINDOWS_US),
        *(past.written_within(window) for window in _WINDOWS_US),
    ]
    logs = np.log2(1 + np.maximum(np.stack(columns), 0))
    return [*logs, *(past.mean_log_latency(count) for count in (16, 64))]


KILN = FeatureSet(
    "kiln",
    (
        "pages",
        "reads in flight",
        "writes in flight",
        "pages read in flight",
        "pages written in flight",
        "age of the oldest in flight",
        *(f"since submission {k} before" for k in (1, 4, 16)),
        *(f"latency of read {k}" for k in range(1, 5)),
        *(f"in flight at read {k}" for k in range(1, 5)),
        "age of read 1",
        *(f"latency of write {k}" for k in (1, 2)),
        "age of write 1",
        *(f"completed in {window / 1e3:g} ms" for window in _WINDOWS_US),
        *(f"pages written in {window / 1e3:g} ms" for window in _WINDOWS_US),
        *(f"mean latency of {count} reads" for count in (16, 64)),
    ),
    _kiln,
)
"""
Kiln's own, 29 logarithms to base 2 of one plus: what is in flight, reads and writes apart, and how
long the oldest has been; the pace of submissions; the last four reads and two writes completed;
what completed in the last 1, 10 and 100 ms, and how much of it was written, as a write's cost comes
later (garbage collection); the mean of the last 16 and 64 reads.
"""

FEATURES = {each.name: each for each in (LINNOS, HEIMDALL, KILN)}
