"""Labels by hand. Reads here are of one page unless told; a fast one takes 50 us."""

from __future__ import annotations

import itertools

import numpy as np
import pytest
from hypothesis import given

from sw.predictors.labels import busy_periods, clean_rows, slow_reads, threshold_us
from sw.traces.trace import Trace
from tests.sw.traces.cases import PAGE, READ, WRITE, trace_of, traces

IOS = {
    "f": (50.0, READ, PAGE),
    "S": (500.0, READ, PAGE),  # slow, and weak in throughput
    "w": (150.0, READ, PAGE),  # weak but below the threshold
    "L": (500.0, READ, 20 * PAGE),  # slow but large, at full speed
    "W": (900.0, WRITE, PAGE),
}
THRESHOLD = 200.0


def sequence(text: str) -> Trace:
    return trace_of(*((1000.0 * k, *IOS[io]) for k, io in enumerate(text)))


def test_threshold_by_hand() -> None:
    """Of the latencies 10, 20, 30, 40, 50; writes do not count."""
    rows = [(k, 10.0 * (5 - k), READ, PAGE) for k in range(5)]
    trace = trace_of(*rows, (6, 1e6, WRITE, PAGE))
    assert threshold_us(trace, 0.5) == 30
    assert threshold_us(trace) == pytest.approx(44)
    assert (threshold_us(trace, 0), threshold_us(trace, 1)) == (10, 50)


def test_threshold_needs_a_read() -> None:
    for trace in (trace_of(), trace_of((0, 1, WRITE, PAGE))):
        with pytest.raises(ValueError, match="no read to take a threshold from"):
            threshold_us(trace)
    assert threshold_us(trace_of((0, 7, READ, PAGE))) == 7


def test_slow_reads() -> None:
    trace = trace_of((0, 200, READ, 1), (1, 200.1, READ, 1), (2, 999, WRITE, 1))
    assert slow_reads(trace, 200).tolist() == [False, True, False]


@pytest.mark.parametrize(
    ("text", "busy"),
    [
        ("ffffffff", "........"),
        ("fffSffff", "...#...."),
        ("ffSSSfff", "..###..."),
        ("ffSfSfff", "..###..."),  # one fast read does not end it
        ("ffSffSff", "..#..#.."),  # two do
        ("fffSfwff", "...###.."),  # a weak one goes on with it
        ("ffffwfff", "........"),  # but starts none
        ("ffffLfff", "........"),  # nor does a large one at full speed
        ("fSfLfSff", ".#####.."),  # which goes on with it
        ("ffSWWSff", "..####.."),  # writes inside count, and end nothing
        ("fWSWfWfW", "..#....."),
        ("fffffSfS", ".....###"),  # to the end
        ("ffffffSf", "......#."),
        ("fffffSff", ".....#.."),
        ("fSWffWSf", ".#....#."),
        ("SfffffSS", "#.....##"),
        ("WWWW", "...."),
    ],
)
def test_periods(text: str, busy: str) -> None:
    found = busy_periods(sequence("f" * 10 + text), THRESHOLD)
    assert "".join(".#"[int(each)] for each in found) == "." * 10 + busy


def test_share_says_what_is_weak() -> None:
    """150 us are a third of the usual throughput."""
    trace = sequence("f" * 10 + "SwSff")
    assert busy_periods(trace, 100).sum() == 3
    assert busy_periods(trace, 100, share=0.2).tolist() == [False] * 10 + [True] * 3 + [False] * 2
    assert not busy_periods(trace, 100, share=0.05).any()


@given(traces())
def test_periods_like_a_naive_model(trace: Trace) -> None:
    """A read is in a period if a start precedes it (or is it) without two calm reads in a row in
    between, and something that goes on follows it (or is it) likewise."""
    threshold, rows = 3.0, np.flatnonzero(trace.is_read)
    speed = trace.size / np.maximum(trace.latency_us, 1e-3)
    weak = speed < 0.5 * (np.median(speed[rows]) if len(rows) else 0)
    slow = trace.latency_us > threshold
    goes_on = [bool(slow[k] or weak[k]) for k in rows]
    starts = [bool(slow[k] and weak[k]) for k in rows]
    wanted = np.zeros(len(trace), bool)
    for a in range(len(rows)):
        for b in range(a, len(rows)):
            between = goes_on[a : b + 1]
            two = any(not x and not y for x, y in itertools.pairwise(between))
            if starts[a] and goes_on[b] and not two:
                wanted[rows[a] : rows[b] + 1] = True
    np.testing.assert_array_equal(busy_periods(trace, threshold), wanted)


def test_clean_rows() -> None:
    """Eleven reads of 50 us; a lone slow one at full speed is noise, as is a very fast one in a
    period. What is in a period else, and what is fast outside, is learnt from."""
    rows = [
        *((k, 50, READ, PAGE) for k in range(11)),
        (20, 500, READ, 20 * PAGE),
        (30, 500, READ, PAGE),
        (31, 1, READ, PAGE),
        (32, 100, WRITE, PAGE),
        (33, 60, READ, PAGE),
        (34, 500, READ, PAGE),
        (40, 1, READ, PAGE),
        (41, 50, READ, PAGE),
    ]
    trace = trace_of(*rows)
    busy = np.array([30 <= row[0] <= 34 for row in rows])
    found = clean_rows(trace, busy, THRESHOLD)
    assert [row[0] for row, kept in zip(rows, found, strict=True) if not kept] == [20, 31, 32]


def test_no_reads_are_no_rows() -> None:
    trace = trace_of((0, 1, WRITE, PAGE))
    assert clean_rows(trace, np.array([True]), 1).tolist() == [False]
    assert not busy_periods(trace, 1).any()
    assert len(busy_periods(trace_of(), 1)) == 0
