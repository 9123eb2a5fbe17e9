"""Kiln's own traces: requests drawn from a seed, answered by the model of an SSD."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from .ssd import Ssd, SsdConfig
from .trace import Trace

__all__ = ["Requests", "Workload", "draw", "generate"]

_SIZES = (1, 2, 4, 8, 16)
_SIZE_SHARES = (0.6, 0.15, 0.12, 0.08, 0.05)


@dataclass(frozen=True)
class Workload:
    """
    What a device is asked.

    Parameters
    ----------
    iops : float
        Mean requests a second.
    reads : float
        Share of requests that read.
    burst : float
        How many times the calm rate comes in a burst; 1 is an even stream.
    burst_share : float
        Share of the time in bursts.
    burst_us : float
        Mean length of a burst, which is exponential as is a calm.
    blocks : int
        Pages of 4 KB that are addressed; sizes are 1 to 16 pages, most of them 1.
    """

    iops: float = 40_000
    reads: float = 0.75
    burst: float = 2.5
    burst_share: float = 0.15
    burst_us: float = 2_000.0
    blocks: int = 1 << 24

    def __post_init__(self) -> None:
        for name in ("iops", "burst", "burst_us", "blocks"):
            if not getattr(self, name) > 0:
                raise ValueError(f"{name} must be positive, not {getattr(self, name)}")
        for name in ("reads", "burst_share"):
            if not 0 <= getattr(self, name) <= 1:
                raise ValueError(f"{name} must be from 0 to 1, not {getattr(self, name)}")


@dataclass(frozen=True, eq=False)
class Requests:
    """Requests before anybody answered them: ``submit_us`` float64 rising, ``is_read`` bool,
    ``size`` and ``offset`` int64 bytes, (n,) each."""

    submit_us: NDArray[np.float64]
    is_read: NDArray[np.bool_]
    size: NDArray[np.int64]
    offset: NDArray[np.int64]

    def __len__(self) -> int:
        return len(self.submit_us)


def draw(workload: Workload, n: int, seed: int) -> Requests:
    """``n`` requests; the same seed gives the same ones. Arrivals are a Poisson process whose rate
    changes between calm and burst; addresses are uniform."""
    if n < 1:
        raise ValueError(f"there must be at least 1 request, not {n}")
    rng = np.random.default_rng(seed)
    page = 4096
    sizes = rng.choice(_SIZES, n, p=_SIZE_SHARES)
    return Requests(
        _arrivals(workload, n, rng),
        rng.random(n) < workload.reads,
        sizes.astype(np.int64) * page,
        rng.integers(0, workload.blocks, n) * page,
    )


def _arrivals(workload: Workload, n: int, rng: np.random.Generator) -> NDArray[np.float64]:
    """Times in microseconds: a unit Poisson process, run at the rate of calm and burst by turns."""
    share, burst = workload.burst_share, workload.burst
    calm_rate = workload.iops / 1e6 / (1 - share + share * burst)
    work = np.cumsum(rng.exponential(size=n))
    if share in (0, 1) or burst == 1:
        return work * 1e6 / workload.iops
    calm_us = workload.burst_us * (1 - share) / share
    times, served = [0.0], [0.0]
    while served[-1] < work[-1]:
        calm = len(times) % 2 == 1
        length = rng.exponential(calm_us if calm else workload.burst_us)
        times.append(times[-1] + length)
        served.append(served[-1] + length * calm_rate * (1 if calm else burst))
    return np.interp(work, served, times)


def generate(
    n: int, seed: int, workload: Workload | None = None, ssd: SsdConfig | None = None
) -> Trace:
    """A trace of ``n`` requests drawn from ``seed`` and answered by a device that starts empty."""
    asked = draw(workload or Workload(), n, seed)
    device = Ssd(ssd or SsdConfig())
    rows = zip(
        asked.submit_us.tolist(),
        asked.is_read.tolist(),
        asked.size.tolist(),
        asked.offset.tolist(),
        strict=True,
    )
    latency = np.array([device.submit(*row) for row in rows], dtype=float)
    return Trace(asked.submit_us, latency, asked.is_read, asked.size, asked.offset)
