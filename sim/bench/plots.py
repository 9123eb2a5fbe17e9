"""Plots of the sweeps, PNG."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import matplotlib

matplotlib.use("Agg")

import matplotlib.pyplot as plt
from matplotlib.ticker import PercentFormatter, ScalarFormatter

from .results import SweepPoint

__all__ = ["by_layer", "plot_pe_counts", "plot_queue_depths", "speed_ups"]

_DPI = 120


def by_layer(points: Sequence[SweepPoint]) -> dict[str, list[SweepPoint]]:
    """Points of each layer, in order."""
    layers: dict[str, list[SweepPoint]] = {}
    for point in points:
        layers.setdefault(point.layer, []).append(point)
    return layers


def speed_ups(points: Sequence[SweepPoint]) -> list[float]:
    """Speed-up of a layer's points over the first of them, scaled by its number of PEs: cycles that
    so many times fewer PEs would take in proportion."""
    first = points[0]
    return [first.n_pe * first.cycles / point.cycles for point in points]


def plot_queue_depths(points: Sequence[SweepPoint], path: Path) -> None:
    """Load balance over queue depth, a line a layer."""
    figure, axes = plt.subplots(figsize=(7, 4.5), layout="constrained")
    _lines(axes, points, lambda point: point.queue_depth, _balances)
    axes.set(xlabel="queue depth", ylabel="load-balance efficiency")
    axes.yaxis.set_major_formatter(PercentFormatter(1.0))
    axes.legend(fontsize="small", ncols=2)
    _save(figure, path)


def plot_pe_counts(points: Sequence[SweepPoint], path: Path) -> None:
    """Speed-up, load balance and share of real entries over the number of PEs, a line a layer."""
    figure, (speed, balance, real) = plt.subplots(1, 3, figsize=(13, 4), layout="constrained")
    _lines(speed, points, lambda point: point.n_pe, speed_ups)
    speed.set_yscale("log", base=2)
    speed.yaxis.set_major_formatter(ScalarFormatter())
    _lines(balance, points, lambda point: point.n_pe, _balances)
    _lines(real, points, lambda point: point.n_pe, lambda some: [1 - p.padding_share for p in some])
    for axes, label in (
        (speed, "speed-up over one PE"),
        (balance, "load-balance efficiency"),
        (real, "entries that are weights, not padding"),
    ):
        axes.set(xlabel="PEs", ylabel=label)
    for axes in (balance, real):
        axes.yaxis.set_major_formatter(PercentFormatter(1.0))
    speed.legend(fontsize="small")
    _save(figure, path)


def _balances(points: Sequence[SweepPoint]) -> list[float]:
    return [point.load_balance for point in points]


def _lines(
    axes: Any,
    points: Sequence[SweepPoint],
    x: Callable[[SweepPoint], int],
    y: Callable[[Sequence[SweepPoint]], list[float]],
) -> None:
    for layer, some in by_layer(points).items():
        axes.plot([x(point) for point in some], y(some), marker="o", markersize=4, label=layer)
    axes.set_xscale("log", base=2)
    axes.set_xticks(sorted({x(point) for point in points}))
    axes.xaxis.set_major_formatter(ScalarFormatter())
    axes.grid(alpha=0.3)


def _save(figure: Any, path: Path) -> None:
    figure.savefig(path, dpi=_DPI, metadata={"Software": None})
    plt.close(figure)
