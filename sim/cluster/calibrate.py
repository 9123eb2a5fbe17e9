"""How sure a predictor must be before a read is turned away: tried out where it was trained."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from .deployed import Deployed
from .policies import Reject, Server
from .run import run_cluster
from .stages import Stage

__all__ = ["SHARES", "Calibrated", "calibrate"]

SHARES = (0.5, 0.6, 0.7, 0.8, 0.85, 0.9, 0.95)
"""Shares of reads that are accepted."""


@dataclass(frozen=True)
class Calibrated:
    """A threshold on the golden model's score, the share of training reads at or below it, and the
    p99 that each share had, microseconds."""

    threshold: int
    share: float
    p99_us: dict[float, float]


def calibrate(
    stage: Stage,
    deployed: Deployed,
    scores: NDArray[np.int64],
    inference_us: float,
    link_us: float,
    redirect_us: float,
    *,
    shares: Sequence[float] = SHARES,
    progress: Callable[[int], object] = lambda done: None,
) -> Calibrated:
    """
    Of thresholds that accept ``shares`` of the training reads, whose ``scores`` are given, the one
    with the least p99 on ``stage``, which must hold nothing of what is measured later.
    """
    p99 = {}
    for share in shares:
        policy = Reject(Server(inference_us, link_us), redirect_us)
        devices = stage.devices(deployed, _at(scores, share))
        p99[share] = run_cluster(stage.requests, devices, policy, progress).percentile(99)
    best = min(shares, key=p99.__getitem__)
    return Calibrated(_at(scores, best), best, p99)


def _at(scores: NDArray[np.int64], share: float) -> int:
    return int(np.quantile(scores, share, method="lower"))
