"""Each policy on a few I/Os by hand: three replicas whose I/Os take what they are told."""

from __future__ import annotations

import numpy as np
import pytest

from sim.cluster.devices import ModelDevice, TraceDevice
from sim.cluster.policies import Hedge, Immediate, Oracle, Reject, Server
from sim.cluster.requests import trace_requests
from sim.cluster.run import run_cluster
from sw.predictors.features import HEIMDALL
from sw.traces.ssd import SsdConfig
from tests.sim.cluster.cases import Fixed, read, write
from tests.sw.traces.cases import PAGE, READ, WRITE, trace_of


def test_server_serves_one_after_the_other() -> None:
    server = Server(inference_us=10, link_us=3)
    assert server.wait_us(100) == 13
    assert server.wait_us(100) == 23
    assert server.wait_us(115) == 5 + 10 + 3
    assert server.wait_us(130) == 13
    assert server.busy_us == 40


@pytest.mark.parametrize("times", [(-1, 0), (0, -1)])
def test_server_refuses_negative_times(times: tuple[float, float]) -> None:
    with pytest.raises(ValueError, match=f"must not be negative: {times[0]}, {times[1]} us"):
        Server(*times)


def test_immediate_is_the_trace() -> None:
    parts = [
        trace_of((0, 100, READ, PAGE), (4, 700, WRITE, PAGE), (5, 7, READ, PAGE)),
        trace_of((0, 3, READ, PAGE), (4.5, 900, READ, PAGE)),
    ]
    devices = [TraceDevice(k, part) for k, part in enumerate(parts)]
    run = run_cluster(trace_requests(parts), devices, Immediate())
    assert run.latency_us.tolist() == [100, 3, 900, 7]
    assert (run.counts.device_ios, run.counts.rejects, run.counts.predictions) == (5, 0, 0)
    assert run.extra_load == 0


def test_hedge_takes_the_first_answer() -> None:
    """Of reads at 0, 1000 and 2000 us that take 500, 100 and 101 us, those over 100 go to the next
    replica too, 110 us after they came."""
    first, second, third = Fixed(500, 100, 101), Fixed(30, 300), Fixed()
    policy = Hedge(after_us=100, redirect_us=10)
    run = run_cluster([read(0), read(1000), read(2000)], [first, second, third], policy)
    assert run.latency_us.tolist() == [140, 100, 101]
    assert first.times == [0, 1000, 2000]
    assert second.times == [110, 2110] and third.times == []
    assert run.counts.device_ios == 5 and run.extra_load == pytest.approx(2 / 3)
    assert run.counts.rejects == run.counts.predictions == 0


def test_hedge_goes_round() -> None:
    first, second = Fixed(1), Fixed(500)
    run = run_cluster([read(0, primary=1)], [first, second], Hedge(50, 5))
    assert run.latency_us.tolist() == [56] and first.times == [55]


def test_oracle_turns_away_what_would_be_slow() -> None:
    """Over 100 is slow; each redirection takes 10; the last takes it, however slow."""
    first, second, third = Fixed(101, 100, 500), Fixed(100, 500), Fixed(900)
    devices, policy = [first, second, third], Oracle(slow_us=100, redirect_us=10)
    first.latencies, second.latencies, third.latencies = [101], [100], [900]
    run = run_cluster([read(0)], devices, policy)
    assert run.latency_us.tolist() == [110] and second.times == [10]
    assert (run.counts.device_ios, run.counts.rejects) == (1, 1)
    first.latencies, second.latencies, third.latencies = [100], [500], [900]
    run = run_cluster([read(0)], devices, policy)
    assert run.latency_us.tolist() == [100] and run.counts.rejects == 0
    first.latencies, second.latencies, third.latencies = [101], [500], [900]
    run = run_cluster([read(0)], devices, policy)
    assert run.latency_us.tolist() == [920] and third.times == [20]
    assert (run.counts.device_ios, run.counts.rejects, run.extra_load) == (1, 2, 0)


def test_last_of_a_read_of_the_last_replica_is_the_one_before_it() -> None:
    first, second, third = Fixed(500), Fixed(700), Fixed(900)
    policy = Oracle(slow_us=100, redirect_us=10)
    run = run_cluster([read(0, primary=2)], [first, second, third], policy)
    assert run.latency_us.tolist() == [720] and second.times == [20]


