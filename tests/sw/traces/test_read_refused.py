"""Trace files that are refused, with which words, or read without their bad rows."""

from __future__ import annotations

import gzip
from pathlib import Path

import numpy as np
import pytest

from sw.predictors.features import HEIMDALL
from sw.predictors.fit import FitRecipe, fit
from sw.predictors.labels import slow_reads, threshold_us
from sw.traces.read import TraceError, read_trace
from tests.sw.traces.files import HEADER, Write, nvme


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
