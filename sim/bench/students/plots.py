"""Plots of the comparison of students."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator, PercentFormatter

from sim.bench.students.results import Comparison, EpochRow

__all__ = ["EPOCHS_PLOT", "SKIPS_PLOT", "plot_epochs", "plot_skips"]

EPOCHS_PLOT = "student_epochs.png"
SKIPS_PLOT = "student_skips.png"


def plot_epochs(comparisons: Sequence[Comparison], path: Path) -> None:
    """Accuracy over epochs, a line for each run and a panel for each set of images."""
    figure, panels = _panels(comparisons, "epochs behind the teacher's")
    for panel, comparison in zip(panels, comparisons, strict=True):
        for colour, label, rows in _lines(comparison):
            numbers = [row.number for row in rows]
            panel.plot(numbers, _accuracies(rows), ".-", color=colour, label=label)
        panel.legend(fontsize="small")
    figure.savefig(path, dpi=120)


def plot_skips(comparisons: Sequence[Comparison], path: Path) -> None:
    """Accuracy over skips removed, a line for each run in which they go one by one, and a point for
    the end of others."""
    figure, panels = _panels(comparisons, "skips removed")
    for panel, comparison in zip(panels, comparisons, strict=True):
        for colour, label, rows in _lines(comparison):
            some = rows if len({row.skips for row in rows}) > 1 else rows[-1:]
            removed = [comparison.skips - row.skips for row in some]
            panel.plot(removed, _accuracies(some), ".-", color=colour, label=label)
        panel.legend(fontsize="small")
    figure.savefig(path, dpi=120)


def _panels(comparisons: Sequence[Comparison], xlabel: str) -> tuple[Figure, list[Any]]:
    """A panel for each comparison, with its teacher as a line."""
    figure = Figure(figsize=(6.5 * len(comparisons), 4.5), layout="constrained")
    panels = list(figure.subplots(1, len(comparisons), squeeze=False)[0])
    for panel, comparison in zip(panels, comparisons, strict=True):
        if comparison.teacher is not None:
            panel.axhline(
                comparison.teacher, color="k", linestyle="--", linewidth=0.8, label="teacher"
            )
        title = f"{comparison.data}, {comparison.network}, width {comparison.width}"
        panel.set(xlabel=xlabel, ylabel="accuracy on validation images", title=title)
        panel.xaxis.set_major_locator(MaxNLocator(integer=True))
        panel.yaxis.set_major_formatter(PercentFormatter(1.0))
        panel.grid(alpha=0.3)
    return figure, panels


def _lines(comparison: Comparison) -> list[tuple[str, str | None, list[EpochRow]]]:
    """Colour, label and epochs of each run; the first of a method has the label."""
    colours = {row.method: f"C{number}" for number, row in enumerate(comparison.methods)}
    found: list[tuple[str, str | None, list[EpochRow]]] = []
    for method, rows in comparison.curves:
        label = None if any(colours[method] == colour for colour, _, _ in found) else method
        found.append((colours[method], label, rows))
    return found


def _accuracies(rows: Sequence[EpochRow]) -> list[float]:
    return [row.validation for row in rows]