def test_reject_pays_for_predictions_and_ways() -> None:
    """A prediction takes 4 and its link 2; a redirection 10. The last replica is not asked."""
    policy = Reject(Server(4, 2), redirect_us=10)
    first, second, third = Fixed(100, slow=(False,)), Fixed(), Fixed()
    run = run_cluster([read(7)], [first, second, third], policy)
    assert run.latency_us.tolist() == [106] and first.times == [13]
    assert (run.counts.rejects, run.counts.predictions, run.counts.device_ios) == (0, 1, 1)

    policy = Reject(Server(4, 2), redirect_us=10)
    first, second, third = Fixed(slow=(True,)), Fixed(slow=(True,)), Fixed(50)
    run = run_cluster([read(0)], [first, second, third], policy)
    assert run.latency_us.tolist() == [6 + 10 + 6 + 10 + 50]
    assert (first.predicted, second.predicted, third.predicted) == ([0], [16], [])
    assert third.times == [32] and not first.times and not second.times
    assert (run.counts.rejects, run.counts.predictions) == (2, 2)
    assert run.counts.device_ios == 1 and run.extra_load == 0
    assert policy.server.busy_us == 8


def test_predictions_wait_for_each_other() -> None:
    """Two reads of different replicas at the same time: the second's prediction is ready 4 later.
    A write asks nobody."""
    first, second = Fixed(5, 100, slow=(False,)), Fixed(100, slow=(False,))
    policy = Reject(Server(4, 2), redirect_us=10)
    run = run_cluster([read(0), read(0, 1), write(0)], [first, second], policy)
    assert run.latency_us.tolist() == [106, 110]
    assert first.times == [0, 6] and second.times == [10]
    assert run.counts.predictions == 2 and run.counts.device_ios == 3


def test_verdicts_are_those_given() -> None:
    """The second read is turned away, to the nearest one of the other replica."""
    rows = ((0, 50, READ, PAGE), (0, 999, WRITE, PAGE), (100, 60, READ, PAGE))
    other = ((0, 7, READ, PAGE), (109, 8, READ, PAGE), (400, 9, READ, PAGE))
    parts = [trace_of(*rows), trace_of(*other)]
    slow = [np.array([False, False, True]), np.array([False, True, False])]
    devices = [TraceDevice(k, *each) for k, each in enumerate(zip(parts, slow, strict=True))]
    run = run_cluster(trace_requests(parts), devices, Reject(Server(0, 0), 10))
    # In the order of their coming: two at 0, one at 100, at 109 (whose nearest there is at 100).
    assert run.latency_us.tolist() == [50, 7, 10 + 8, 10 + 60, 9]
    assert (run.counts.rejects, run.counts.predictions) == (2, 5)
    assert run.extra_load == 0


CONFIG = SsdConfig(channels=1)


def replicas(slow: bool) -> list[ModelDevice]:
    """Two of one channel; the first turns all away where ``slow``, the second none."""
    verdicts = (lambda row: slow, lambda row: False)
    return [ModelDevice(CONFIG, HEIMDALL, verdict) for verdict in verdicts]


def test_what_is_sent_elsewhere_is_in_the_way_there() -> None:
    """A read of the second replica at 15 us, alone, takes 50 us. The first replica's read of 0 us
    arrives there at 10 us and holds the channel until 50 us."""
    requests = [read(0), read(15, primary=1)]
    alone = run_cluster(requests, replicas(slow=False), Reject(Server(0, 0), 10))
    assert alone.latency_us.tolist() == [50, 50]
    shared = run_cluster(requests, replicas(slow=True), Reject(Server(0, 0), 10))
    assert shared.latency_us.tolist() == [60, 50 - 15 + 40 + 10]


def test_hedged_reads_are_in_the_way_too() -> None:
    requests = [read(0), read(0), read(65, primary=1)]
    run = run_cluster(requests, replicas(slow=False), Hedge(after_us=50, redirect_us=10))
    # The second read takes 90 at home; its copy comes to the other replica at 60, ready at 110.
    assert run.latency_us.tolist() == [50, 90, 100 - 65 + 40 + 10]
    assert run.counts.device_ios == 4 + 1  # the third is hedged as well


def test_writes_load_their_primary_under_every_policy() -> None:
    for policy in (Immediate(), Hedge(1e6, 10), Oracle(1e6, 10), Reject(Server(0, 0), 10)):
        run = run_cluster([write(0), read(1)], replicas(slow=False), policy)
        assert run.latency_us.tolist() == [60 - 1 + 40 + 10]
        assert run.counts.device_ios == 2


def test_of_traces_nothing_is_in_the_way() -> None:
    parts = [trace_of((0, 500, READ, PAGE)), trace_of((0, 7, WRITE, PAGE), (15, 50, READ, PAGE))]
    devices = [TraceDevice(k, part, np.array([True] * 2)) for k, part in enumerate(parts)]
    run = run_cluster(trace_requests(parts)[:1], devices, Reject(Server(0, 0), 10))
    assert run.latency_us.tolist() == [60]
