from __future__ import annotations

import numpy as np
import pytest

from sim.cluster.devices import ModelDevice, TraceDevice
from sim.cluster.policies import Counts, Hedge, Immediate, Oracle, Policy, Reject, Server
from sim.cluster.requests import Request, drawn_requests, segments, trace_requests
from sim.cluster.run import ClusterRun, run_cluster
from sw.predictors.features import KILN
from sw.traces.ssd import SsdConfig
from sw.traces.trace import Trace
from sw.traces.workload import Workload, generate
from tests.sim.cluster.cases import Fixed, read, write

POLICIES: dict[str, Policy] = {
    "immediate": Immediate(),
    "hedge": Hedge(150, 10),
    "oracle": Oracle(150, 10),
    "reject": Reject(Server(3, 2), 10),
}


def test_latencies_are_in_the_order_of_coming() -> None:
    """Answers come in another order, and writes have no place among reads."""
    device = Fixed(500, 1, 5, 2)
    requests = [read(3), write(4), read(4), read(10)]
    run = run_cluster(requests, [device, Fixed()], Immediate())
    assert run.latency_us.tolist() == [500, 5, 2]
    assert device.times == [3, 4, 4, 10]
    assert [request for _, request in device.submitted] == requests
    assert (run.requests, run.duration_us) == (4, 7)


def test_percentiles_and_load() -> None:
    run = ClusterRun(np.arange(101.0), 200, Counts(device_ios=230), 1.0)
    assert [run.percentile(share) for share in (0, 50, 99, 100)] == [0, 50, 99, 100]
    assert run.extra_load == pytest.approx(0.15)


def test_progress_counts_requests() -> None:
    calls: list[int] = []
    requests = [read(k) for k in range(2500)]
    run_cluster(requests, [Fixed(*[1] * 2500), Fixed()], Immediate(), calls.append)
    assert sum(calls) == 2500 and max(calls) == 1024 and len(calls) == 3


@pytest.mark.parametrize("count", [0, 1])
def test_one_replica_is_no_cluster(count: int) -> None:
    with pytest.raises(ValueError, match=f"a cluster needs at least 2 replicas, not {count}"):
        run_cluster([read(0)], [Fixed(1)] * count, Immediate())


@pytest.mark.parametrize("requests", [[], [write(0), write(1, 1)]])
def test_there_must_be_a_read(requests: list[Request]) -> None:
    with pytest.raises(ValueError, match="no read among the requests"):
        run_cluster(requests, [Fixed(1), Fixed(1)], Immediate())


def from_models(name: str) -> ClusterRun:
    config = SsdConfig(channels=2, buffer_pages=16, pool_pages=100)
    devices = [ModelDevice(config, KILN, lambda row: bool(row[1] > 1)) for _ in range(3)]
    requests = drawn_requests(Workload(iops=8000), 400, 3, seed=1)
    policy = Reject(Server(3, 2), 10) if name == "reject" else POLICIES[name]
    return run_cluster(requests, devices, policy)


@pytest.mark.parametrize("name", POLICIES)
def test_runs_repeat(name: str) -> None:
    a, b = from_models(name), from_models(name)
    assert np.array_equal(a.latency_us, b.latency_us)
    assert a.counts == b.counts and a.duration_us == b.duration_us
    assert (a.latency_us > 0).all()
    assert (a.counts.rejects > 0) == (name in ("oracle", "reject"))
    assert (a.extra_load > 0) == (name == "hedge")


def test_oracle_is_below_and_immediate_is_the_trace() -> None:
    """Over a trace in three stretches: what each policy must be beside the others."""
    trace = generate(6000, 2, ssd=SsdConfig(channels=4, pool_pages=300))
    parts = []
    for rows in segments(trace, 3):
        part = trace.part(slice(int(rows[0]), int(rows[-1]) + 1))
        submit = part.submit_us - part.submit_us[0]
        parts.append(Trace(submit, part.latency_us, part.is_read, part.size, part.offset))
    requests = trace_requests(parts)
    limit = float(np.quantile(trace.latency_us[trace.is_read], 0.9))
    slow = [part.latency_us > limit for part in parts]
    devices = [TraceDevice(k, *each) for k, each in enumerate(zip(parts, slow, strict=True))]
    plain = run_cluster(requests, devices, Immediate())
    wanted = [parts[r.primary].latency_us[r.row] for r in requests if r.is_read]
    np.testing.assert_allclose(plain.latency_us, wanted, rtol=0, atol=1e-6)
    oracle = run_cluster(requests, devices, Oracle(limit, 0))
    assert oracle.percentile(95) < plain.percentile(95)
    assert (oracle.latency_us > limit).sum() < (plain.latency_us > limit).sum() / 5
    hedge = run_cluster(requests, devices, Hedge(limit, 0))
    assert (hedge.latency_us <= plain.latency_us + 1e-6).all()
    late = int((plain.latency_us > limit).sum())
    assert hedge.counts.device_ios - hedge.requests == pytest.approx(late, abs=2)
    # A predictor that is always right, at no cost, is an oracle.
    reject = run_cluster(requests, devices, Reject(Server(0, 0), 0))
    np.testing.assert_allclose(reject.latency_us, oracle.latency_us, rtol=0, atol=1e-6)
    assert reject.counts.rejects == oracle.counts.rejects > 0
