"""How fast a prediction must be: the tail at rising rates of I/Os, by the time of an inference."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace

from sim.cluster.deployed import Deployed
from sim.cluster.policies import Immediate, Policy, Reject, Server
from sim.cluster.run import run_cluster
from sim.cluster.stages import ModelStage
from sw.traces.ssd import SsdConfig
from sw.traces.workload import Workload

from .results import SweepPoint
from .sources import GENERATED_SEED

__all__ = ["INFERENCE_US", "RATES", "sweep"]

INFERENCE_US = (0.0, 1.0, 2.0, 5.0, 10.0, 20.0)
RATES = (5_000, 10_000, 20_000, 40_000, 60_000)
"""I/Os a second of each replica; at the last, a predictor of 5 us is nearly always busy."""
EACH = 6_000
"""Requests to each replica at each point."""


def sweep(
    deployed: Deployed,
    threshold: int,
    redirect_us: float,
    replicas: int,
    *,
    rates: Sequence[float] = RATES,
    inference_us: Sequence[float] = INFERENCE_US,
    each: int = EACH,
    progress: Callable[[int], object] = lambda done: None,
) -> list[SweepPoint]:
    """
    No policy, and fast reject with every time of an inference, at every rate; the same requests at
    a rate. No link is in it: the axis is the time of the inference alone.
    """
    points = []
    for rate in rates:
        workload = replace(Workload(), iops=rate)
        stage = ModelStage(workload, SsdConfig(), replicas, each, GENERATED_SEED + 3)
        for inference in (None, *inference_us):
            server = Server(inference or 0.0, 0.0)
            policy: Policy = Immediate() if inference is None else Reject(server, redirect_us)
            devices = stage.devices(None if inference is None else deployed, threshold)
            run = run_cluster(stage.requests, devices, policy, progress)
            points.append(
                SweepPoint(
                    iops=rate,
                    inference_us=inference,
                    utilisation=server.busy_us / run.duration_us,
                    p50_us=run.percentile(50),
                    p95_us=run.percentile(95),
                    p99_us=run.percentile(99),
                    p999_us=run.percentile(99.9),
                    rejects=run.counts.rejects / len(run.latency_us),
                )
            )
    return points
