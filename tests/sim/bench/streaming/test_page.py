"""Bars, page and plots of streaming networks, of a report made by hand."""

import pytest

from sim.bench.streaming.bars import verdicts
from sim.bench.streaming.page import cnn_page
from sim.bench.streaming.plots import plot_depths, plot_foldings, plot_memory
from sim.bench.streaming.results import CnnReport, DepthPoint, FoldingPoint, MachineRow, Small
from sim.streaming import StreamReport, UnitShares

SKIPS = {"skip-free": 0, "buffered": 6000, "unbuffered": 20000}


def run(machine, **changes):
    bits = {
        "line buffers": 13000,
        "skips": SKIPS[machine],
        "gathers": 100,
        "weights": 9,
        "parameters": 9,
    }
    facts = {
        "network": "digits",
        "machine": machine,
        "images": 10,
        "stalls": 0.0,
        "mismatches": 0,
        "class_mismatches": 0,
        "accuracy_golden": 0.9,
        "accuracy_rtl": 0.9,
        "latency": 3000,
        "interval": 1000.0 if machine != "unbuffered" else 2600.0,
        "interval_min": 1000,
        "interval_max": 1000,
        "bound": 1000,
        "clock_mhz": 800,
        "frames_per_second": 800000.0,
        "multipliers": 80,
        "utilisation": 0.97,
        "bits": bits,
        "skip_depths": {},
        "units": {"stem": UnitShares(busy=1.0, starved=0.0, blocked=0.0)},
        "simulated_cycles": 12345,
    }
    return StreamReport(**(facts | changes))


def report(**changes):
    machines = [MachineRow(data="digits", run=run(machine)) for machine in SKIPS]
    machines[0].stalled = run("skip-free", stalls=0.3, images=4)
    machines[2].expected_interval = 2550.0
    machines[1].reread_skip_bits = 3000
    small = Small(
        macs=12_000_000,
        multipliers=84,
        interval=147456.0,
        mismatches=0,
        clock_mhz=187,
        frames_per_multiplier=15.1,
    )
    facts = {
        "date": "2026-01-02",
        "command": "kiln bench cnn",
        "machines": machines,
        "depths": [
            DepthPoint(share=0.5, depths={"stem": 10, "add": 4}, interval=None),
            DepthPoint(share=1.0, depths={"stem": 20, "add": 8}, interval=1000.0),
        ],
        "foldings": [
            FoldingPoint(
                budget=50, multipliers=45, interval=2000.0, utilisation=0.9, measured=True
            ),
            FoldingPoint(
                budget=90, multipliers=82, interval=1000.0, utilisation=0.95, measured=False
            ),
        ],
        "small": small,
    }
    return CnnReport(**(facts | changes))


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
