"""A sweep of sizes as a plot, PNG."""

from __future__ import annotations

from pathlib import Path

import matplotlib

matplotlib.use("Agg")

import matplotlib.pyplot as plt
from matplotlib.ticker import LogLocator, NullFormatter, ScalarFormatter

from .explore_results import ExploreReport

__all__ = ["plot_front"]

_DPI = 120


def plot_front(report: ExploreReport, path: Path) -> None:
    """Area and energy over latency: all points, and those of the front with their names."""
    figure, panels = plt.subplots(1, 2, figsize=(12, 5), layout="constrained")
    best = report.pareto
    for axes, name, label in (
        (panels[0], "area_mm2", "mm2, with the allowance for placement"),
        (panels[1], "energy_uj", "uJ an inference"),
    ):
        for lanes in sorted({point.shape.lanes for point in report.points}):
            some = [point for point in report.points if point.shape.lanes == lanes]
            axes.scatter(
                [point.latency_us for point in some],
                [getattr(point, name) for point in some],
                s=14,
                alpha=0.5,
                label=f"{lanes} lane{'s' if lanes > 1 else ''}",
            )
        axes.scatter(
            [point.latency_us for point in best],
            [getattr(point, name) for point in best],
            s=60,
            facecolors="none",
            edgecolors="k",
            label="front of latency, area and energy",
        )
        named = set()
        for point in best:
            if point.shape.name not in named:
                named.add(point.shape.name)
                axes.annotate(
                    point.shape.name,
                    (point.latency_us, getattr(point, name)),
                    textcoords="offset points",
                    xytext=(5, 5),
                    fontsize="x-small",
                )
        axes.set(xlabel=f"us at worst, {report.network} ({report.latency})", ylabel=label)
        axes.set_xscale("log")
        axes.set_yscale("log")
        for axis in (axes.xaxis, axes.yaxis):
            axis.set_major_locator(LogLocator(subs=(1, 2, 3, 5)))
            axis.set_major_formatter(ScalarFormatter())
            axis.set_minor_formatter(NullFormatter())
        axes.grid(alpha=0.3, which="both")
    panels[0].legend(fontsize="small")
    figure.savefig(path, dpi=_DPI, metadata={"Software": None})
    plt.close(figure)
