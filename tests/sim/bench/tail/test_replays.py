import numpy as np
import pytest

from sim.bench.tail.replays import Served, baselines, cluster_of, rejecting
from sim.bench.tail.sources import GENERATED, Halves
from sim.bench.tail.sweep import sweep
from tests.sim.bench.tail.halves import halves, judged


@pytest.fixture(scope="module", params=["trace", "model"])
def cluster(request):
    found = halves()
    if request.param == "model":
        found = Halves(GENERATED, found.trace)
    return cluster_of(found, each=500)


def test_baselines(cluster):
    rows, latencies = baselines(cluster)
    none, hedged, oracle = rows
    assert [row.policy for row in rows] == ["none", "hedged", "oracle"] == list(latencies)
    assert none.reads == hedged.reads == oracle.reads == len(latencies["none"])
    assert none.extra_load == oracle.extra_load == none.rejects == hedged.rejects == 0
    assert hedged.extra_load > 0
    assert oracle.rejects > 0
    assert oracle.p95_us < none.p95_us
    for row in rows:
        assert row.p99_us == np.percentile(latencies[row.policy], 99)


def test_fast_reject(cluster):
    found = judged("kiln")
    servers = [Served("fast", 0.2, 1.0), Served("slow", 20.0, 0.0)]
    rows, latencies = rejecting(cluster, found.deployed, found.train_scores, servers)
    assert [row.server for row in rows] == ["fast", "slow"] == list(latencies)
    assert all(row.rejects > 0 and row.extra_load == 0 for row in rows)
    assert rows[0].accepted == rows[1].accepted
    assert rows[1].utilisation > 50 * rows[0].utilisation
    assert rows[1].p50_us > rows[0].p50_us + 15


def test_stages_share_nothing(cluster):
    known = {(request.primary, request.offset, request.at) for request in cluster.train.requests}
    asked = {(request.primary, request.offset, request.at) for request in cluster.test.requests}
    assert not known & asked


def test_sweep():
    points = sweep(
        judged("kiln").deployed, 0, 10.0, 3, rates=(10_000,), inference_us=(0.0, 30.0), each=400
    )
    none, fast, slow = points
    assert (none.inference_us, none.rejects, none.utilisation) == (None, 0, 0)
    assert fast.utilisation == 0
    assert slow.utilisation > 0.5
    assert slow.p99_us > fast.p99_us + 30
