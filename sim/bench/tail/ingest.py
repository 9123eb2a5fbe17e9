"""Rows of a trace turned into features: seconds and memory, of a process of its own."""

from __future__ import annotations

import json
import resource
import subprocess
import sys
import time
from pathlib import Path

import numpy as np

from sw.predictors.features import FEATURES
from sw.traces.read import read_trace
from sw.traces.trace import Trace
from sw.traces.write import write_trace

from .results import Ingest

__all__ = ["measure_ingest"]


def measure_ingest(folder: Path, rows: int = 1_000_000) -> Ingest:
    """Write a trace of ``rows`` I/Os to ``folder``, and read it in a new process."""
    rng = np.random.default_rng(1)
    trace = Trace(
        np.cumsum(rng.exponential(20.0, rows)),
        rng.lognormal(4.5, 0.8, rows),
        rng.random(rows) < 0.75,
        4096 * rng.integers(1, 17, rows),
        4096 * rng.integers(0, 1 << 24, rows),
    )
    path = folder / "ingest.trace"
    write_trace(trace, path)
    try:
        command = [sys.executable, "-m", __name__, str(path)]
        found = subprocess.run(command, capture_output=True, text=True, check=True)
    finally:
        path.unlink()
    return Ingest.model_validate_json(found.stdout)


def main(path: str) -> None:
    """Read a trace, compute all sets of features one after the other, and print what it took."""
    begin = time.perf_counter()
    trace, report = read_trace(path)
    for features in FEATURES.values():
        features.of(trace)
    seconds = time.perf_counter() - begin
    unit = 1 if sys.platform == "darwin" else 1024
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * unit
    print(json.dumps({"rows": report.ios, "seconds": seconds, "peak_bytes": peak}))


if __name__ == "__main__":
    main(sys.argv[1])
