"""Traces from files: what is read, what is refused and with which words, and how pieces follow."""

from __future__ import annotations

import gzip
import subprocess
import sys
from collections.abc import Callable
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from sw.predictors.features import HEIMDALL
from sw.predictors.fit import FitRecipe, fit
from sw.predictors.labels import slow_reads, threshold_us
from sw.traces import read
from sw.traces.formats import MQSIM
from sw.traces.read import ReadReport, TraceError, read_chunks, read_trace
from sw.traces.trace import Trace
from sw.traces.write import write_trace
from tests.sw.traces.cases import PAGE, drawn, same

ROOT = Path(__file__).resolve().parents[3]
Write = Callable[[str | bytes], Path]
HEADER = ",".join(MQSIM.columns)


@pytest.fixture(params=["a.trace", "a.trace.gz"])
def write(request: pytest.FixtureRequest, tmp_path: Path) -> Write:
    """Writes a file, plain or gzipped."""

    def save(content: str | bytes) -> Path:
        path = tmp_path / request.param
        data = content.encode() if isinstance(content, str) else content
        path.write_bytes(gzip.compress(data) if path.suffix == ".gz" else data)
        return path

    return save


def nvme(at_ms: float, latency: float = 100, size: int = PAGE, offset: int = 0) -> str:
    return f"{at_ms},{latency},1,{size},{offset},{at_ms},{size}\n"


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


def test_one_row_reads_but_is_too_little_to_train_on(write: Write) -> None:
    trace, _ = read_trace(write(nvme(1)))
    assert len(trace) == 1
    assert threshold_us(trace) == 100
    rows, slow = HEIMDALL.of(trace), slow_reads(trace, 50)
    with pytest.raises(ValueError, match="first four fifths of the training rows have 0 slow of 0"):
        fit(rows, slow, FitRecipe())


BAD = {
    "last line cut": ("2.0,100,1,40", "wrong number of columns", "has 4 of 7 columns"),
    "last number cut": ("2.0,100,1,4096,0,2.0,40", "incomplete", "moved 40 of 4096 bytes"),
    "one column more": ("2,1,1,1,1,1,1,1\n", "wrong number of columns", "has 8 of 7 columns"),
    "negative time": ("2,100,1,4096,0,-2,4096\n", "negative time", "has a negative submission"),
    "negative latency": ("2,-1,1,4096,0,2,4096\n", "negative time", "has a negative latency"),
    "text": ("2,fast,1,4096,0,2,4096\n", "not a number", "has 'fast' for latency_us"),
    "not finite": ("2,nan,1,4096,0,2,4096\n", "not finite", "holds a time that is not finite"),
    "no size": ("2,100,1,0,0,2,0\n", "no size", "has a size of 0 bytes"),
    "large": (f"2,9,1,1,{1 << 63},2,1\n", "too large", f"has 1 bytes at {1 << 63}, beyond 63 bits"),
    "incomplete": ("2,100,1,4096,0,2,0\n", "incomplete", "moved 0 of 4096 bytes"),
    "out of order": (
        *("2,100,1,4096,0,0.5,4096\n", "out of order"),
        "is 200.500 ms behind a row above; the window is 200 ms",
    ),
}


@pytest.mark.parametrize("name", BAD)
def test_a_bad_row_stops_or_is_counted(write: Write, name: str) -> None:
    line, kind, words = BAD[name]
    path = write(nvme(200) + nvme(201) + line)
    with pytest.raises(TraceError) as caught:
        read_trace(path)
    assert str(caught.value).startswith(f"{path}:3: {words}")
    trace, report = read_trace(path, skip=True)
    assert trace.submit_us.tolist() == [200_000, 201_000]
    assert report.skipped == {kind: 1}
    assert len(report.examples) == 1 and report.examples[0].startswith(f"{path}:3: {words}")
    assert str(report) == f"2 I/Os, 1 rows skipped (1 {kind})"


def test_rows_behind_a_skipped_row_are_read(write: Write) -> None:
    path = write(nvme(1) + "nonsense\n" + nvme(2) + "0,nan,1,1,1,1,1\n" * 7 + nvme(3))
    trace, report = read_trace(path, skip=True)
    assert trace.submit_us.tolist() == [1000, 2000, 3000]
    assert report.skipped == {"wrong number of columns": 1, "not finite": 7}
    assert [where.split(" ")[0] for where in report.examples] == [
        f"{path}:{line}:" for line in (2, 4, 5, 6, 7)
    ]


def test_mqsim_latency_must_fit(write: Write) -> None:
    path = write(f"{HEADER}\n1000,3000,0,1,8,2000,1\n1000,3000,0,1,8,1999,1\n")
    words = "has the latency 1999 between 1000 and 3000"
    with pytest.raises(TraceError) as caught:
        read_trace(path)
    assert str(caught.value) == f"{path}:3: {words}"
    trace, report = read_trace(path, skip=True)
    assert len(trace) == 1
    assert report.skipped == {"latency that is not completion less arrival": 1}


def test_a_line_that_is_not_text(write: Write) -> None:
    path = write(nvme(1).encode() + b"1,2,\xff\xfe,3\n" + nvme(2).encode())
    with pytest.raises(TraceError) as caught:
        read_trace(path)
    assert str(caught.value) == f"{path}:2: is not text"
    trace, report = read_trace(path, skip=True)
    assert len(trace) == 2 and report.skipped == {"not text": 1}


