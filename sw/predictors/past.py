"""
What a host knows of a device when it submits an I/O, in the words that features are written in.

Two things can say it: :class:`sw.predictors.history.History` for all I/Os of a trace at once, every
value an array (n,), and :class:`sw.predictors.monitor.Monitor` for the next I/O of a device in use,
every value a number.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum
from typing import Any, Protocol

__all__ = ["PAGE", "Completed", "Kind", "Past"]

PAGE = 4096
"""Bytes of a page, in which sizes are counted."""


class Kind(Enum):
    """Which I/Os are meant."""

    ALL = "all"
    READS = "reads"
    WRITES = "writes"


@dataclass(frozen=True)
class Completed:
    """
    An I/O that completed; all values are 0 where there is none, and ``age_us`` ten seconds.

    Parameters
    ----------
    latency_us : float64
    pending : float64
        I/Os that were in flight when it was submitted.
    size : float64
        Bytes.
    age_us : float64
        Since its completion.
    """

    latency_us: Any
    pending: Any
    size: Any
    age_us: Any


class Past(Protocol):
    """Sizes are in pages unless they are said to be bytes, times in microseconds. Of latencies,
    only those of I/Os that have completed by the submission are known."""

    @property
    def size(self) -> Any:
        """Bytes of the I/O that is submitted."""

    @property
    def is_read(self) -> Any:
        """1.0 where it reads."""

    @property
    def oldest_age_us(self) -> Any:
        """For how long the oldest I/O in flight has been; 0 where there is none."""

    def in_flight(self, kind: Kind) -> Any:
        """I/Os in flight."""

    def pages_in_flight(self, kind: Kind) -> Any:
        """Their pages."""

    def last(self, depth: int, kind: Kind) -> list[Completed]:
        """The I/Os that completed last, the latest first."""

    def completed_within(self, window_us: float) -> Any:
        """I/Os that completed in the last ``window_us``."""

    def written_within(self, window_us: float) -> Any:
        """Pages of the writes among them."""

    def mean_log_latency(self, count: int) -> Any:
        """The mean of log2(1 + latency) of the last ``count`` reads, or of all if they are fewer;
        0 where there are none."""

    def since(self, back: int) -> Any:
        """Since the submission ``back`` I/Os before; those without one count from the first."""
