import gzip
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given

from sw.traces.read import read_trace
from sw.traces.trace import Trace
from sw.traces.write import write_trace
from tests.sw.traces.cases import PAGE, READ, WRITE, trace_of, traces


def test_lines_by_hand(tmp_path: Path) -> None:
    trace = trace_of((1500, 80, READ, PAGE), (2000.0004, 0.5, WRITE, 512))
    write_trace(trace, tmp_path / "a")
    assert (tmp_path / "a").read_text() == (
        "1.500000,80.000,1,4096,0,1.500000,4096\n2.000000,0.500,0,512,4096,2.000000,512\n"
    )
    write_trace(trace, tmp_path / "a.gz")
    assert gzip.decompress((tmp_path / "a.gz").read_bytes()) == (tmp_path / "a").read_bytes()


@pytest.mark.parametrize("name", ["a.trace", "a.trace.gz"])
@given(traces())
def test_what_is_written_reads_back(
    tmp_path_factory: pytest.TempPathFactory, name: str, trace: Trace
) -> None:
    path = tmp_path_factory.getbasetemp() / name
    write_trace(trace, path)
    again, report = read_trace(path)
    np.testing.assert_allclose(again.submit_us, trace.submit_us, rtol=1e-12, atol=5.1e-4)
    np.testing.assert_allclose(again.latency_us, trace.latency_us, rtol=0, atol=5.1e-4)
    for column in ("is_read", "size", "offset"):
        assert np.array_equal(getattr(again, column), getattr(trace, column))
    assert report.ios == len(trace) and not report.skipped
