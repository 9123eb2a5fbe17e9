"""Policies on a cluster: what becomes of the tail."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from sim.cluster.calibrate import calibrate
from sim.cluster.deployed import Deployed
from sim.cluster.policies import Hedge, Immediate, Oracle, Policy, Reject, Server
from sim.cluster.run import ClusterRun, run_cluster
from sim.cluster.stages import ModelStage, Stage, TraceStage
from sw.traces.ssd import SsdConfig
from sw.traces.workload import Workload

from .results import ReplayRow
from .sources import GENERATED, GENERATED_SEED, Halves

__all__ = [
    "LINK_US",
    "POLICIES",
    "REDIRECT_US",
    "REPLICAS",
    "Cluster",
    "Served",
    "baselines",
    "cluster_of",
    "rejecting",
]

REPLICAS = 3
LINK_US = 1.0
"""From the host to an accelerator and back: of the order of a round trip over PCIe."""
REDIRECT_US = 10.0
"""From one replica to another: of the order of a round trip in a rack."""
POLICIES = ("none", "hedged", "oracle")
MODEL_IOS = 10_000
"""Requests to each replica that is a model; half as many where thresholds are tried out."""

Latencies = dict[str, NDArray[np.float64]]
Progress = Callable[[int], object]


@dataclass(frozen=True, eq=False)
class Cluster:
    """
    Where a trace's policies are tried out and where they are measured: two stages that share no
    I/O.

    Parameters
    ----------
    name : str
        Of the trace.
    train, test : Stage
    slow_us : float
        What counts as slow, and is what the oracle goes by.
    """

    name: str
    train: Stage
    test: Stage
    slow_us: float


@dataclass(frozen=True)
class Served:
    """Who computes predictions, for how long each, and how far away it is, microseconds."""

    name: str
    inference_us: float
    link_us: float


def cluster_of(
    halves: Halves,
    replicas: int = REPLICAS,
    workload: Workload | None = None,
    each: int = MODEL_IOS,
) -> Cluster:
    """The halves of a trace, each in a segment a replica; of Kiln's own trace, models of an SSD
    with requests of other seeds than the trace's, ``each`` to a replica."""
    if halves.name == GENERATED:
        load = workload or Workload()
        train, test = (
            ModelStage(load, SsdConfig(), replicas, ios, GENERATED_SEED + k)
            for k, ios in ((1, each // 2), (2, each))
        )
        return Cluster(halves.name, train, test, halves.threshold_us)
    first, second = slice(0, halves.middle), halves.test_rows
    known, asked = (TraceStage(halves.trace, rows, replicas) for rows in (first, second))
    return Cluster(halves.name, known, asked, halves.threshold_us)


def baselines(
    cluster: Cluster,
    redirect_us: float = REDIRECT_US,
    policies: Sequence[str] = POLICIES,
    progress: Progress = lambda done: None,
) -> tuple[list[ReplayRow], Latencies]:
    """Policies that predict nothing, and the latencies of their reads by policy; the hedge waits
    for the p95 of the training stage."""
    usual = run_cluster(cluster.train.requests, cluster.train.devices(), Immediate(), progress)
    known: dict[str, Policy] = {
        "none": Immediate(),
        "hedged": Hedge(usual.percentile(95), redirect_us),
        "oracle": Oracle(cluster.slow_us, redirect_us),
    }
    rows, latencies = [], {}
    for name in policies:
        devices = cluster.test.devices()
        run = run_cluster(cluster.test.requests, devices, known[name], progress)
        rows.append(_row(cluster.name, name, run))
        latencies[name] = run.latency_us
    return rows, latencies


def rejecting(
    cluster: Cluster,
    deployed: Deployed,
    train_scores: NDArray[np.int64],
    servers: Sequence[Served],
    redirect_us: float = REDIRECT_US,
    progress: Progress = lambda done: None,
) -> tuple[list[ReplayRow], Latencies]:
    """Fast reject by a predictor on each of the servers, and the latencies of its reads by
    server. The threshold is set with the first server's times, on the training stage."""
    first = servers[0]
    found = calibrate(
        cluster.train,
        deployed,
        train_scores,
        first.inference_us,
        first.link_us,
        redirect_us,
        progress=progress,
    )
    rows, latencies = [], {}
    for served in servers:
        server = Server(served.inference_us, served.link_us)
        devices = cluster.test.devices(deployed, found.threshold)
        policy = Reject(server, redirect_us)
        run = run_cluster(cluster.test.requests, devices, policy, progress)
        facts = {
            "predictor": deployed.name,
            "server": served.name,
            "inference_us": served.inference_us,
            "accepted": found.share,
            "utilisation": server.busy_us / run.duration_us,
        }
        rows.append(_row(cluster.name, "fast reject", run).model_copy(update=facts))
        latencies[served.name] = run.latency_us
    return rows, latencies


def _row(source: str, policy: str, run: ClusterRun) -> ReplayRow:
    return ReplayRow(
        source=source,
        policy=policy,
        reads=len(run.latency_us),
        mean_us=float(run.latency_us.mean()),
        p50_us=run.percentile(50),
        p95_us=run.percentile(95),
        p99_us=run.percentile(99),
        p999_us=run.percentile(99.9),
        rejects=run.counts.rejects / len(run.latency_us),
        extra_load=run.extra_load,
    )