@pytest.mark.parametrize("skip", [False, True])
@pytest.mark.parametrize("content", ["", "\n \n", f"{HEADER}\n", f"{HEADER}"])
def test_nothing_in_the_file(write: Write, content: str, skip: bool) -> None:
    path = write(content)
    with pytest.raises(TraceError) as caught:
        read_trace(path, skip=skip)
    assert str(caught.value) == f"{path}: holds no I/O (0 I/Os)"


def test_nothing_but_bad_rows(write: Write) -> None:
    path = write("1,2\n3,4\n")
    with pytest.raises(TraceError, match=r"holds no I/O \(0 I/Os, 2 rows skipped \(2 wrong number"):
        read_trace(path, skip=True)


def test_blank_lines_are_left_out_but_numbered(write: Write) -> None:
    trace, report = read_trace(write("\n" + nvme(1) + "\n  \n" + nvme(2) + "\r\n"))
    assert len(trace) == 2 and not report.skipped
    trace, _ = read_trace(write(f"\n\n{HEADER}\n\n1000,3000,0,1,8,2000,1\n"))
    assert len(trace) == 1
    path = write("\n" + nvme(1) + "\nbad\n")
    with pytest.raises(TraceError, match=":4: has 1 of 7"):
        read_trace(path)


@pytest.mark.parametrize("skip", [False, True])
def test_unknown_header(write: Write, skip: bool) -> None:
    path = write("time,size\n1,2\n")
    with pytest.raises(TraceError) as caught:
        read_trace(path, skip=skip)
    assert str(caught.value) == f"{path}:1: has the header 'time,size'; known is {HEADER!r}"


@pytest.mark.parametrize("skip", [False, True])
def test_a_named_format_wants_its_header(write: Write, skip: bool) -> None:
    path = write("1000,3000,0,1,8,2000,1\n")
    with pytest.raises(TraceError) as caught:
        read_trace(path, kind="mqsim", skip=skip)
    wanted = f"{path}:1: must be the header {HEADER!r}, not '1000,3000,0,1,8,2000,1'"
    assert str(caught.value) == wanted


def test_a_named_format_is_taken(write: Write) -> None:
    path = write(nvme(1))
    assert len(read_trace(path, kind="nvme")[0]) == 1
    with pytest.raises(TraceError, match="must be the header"):
        read_trace(path, kind="mqsim")
    header = write(f"{HEADER}\n1000,3000,0,1,8,2000,1\n")
    assert len(read_trace(header, kind="mqsim")[0]) == 1
    with pytest.raises(TraceError, match=":1: has 'arrival_ns' for nominal_ms"):
        read_trace(header, kind="nvme")


def test_unknown_format_and_window(tmp_path: Path) -> None:
    with pytest.raises(TraceError, match="no trace format 'csv'; there are nvme, mqsim"):
        read_trace(tmp_path / "none", kind="csv")
    with pytest.raises(TraceError, match="the window must not be negative, not -1 ms"):
        read_trace(tmp_path / "none", window_ms=-1)


def test_no_file(tmp_path: Path) -> None:
    for name in ("none.trace", "none.trace.gz"):
        path = tmp_path / name
        with pytest.raises(TraceError) as caught:
            read_trace(path)
        assert str(caught.value) == f"{path}: cannot be read: No such file or directory"
    with pytest.raises(TraceError) as caught:
        read_trace(tmp_path)
    assert str(caught.value) == f"{tmp_path}: cannot be read: Is a directory"


@pytest.mark.parametrize("skip", [False, True])
def test_damaged_gzip(tmp_path: Path, skip: bool) -> None:
    rng = np.random.default_rng(0)
    text = "".join(nvme(k, int(rng.integers(1, 1000))) for k in range(2000)).encode()
    whole = gzip.compress(text)
    path = tmp_path / "cut.gz"
    path.write_bytes(whole[: len(whole) // 2])
    with pytest.raises(TraceError) as caught:
        read_trace(path, skip=skip)
    prefix, number, words = str(caught.value).split(":", 2)
    assert prefix == str(path) and 500 < int(number) < 1500
    assert words.startswith(" the gzip data is damaged: Compressed file ended before")
    path.write_bytes(text)
    with pytest.raises(TraceError, match=r"cut\.gz:1: the gzip data is damaged: Not a gzipped"):
        read_trace(path, skip=skip)
    path.write_bytes(whole[:-8] + b"\0\0\0\0" + whole[-4:])
    with pytest.raises(TraceError, match=r":2001: the gzip data is damaged: CRC check failed"):
        read_trace(path, skip=skip)
    path.write_bytes(whole[:500] + b"\xff" * 500 + whole[1000:])
    with pytest.raises(TraceError, match=r"cut\.gz:\d+: the gzip data is damaged"):
        read_trace(path, skip=skip)
    path.write_bytes(b"")
    with pytest.raises(TraceError, match="holds no I/O"):
        read_trace(path, skip=skip)


def test_gzip_without_its_suffix_is_not_text(tmp_path: Path) -> None:
    path = tmp_path / "a.trace"
    path.write_bytes(gzip.compress(nvme(1).encode()))
    with pytest.raises(TraceError, match=r"a\.trace:1: is not text"):
        read_trace(path)


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
