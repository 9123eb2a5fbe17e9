import numpy as np
import pytest

from sw.traces.trace import Trace
from tests.sw.traces.cases import PAGE, READ, WRITE, drawn, same, trace_of


def test_completion_and_duration() -> None:
    trace = trace_of((5, 10, READ, PAGE), (7, 0, WRITE, PAGE), (9.5, 1, READ, 1))
    assert trace.complete_us.tolist() == [15, 7, 10.5]
    assert trace.duration_us == 4.5
    assert len(trace) == 3


def test_no_or_one_io_has_no_duration() -> None:
    assert trace_of().duration_us == 0 and len(trace_of()) == 0
    assert trace_of((5, 10, READ, PAGE)).duration_us == 0


def test_parts_join_to_the_whole() -> None:
    trace = drawn(1, 50)
    parts = [trace.part(slice(0, 20)), trace.part(slice(20, 20)), trace.part(slice(20, None))]
    assert [len(part) for part in parts] == [20, 0, 30]
    assert same(Trace.joined(parts), trace)
    assert len(Trace.joined([])) == 0


def test_parts_out_of_order_do_not_join() -> None:
    early, late = trace_of((1, 1, READ, 1)), trace_of((2, 1, READ, 1))
    assert Trace.joined([early, late]).submit_us.tolist() == [1, 2]
    with pytest.raises(ValueError, match="submit_us must not fall"):
        Trace.joined([late, early])


@pytest.mark.parametrize(
    ("name", "value", "message"),
    [
        ("submit_us", np.array([2.0, 1.0]), "submit_us must not fall"),
        ("submit_us", np.array([2.0, np.nan]), "submit_us must not fall"),
        ("latency_us", np.array([2.0, -1.0]), "latency_us must not be negative"),
        ("latency_us", np.array([2.0, np.nan]), "latency_us must not be negative"),
        ("size", np.array([0, 1]), "size must be at least 1"),
        ("size", np.array([1.0, 1.0]), r"size must be int64 \(2,\), not float64 \(2,\)"),
        ("offset", np.array([1]), r"offset must be int64 \(2,\), not int64 \(1,\)"),
        ("is_read", np.array([1, 0]), r"is_read must be bool \(2,\), not int64 \(2,\)"),
        ("latency_us", np.ones((2, 1)), r"latency_us must be float64 \(2,\), not .* \(2, 1\)"),
    ],
)
def test_refusals(name: str, value: np.ndarray, message: str) -> None:
    arrays = {
        "submit_us": np.array([1.0, 2.0]),
        "latency_us": np.array([1.0, 2.0]),
        "is_read": np.array([True, False]),
        "size": np.array([1, 2]),
        "offset": np.array([0, 0]),
    }
    Trace(**arrays)
    with pytest.raises(ValueError, match=message):
        Trace(**(arrays | {name: value}))
