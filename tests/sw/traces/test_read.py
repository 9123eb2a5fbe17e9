"""Traces from files: what is read, in which order, and how pieces follow."""

from __future__ import annotations

import subprocess
import sys
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from sw.traces import read
from sw.traces.read import ReadReport, TraceError, read_chunks, read_trace
from sw.traces.trace import Trace
from sw.traces.write import write_trace
from tests.sw.traces.cases import drawn, same
from tests.sw.traces.files import HEADER, Write, nvme

ROOT = Path(__file__).resolve().parents[3]


def test_both_formats_are_told_by_their_first_line(write: Write) -> None:
    trace, report = read_trace(write(nvme(1) + nvme(2, 50, 512, 8)))
    assert trace.submit_us.tolist() == [1000, 2000]
    assert trace.latency_us.tolist() == [100, 50]
    assert trace.is_read.all()
    assert trace.size.tolist() == [4096, 512] and trace.offset.tolist() == [0, 8]
    assert (report.ios, str(report)) == (2, "2 I/Os")
    trace, report = read_trace(write(f"{HEADER}\n1000,3000,0,1,8,2000,1900\n"))
    assert (trace.submit_us.tolist(), trace.latency_us.tolist()) == ([1.0], [2.0])
    assert not trace.is_read[0] and report.ios == 1


def test_blank_lines_are_left_out_but_numbered(write: Write) -> None:
    trace, report = read_trace(write("\n" + nvme(1) + "\n  \n" + nvme(2) + "\r\n"))
    assert len(trace) == 2 and not report.skipped
    trace, _ = read_trace(write(f"\n\n{HEADER}\n\n1000,3000,0,1,8,2000,1\n"))
    assert len(trace) == 1
    path = write("\n" + nvme(1) + "\nbad\n")
    with pytest.raises(TraceError, match=":4: has 1 of 7"):
        read_trace(path)


def test_a_named_format_is_taken(write: Write) -> None:
    path = write(nvme(1))
    assert len(read_trace(path, kind="nvme")[0]) == 1
    with pytest.raises(TraceError, match="must be the header"):
        read_trace(path, kind="mqsim")
    header = write(f"{HEADER}\n1000,3000,0,1,8,2000,1\n")
    assert len(read_trace(header, kind="mqsim")[0]) == 1
    with pytest.raises(TraceError, match=":1: has 'arrival_ns' for nominal_ms"):
        read_trace(header, kind="nvme")


def test_rows_within_the_window_are_sorted_and_ties_keep_their_order(write: Write) -> None:
    path = write(nvme(5, 1) + nvme(3, 2) + nvme(5, 3) + nvme(0, 4) + nvme(3, 5))
    trace, report = read_trace(path, window_ms=5)
    assert trace.submit_us.tolist() == [0, 3000, 3000, 5000, 5000]
    assert trace.latency_us.tolist() == [4, 2, 5, 1, 3]
    assert report.ios == 5 and not report.skipped
    with pytest.raises(TraceError, match=r":4: is 5\.000 ms behind a row above; .* 4\.9 ms"):
        read_trace(path, window_ms=4.9)


@pytest.mark.parametrize("suffix", [".trace", ".trace.gz"])
@pytest.mark.parametrize("chunk", [1, 7, 64])
def test_pieces_follow_each_other(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, suffix: str, chunk: int
) -> None:
    path, trace = tmp_path / f"a{suffix}", drawn(3, 500, 1000.0)
    write_trace(trace, path)
    whole, _ = read_trace(path, window_ms=20)
    monkeypatch.setattr(read, "CHUNK", chunk)
    shares: list[float] = []
    report = ReadReport()
    pieces = list(read_chunks(path, window_ms=20, report=report, progress=shares.append))
    assert len(pieces) > 3 and max(map(len, pieces)) < 100 and min(map(len, pieces)) > 0
    for before, after in pairwise(pieces):
        assert before.submit_us[-1] <= after.submit_us[0]
    assert same(Trace.joined(pieces), whole)
    assert report.ios == len(whole) == 500
    assert shares == sorted(shares) and shares[-1] == 1.0 and len(shares) > 3
    assert 0 < shares[0] <= 1


