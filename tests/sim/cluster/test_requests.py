from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from sim.cluster.requests import Request, drawn_requests, segments, trace_requests
from sw.traces.trace import Trace
from sw.traces.workload import Workload, draw
from tests.sw.traces.cases import PAGE, READ, WRITE, drawn, trace_of


def evenly(seconds: float, each_us: float, start_us: float = 0.0) -> Trace:
    """Reads ``each_us`` apart."""
    n = int(seconds * 1e6 / each_us) + 1
    ones = np.ones(n)
    return Trace(
        start_us + np.arange(n) * each_us,
        ones,
        ones > 0,
        ones.astype(int),
        np.arange(n),
    )


def test_short_traces_are_parted_evenly() -> None:
    trace = evenly(0.3, 1e5 / 4)  # 13 reads over 300 ms
    found = segments(trace, 3)
    assert [rows.tolist() for rows in found] == [[0, 1, 2, 3], [4, 5, 6, 7], [8, 9, 10, 11, 12]]


def test_parts_do_not_overlap_and_follow_each_other() -> None:
    trace = drawn(3, 500)
    for replicas in (1, 2, 5):
        found = segments(trace, replicas)
        assert len(found) == replicas
        rows = np.concatenate(found)
        assert (np.diff(rows) == 1).all() and rows[0] == 0
        assert rows[-1] == len(trace) - 1
        length = trace.duration_us / replicas
        for part in found:
            assert np.ptp(trace.submit_us[part]) <= length + 1e-6


def test_long_parts_are_whole_seconds_on_the_clock() -> None:
    """A trace of 32.3 s from 5.4 s on, in three: of 10 s each, from 5 s, 15 s and 25 s on."""
    trace = evenly(32.3, 1e4, start_us=5.4e6)
    found = segments(trace, 3)
    times = [trace.submit_us[rows] for rows in found]
    assert [each[0] for each in times] == [5.4e6, 15e6, 25e6]
    assert [each[-1] for each in times] == [14.99e6, 24.99e6, 34.99e6]
    assert [len(rows) for rows in found] == [960, 1000, 1000]


def test_less_than_ten_seconds_are_not_rounded() -> None:
    trace = evenly(29.7, 1e4, start_us=5.4e6)
    assert [len(rows) for rows in segments(trace, 3)] == [990, 990, 991]


def test_every_replica_needs_a_read() -> None:
    rows = [(k, 1, WRITE if 4 <= k < 8 else READ, PAGE) for k in range(13)]
    trace = trace_of(*rows)
    assert len(segments(trace, 2)) == 2
    with pytest.raises(ValueError, match="the trace of 13 I/Os has no read in part 2 of 3"):
        segments(trace, 3)


@pytest.mark.parametrize("rows", [[], [(5, 1, READ, PAGE)]])
def test_next_to_nothing_is_refused(rows: list) -> None:
    with pytest.raises(ValueError, match=f"the trace of {len(rows)} I/Os has no read in part"):
        segments(trace_of(*rows), 2)


def test_requests_of_traces_come_in_time() -> None:
    first = trace_of((0, 1, READ, 10), (5, 1, WRITE, 20))
    second = trace_of((0, 1, WRITE, 30), (3, 1, READ, 40), (5, 1, READ, 50))
    assert trace_requests([first, second]) == [
        Request(0, 0, 0, True, 10, 0),
        Request(0, 1, 0, False, 30, 0),
        Request(3, 1, 1, True, 40, PAGE),
        Request(5, 0, 1, False, 20, PAGE),
        Request(5, 1, 2, True, 50, 2 * PAGE),
    ]


def test_drawn_requests_end_with_the_shortest_stream() -> None:
    workload = Workload(iops=1000, reads=0.5)
    found = drawn_requests(workload, 300, 3, seed=4)
    assert [request.at for request in found] == sorted(request.at for request in found)
    streams = [draw(workload, 300, seed) for seed in (4000, 4001, 4002)]
    end = min(stream.submit_us[-1] for stream in streams)
    for primary, stream in enumerate(streams):
        mine = [request for request in found if request.primary == primary]
        assert len(mine) == (stream.submit_us <= end).sum() > 200
        for k, request in enumerate(mine):
            assert request == Request(
                stream.submit_us[k], primary, k, stream.is_read[k], stream.size[k], stream.offset[k]
            )
    assert max(request.at for request in found) == end


def test_seeds_decide_everything() -> None:
    workload = Workload()
    a, b, c = (drawn_requests(workload, 50, 2, seed) for seed in (1, 1, 2))
    assert a == b != c
    assert drawn_requests(replace(workload, iops=1), 50, 2, 1) != a
