"""Plots of the benchmark of fast reject."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np
from matplotlib.figure import Figure
from numpy.typing import NDArray

from .results import SweepPoint

__all__ = ["SWEEP_PLOT", "cdf_plot", "plot_cdf", "plot_sweep"]

SWEEP_PLOT = "tail_sweep.png"


def cdf_plot(source: str) -> str:
    """File of a trace's latencies."""
    return f"tail_{source.replace('.', '_')}.png"


def plot_cdf(source: str, latencies: Mapping[str, NDArray[np.float64]], path: Path) -> None:
    """Cumulative distributions of latencies, the share that is slower on a logarithmic axis."""
    figure = Figure(figsize=(7, 4.5), layout="constrained")
    axes = figure.subplots()
    for label, latency in latencies.items():
        slower = 1 - np.arange(len(latency)) / len(latency)
        axes.step(np.sort(latency), slower, where="post", label=label, linewidth=1.2)
    for share, name in ((0.05, "p95"), (0.01, "p99"), (0.001, "p99.9")):
        axes.axhline(share, color="0.8", linewidth=0.8, zorder=0)
        axes.annotate(name, (0.01, share * 1.1), xycoords=axes.get_yaxis_transform())
    axes.set(xscale="log", yscale="log", xlabel="latency of a read, us", ylabel="slower")
    axes.set_ylim(1e-4, 1)
    axes.set_title(f"{source}: reads by latency")
    axes.legend(fontsize="small")
    figure.savefig(path, dpi=120)


def plot_sweep(points: Sequence[SweepPoint], path: Path) -> None:
    """p99 over the rate of I/Os, a line for each time of an inference."""
    figure = Figure(figsize=(7, 4.5), layout="constrained")
    axes = figure.subplots()
    times = dict.fromkeys(point.inference_us for point in points)
    for time in times:
        mine = [point for point in points if point.inference_us == time]
        label = "no policy" if time is None else f"fast reject, {time:g} us"
        rates = [point.iops / 1e3 for point in mine]
        axes.plot(
            rates, [point.p99_us for point in mine], "ko--" if time is None else "o-", label=label
        )
    axes.set(
        yscale="log",
        xlabel="thousand I/Os a second, each replica",
        ylabel="p99 of reads, us",
        title="The tail by the time of an inference",
    )
    axes.legend(fontsize="small")
    figure.savefig(path, dpi=120)
