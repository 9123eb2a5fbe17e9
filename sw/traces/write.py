"""Writing traces in the seven-column format, for other tools and for later."""

from __future__ import annotations

import gzip
from pathlib import Path

from .trace import Trace

__all__ = ["write_trace"]


def write_trace(trace: Trace, path: str | Path) -> None:
    """Write a trace as :data:`sw.traces.formats.NVME`, gzipped where ``path`` ends in ``.gz``;
    times to a nanosecond, the nominal arrival being the submission."""
    path = Path(path)
    opener = gzip.open if path.suffix == ".gz" else open
    columns = (trace.submit_us, trace.latency_us, trace.is_read, trace.size, trace.offset)
    with opener(path, "wt") as file:
        for submit, latency, read, size, offset in zip(*(c.tolist() for c in columns), strict=True):
            at = f"{submit / 1000:.6f}"
            file.write(f"{at},{latency:.3f},{int(read)},{size},{offset},{at},{size}\n")
