"""Plots of the benchmark of streaming networks."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from matplotlib.figure import Figure
from matplotlib.ticker import PercentFormatter

from .results import DepthPoint, FoldingPoint, MachineRow

__all__ = [
    "DEPTH_PLOT",
    "FOLDING_PLOT",
    "MEMORY_PLOT",
    "plot_depths",
    "plot_foldings",
    "plot_memory",
]

DEPTH_PLOT = "cnn_depths.png"
FOLDING_PLOT = "cnn_foldings.png"
MEMORY_PLOT = "cnn_memory.png"
_SIZE = (6.5, 4.0)


def plot_depths(points: Sequence[DepthPoint], bound: int, path: Path) -> None:
    """Throughput over the depth of skips; nothing where the pipeline stood still."""
    figure = Figure(figsize=_SIZE, layout="constrained")
    panel = figure.subplots()
    shares = [point.share for point in points]
    rates = [0.0 if point.interval is None else bound / point.interval for point in points]
    panel.plot(shares, rates, "o-")
    panel.set_xlabel("depth of all skips over the computed one")
    panel.set_ylabel("throughput over the full rate")
    panel.xaxis.set_major_formatter(PercentFormatter(1.0))
    panel.yaxis.set_major_formatter(PercentFormatter(1.0))
    panel.set_ylim(bottom=0)
    panel.grid(alpha=0.3)
    figure.savefig(path, dpi=120)


def plot_foldings(points: Sequence[FoldingPoint], clock_mhz: int, path: Path) -> None:
    """Frames a second over multipliers; points on the RTL are filled."""
    figure = Figure(figsize=_SIZE, layout="constrained")
    panel = figure.subplots()
    multipliers = [point.multipliers for point in points]
    frames = [clock_mhz * 1e6 / point.interval for point in points]
    panel.plot(multipliers, frames, "-", color="C0", alpha=0.5)
    for measured, face in ((False, "none"), (True, "C0")):
        some = [k for k, point in enumerate(points) if point.measured is measured]
        panel.plot(
            [multipliers[k] for k in some],
            [frames[k] for k in some],
            "o",
            color="C0",
            markerfacecolor=face,
            label="on the RTL" if measured else "bound",
        )
    panel.set_xscale("log")
    panel.set_yscale("log")
    panel.set_xlabel("multipliers")
    panel.set_ylabel(f"frames/s at {clock_mhz} MHz")
    panel.grid(alpha=0.3, which="both")
    panel.legend()
    figure.savefig(path, dpi=120)


def plot_memory(rows: Sequence[MachineRow], path: Path) -> None:
    """Activation memory of all machines by kind, a panel for each network."""
    names = list(dict.fromkeys(row.run.network for row in rows))
    figure = Figure(figsize=(5.0 * len(names), 4.0), layout="constrained")
    for panel, name in zip(figure.subplots(1, len(names), squeeze=False)[0], names, strict=True):
        some = [row for row in rows if row.run.network == name]
        machines = [row.run.machine for row in some]
        below = [0.0] * len(some)
        for kind in ("line buffers", "skips", "gathers"):
            heights = [row.run.bits[kind] / 8192 for row in some]
            panel.bar(machines, heights, bottom=below, label=kind)
            below = [low + height for low, height in zip(below, heights, strict=True)]
        panel.set_ylabel("KiB of activations")
        panel.set_title(name)
        panel.legend(fontsize="small")
    figure.savefig(path, dpi=120)
