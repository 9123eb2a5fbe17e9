"""Plots of the MittOS benchmark, PNG: time over the number of PEs, beside the estimate."""

from __future__ import annotations

from pathlib import Path

import matplotlib

matplotlib.use("Agg")

import matplotlib.pyplot as plt
from matplotlib.ticker import ScalarFormatter

from .mittos_results import CaseName, MittosReport, Row
from .weng_chien import EIE_US

__all__ = ["PLOTS", "plot_times"]

PLOTS = {
    "precise_linear": "mittos_precise_linear.png",
    "good_custom": "mittos_good_custom.png",
}
"""File of each network."""

_DPI = 120


def plot_times(report: MittosReport, network: str, path: Path) -> None:
    """Microseconds over the number of PEs, a panel for each sparsity of a network."""
    panels = [facts for facts in report.networks if facts.network == network]
    figure, axes = plt.subplots(
        1, len(panels), figsize=(4 * len(panels) + 0.5, 4), sharey=True, squeeze=False,
        layout="constrained",
    )  # fmt: skip
    for panel, facts in zip(axes[0], panels, strict=True):
        assert facts.sparsity is not None
        estimate = EIE_US[network, facts.sparsity]
        panel.plot(*zip(*estimate.items(), strict=True), "k--", marker=".", label="estimate")
        cases: tuple[tuple[CaseName, str], ...] = (("worst", "C3"), ("real", "C0"))
        for case, colour in cases:
            rows = report.of(facts.name, case)
            for wide, style in ((False, "-"), (True, ":")):
                points = [_point(row) for row in rows if (row.lanes > 1) == wide]
                if points:
                    label = f"{case}, {'wide' if wide else 'one entry a cycle'}"
                    panel.plot(
                        *zip(*points, strict=True), style, color=colour, marker="o", markersize=4,
                        label=label,
                    )  # fmt: skip
        panel.set(xlabel="PEs", title=f"{network}, {facts.sparsity} %")
        panel.set_xscale("log", base=2)
        panel.set_yscale("log")
        panel.set_xticks([1, 2, 4, 8, 16, 32, 64])
        for axis in (panel.xaxis, panel.yaxis):
            axis.set_major_formatter(ScalarFormatter())
        panel.grid(alpha=0.3, which="both")
    axes[0][0].set_ylabel("us at 800 MHz")
    axes[0][0].legend(fontsize="small")
    figure.savefig(path, dpi=_DPI, metadata={"Software": None})
    plt.close(figure)


def _point(row: Row) -> tuple[int, float]:
    return row.n_pe, row.us_mean