@given(
    st.lists(st.integers(0, 30), min_size=1, max_size=40),
    st.sampled_from([0, 3, 10, 50]),
    st.sampled_from([1, 3, 1000]),
    st.randoms(use_true_random=False),
)
def test_any_shuffle_within_the_window_reads_back_sorted(
    tmp_path_factory: pytest.TempPathFactory, times: list[int], window: int, chunk: int, rng
) -> None:
    """Rows are written in the order of submission plus a delay of at most the window."""
    delayed = [(at + rng.uniform(0, window), at, k) for k, at in enumerate(times)]
    rows = [(at, k) for _, at, k in sorted(delayed)]
    path = tmp_path_factory.getbasetemp() / "shuffled.trace"
    path.write_text("".join(nvme(at, k) for at, k in rows))
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(read, "CHUNK", chunk)
        trace, report = read_trace(path, window_ms=window)
    wanted = sorted(rows, key=lambda row: row[0])
    assert trace.submit_us.tolist() == [1000 * at for at, _ in wanted]
    assert trace.latency_us.tolist() == [k for _, k in wanted]
    assert report.ios == len(times)


@given(st.lists(st.integers(0, 30), min_size=1, max_size=40), st.integers(0, 20), st.integers(1, 9))
def test_skipping_leaves_out_exactly_what_is_too_far_behind(
    tmp_path_factory: pytest.TempPathFactory, times: list[int], window: int, chunk: int
) -> None:
    path = tmp_path_factory.getbasetemp() / "behind.trace"
    path.write_text("".join(nvme(at, k) for k, at in enumerate(times)))
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(read, "CHUNK", chunk)
        trace, report = read_trace(path, window_ms=window, skip=True)
    kept = [k for k, at in enumerate(times) if at >= max(times[: k + 1]) - window]
    assert trace.latency_us.tolist() == sorted(kept, key=lambda k: times[k])
    assert report.skipped.total() == len(times) - len(kept)


MILLION = """
import resource, sys, time
from sw.predictors.features import FEATURES
from sw.traces.read import read_trace
start = time.perf_counter()
trace, report = read_trace(sys.argv[1])
assert len(trace) == report.ios == 1_000_000
for features in FEATURES.values():
    assert features.of(trace).shape == (1_000_000, len(features.columns))
print(time.perf_counter() - start, resource.getrusage(resource.RUSAGE_SELF).ru_maxrss)
"""


@pytest.mark.slow
def test_a_million_rows_are_features_within_a_minute_and_2_gb(tmp_path: Path) -> None:
    """Written as they complete, so that they come a little out of order."""
    n, rng = 1_000_000, np.random.default_rng(0)
    submit = np.cumsum(rng.exponential(0.02, n))
    latency = rng.lognormal(4.5, 1, n).astype(int)
    order = np.argsort(submit + latency / 1000)
    columns = (submit, latency, rng.integers(0, 2, n), 4096 * rng.integers(1, 9, n))
    rows = zip(*(column[order].tolist() for column in columns), strict=True)
    path = tmp_path / "million.trace"
    line = "{0:.3f},{1},{2},{3},8192,{0:.3f},{3}\n".format
    path.write_text("".join(line(*row) for row in rows))
    run = subprocess.run(
        [sys.executable, "-c", MILLION, str(path)], cwd=ROOT, capture_output=True, text=True
    )
    assert run.returncode == 0, run.stderr
    seconds, kilobytes = map(float, run.stdout.split())
    assert seconds < 60
    assert 1024 * kilobytes < 2e9


def test_the_real_traces_read_without_a_bad_row(shared_dir: Path) -> None:
    files = sorted((shared_dir / "data" / "traces").glob("*.gz"))
    assert len(files) == 6
    for path in files:
        trace, report = read_trace(path)
        assert len(trace) == report.ios > 6_000 and not report.skipped
        assert trace.is_read.any() and not trace.is_read.all()
        kind = "mqsim" if path.name.startswith("mqsim") else "nvme"
        assert len(read_trace(path, kind=kind)[0]) == len(trace)
