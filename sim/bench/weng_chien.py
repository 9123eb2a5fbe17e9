"""
What Weng and Chien published of MittOS predictors on EIE, to compare with.

Weng, Chien, *Evaluating Achievable Latency and Cost: SSD Latency Predictors (MittOS Model
Inference)*, AccML 2020 (University of Chicago TR-2019-17), Tables 2 to 5. Times and cost of EIE are
their estimates: the weights of all layers over 1.6 GOPS a PE at 800 MHz with an allowance for
imbalance, every activation taken as non-zero; area and power are those of one PE in Table II of Han
et al., *EIE* (ISCA 2016), times the PEs. Times of the CPU, an Intel i7-8700, they measured.
"""

from __future__ import annotations

from dataclasses import dataclass

__all__ = [
    "ACCURACY",
    "COLLAPSED",
    "COST",
    "COST_OF_CPU",
    "CPU_US",
    "EIE_US",
    "Cost",
    "estimate_us",
]

_PES = (1, 2, 4, 8, 16, 32, 64)


def _by_pes(*us: float) -> dict[int, float]:
    """Times in rising order of PEs; of more PEs than these there is none."""
    return dict(zip(_PES, us, strict=False))


EIE_US: dict[tuple[str, int], dict[int, float]] = {
    ("precise_linear", 90): _by_pes(81.1, 40.5, 20.3, 10.1, 5.07, 2.53),
    ("precise_linear", 95): _by_pes(40.7, 20.3, 10.2, 5.08, 2.54, 2.31),
    ("precise_linear", 97): _by_pes(24.7, 12.4, 6.18, 3.09, 2.81, 2.55),
    ("precise_linear", 98): _by_pes(17.3, 8.63, 4.32, 2.45, 2.23, 2.01),
    ("good_custom", 0): _by_pes(251, 126, 62.8, 31.4, 15.7, 7.85, 3.93),
    ("good_custom", 90): _by_pes(25.5, 12.7, 6.37, 3.19, 1.99),
    ("good_custom", 95): _by_pes(13.3, 6.65, 3.32, 2.08, 1.89),
}
"""Estimated microseconds of network and sparsity in percent, by number of PEs."""

CPU_US: dict[tuple[str, int], float] = {
    ("precise_linear", 90): 14.1,
    ("precise_linear", 95): 13.0,
    ("precise_linear", 97): 12.4,
    ("precise_linear", 98): 13.4,
    ("good_custom", 0): 7.49,
    ("good_custom", 90): 7.08,
    ("good_custom", 95): 7.36,
}
"""Microseconds on the CPU, of network and sparsity in percent."""

ACCURACY: dict[tuple[str, int], float] = {
    ("precise_linear", 0): 0.9994,
    ("precise_linear", 90): 0.9987,
    ("precise_linear", 95): 0.9961,
    ("precise_linear", 97): 0.9882,
    ("precise_linear", 98): 0.9803,
    ("good_custom", 0): 0.9794,
    ("good_custom", 90): 0.9218,
    ("good_custom", 95): 0.9218,
}
"""Share of right decisions, of network and sparsity in percent."""

COLLAPSED = {("good_custom", 90), ("good_custom", 95)}
"""Those that say "in time" of every request: their accuracy is the share of such requests."""


@dataclass(frozen=True)
class Cost:
    """Peak rate in GOPS, area in mm2, power in W."""

    gops: float
    area_mm2: float
    power_w: float


COST_OF_CPU = Cost(82.8, 1406.25, 65)
COST: dict[int, Cost] = {
    1: Cost(1.6, 0.638, 0.0092),
    2: Cost(3.2, 1.28, 0.018),
    4: Cost(6.4, 2.56, 0.037),
    8: Cost(12.8, 5.10, 0.073),
    16: Cost(25.6, 10.2, 0.15),
    32: Cost(51.2, 20.4, 0.29),
    64: Cost(102.4, 40.8, 0.59),
}
"""By number of PEs."""


def estimate_us(network: str, sparsity: int | None, n_pe: int) -> float | None:
    """Their estimate in microseconds, where they give one."""
    return None if sparsity is None else EIE_US.get((network, sparsity), {}).get(n_pe)
