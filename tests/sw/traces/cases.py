"""Traces that tests share."""

from __future__ import annotations

import numpy as np
from hypothesis import strategies as st

from sw.traces.trace import Trace

PAGE = 4096
READ, WRITE = True, False


def trace_of(*rows: tuple[float, float, bool, int]) -> Trace:
    """A trace of (submission, latency, whether a read, bytes), the k-th at offset k pages."""
    submit, latency, reads, sizes = zip(*rows, strict=True) if rows else ((),) * 4
    return Trace(
        np.array(submit, float),
        np.array(latency, float),
        np.array(reads, bool),
        np.array(sizes, int),
        np.arange(len(rows)) * PAGE,
    )


def drawn(seed: int, n: int, unit: float = 1.0) -> Trace:
    """A random trace of whole units of time in which submissions, completions and both together
    often coincide."""
    rng = np.random.default_rng(seed)
    long = rng.random(n) < 0.1
    return Trace(
        np.cumsum(rng.integers(0, 4, n)) * unit,
        np.where(long, rng.integers(0, 200, n), rng.integers(0, 8, n)) * unit,
        rng.random(n) < 0.6,
        rng.integers(1, 5 * PAGE, n),
        rng.integers(0, 1 << 30, n),
    )


@st.composite
def traces(draw: st.DrawFn, most: int = 40) -> Trace:
    """Short traces, such as :func:`drawn`, that shrink; times from microseconds to seconds."""
    unit = draw(st.sampled_from([1.0, 0.3, 250.0, 3000.0]))
    row = st.tuples(
        st.integers(0, 3), st.integers(0, 9), st.booleans(), st.sampled_from([1, 512, PAGE, 20_000])
    )
    rows = draw(st.lists(row, min_size=1, max_size=most))
    at = np.cumsum([gap for gap, *_ in rows]) * unit
    return trace_of(*((t, row[1] * unit, *row[2:]) for t, row in zip(at, rows, strict=True)))


def same(a: Trace, b: Trace) -> bool:
    """Whether all arrays of two traces are equal."""
    names = Trace.__dataclass_fields__
    return all(np.array_equal(getattr(a, name), getattr(b, name)) for name in names)
