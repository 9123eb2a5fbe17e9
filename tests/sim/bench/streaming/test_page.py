"""Bars, page and plots of streaming networks, of a report made by hand."""

import pytest

from sim.bench.streaming.bars import verdicts
from sim.bench.streaming.page import cnn_page
from sim.bench.streaming.plots import plot_depths, plot_foldings, plot_memory
from tests.sim.bench.streaming.made_up import report, run


def judged(found, what):
    return next(verdict for verdict in verdicts(found) if what in verdict.what)


def test_all_bars_met():
    found = verdicts(report())
    assert len(found) == 8
    assert all(verdict.passed for verdict in found)


@pytest.mark.parametrize(
    ("what", "change"),
    [
        ("unlike the golden model's, 34 images", {"mismatches": 1}),
        ("skip-free: frame interval", {"interval": 1021.0}),
        ("MAC utilisation", {"utilisation": 0.79}),
        ("throughput, skip-free", {"interval": 1041.0}),
        ("activation memory saved", {"bits": run("buffered").bits}),
    ],
)
def test_a_bar_missed(what, change):
    found = report()
    found.machines[0].run = run("skip-free", **change)
    assert judged(found, what).passed is False


def test_stalled_run_counts():
    found = report()
    assert found.machines[0].stalled is not None
    found.machines[0].stalled.mismatches = 2
    assert judged(found, "unlike the golden model's").value == 2


def test_hold_apart():
    found = report()
    found.machines[2].expected_interval = 2400.0
    verdict = judged(found, "apart from that of its worst block")
    assert verdict.passed is False
    assert verdict.value == pytest.approx(2600 / 2400 - 1)


def test_memory_saved():
    verdict = judged(report(), "activation memory saved")
    assert verdict.value == pytest.approx(1 - 13100 / 19100)
    assert verdict.passed and not verdict.stretched


def test_page():
    found = report()
    found.verdicts = verdicts(found)
    page = cnn_page(found)
    for line in (
        "`kiln bench cnn`, 2026-01-02.",
        "| digits | skip-free | 14 | 0 | 90.00% | 3,000 | 1,000 | 1,000 | 800,000 | 80 | 97.0% |",
        "| digits | buffered | 13,000 | 6,000 | 100 | 19,100 | 9 | 9 |",
        "3,000 bits would have to be kept besides",
        "the skip-free machine saves 18.6%",
        "| 50% | 10, 4 | - |",
        "| 100% | 20, 8 | 1,000 |",
        "| 50 | 45 | 2,000 | 90.0% | yes |",
        "15.10 frames a second and multiplier",
        "| fpgaConvNet | ResNet8 | ZC706 | 6,790 | 86.0 | 525 | 108,000 | 187 |",
    ):
        assert line in page


def test_page_of_a_part():
    page = cnn_page(report(depths=[], foldings=[], small=None))
    for title in ("Depth of skips", "Folding", "ResNet8 geometry"):
        assert f"## {title}" not in page


def test_plots(tmp_path):
    found = report()
    plot_memory(found.machines, tmp_path / "memory.png")
    plot_depths(found.depths, 1000, tmp_path / "depths.png")
    plot_foldings(found.foldings, 800, tmp_path / "foldings.png")
    for name in ("memory", "depths", "foldings"):
        assert (tmp_path / f"{name}.png").read_bytes().startswith(b"\x89PNG")
