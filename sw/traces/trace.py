"""A trace in memory: one array for each property of an I/O, in the order of submission."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

__all__ = ["Trace"]


@dataclass(frozen=True, eq=False)
class Trace:
    """
    I/Os of one device in the order of submission.

    Parameters
    ----------
    submit_us : float64 (n,)
        When each was submitted, microseconds, not falling.
    latency_us : float64 (n,)
        From submission to completion, microseconds, none negative.
    is_read : bool (n,)
    size : int64 (n,)
        Bytes, at least 1.
    offset : int64 (n,)
        First byte on the device.

    ``ValueError`` names the array that does not fit.
    """

    submit_us: NDArray[np.float64]
    latency_us: NDArray[np.float64]
    is_read: NDArray[np.bool_]
    size: NDArray[np.int64]
    offset: NDArray[np.int64]

    def __post_init__(self) -> None:
        shape = self.submit_us.shape
        kinds = {"submit_us": float, "latency_us": float, "is_read": bool, "size": int}
        for name, kind in (kinds | {"offset": int}).items():
            array = getattr(self, name)
            if array.dtype != np.dtype(kind) or array.shape != shape or array.ndim != 1:
                raise ValueError(
                    f"{name} must be {np.dtype(kind)} {shape}, not {array.dtype} {array.shape}"
                )
        if not (np.diff(self.submit_us) >= 0).all():
            raise ValueError("submit_us must not fall")
        if not (self.latency_us >= 0).all():
            raise ValueError("latency_us must not be negative")
        if not (self.size >= 1).all():
            raise ValueError("size must be at least 1")

    def __len__(self) -> int:
        return len(self.submit_us)

    @property
    def complete_us(self) -> NDArray[np.float64]:
        """When each I/O completed, float64 (n,), microseconds."""
        return self.submit_us + self.latency_us

    @property
    def duration_us(self) -> float:
        """From the first submission to the last; 0 where there are fewer than two I/Os."""
        return float(self.submit_us[-1] - self.submit_us[0]) if len(self) else 0.0

    def part(self, rows: slice | NDArray[np.int64]) -> Trace:
        """The I/Os of a slice, or of rows in rising order."""
        return Trace(
            self.submit_us[rows],
            self.latency_us[rows],
            self.is_read[rows],
            self.size[rows],
            self.offset[rows],
        )

    @classmethod
    def joined(cls, parts: Sequence[Trace]) -> Trace:
        """Traces one after the other; no later one may start before an earlier one ends."""
        return cls(
            np.concatenate([part.submit_us for part in parts] or [np.zeros(0)]),
            np.concatenate([part.latency_us for part in parts] or [np.zeros(0)]),
            np.concatenate([part.is_read for part in parts] or [np.zeros(0, bool)]),
            np.concatenate([part.size for part in parts] or [np.zeros(0, int)]),
            np.concatenate([part.offset for part in parts] or [np.zeros(0, int)]),
        )
