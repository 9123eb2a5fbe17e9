"""Bars, page and plots of streaming networks, of a report made by hand."""

import pytest

from sim.bench.streaming.bars import verdicts
from sim.bench.streaming.hold import worst_hold
from sim.bench.streaming.missed import missed
from sim.bench.streaming.page import cnn_page
from sim.bench.streaming.plots import plot_depths, plot_foldings, plot_memory
from sim.bench.streaming.results import Hold
from sw.dataflow.alternatives import expected_hold_interval
from tests.sim.bench.streaming.made_up import report, run
from tests.sw.dataflow.digits import digits_config


def judged(found, what):
    return next(verdict for verdict in verdicts(found) if what in verdict.what)


def test_all_bars_met():
    found = verdicts(report())
    assert len(found) == 12
    assert all(verdict.passed for verdict in found)


@pytest.mark.parametrize(
    ("what", "change"),
    [
        ("unlike the golden model's, 5,395 images", {"mismatches": 1}),
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
        "| digits | skip-free | 1,801 | 0 | 97.5% of 359 | 3,000 | 1,000 | 1,000 |",
        "| digits | buffered | 13,000 | 6,000 | 100 | 19,100 | 9 | 9 |",
        "| digits | line buffers | 3,000 | 22.9% | 18.6% | 18.6% |",
        "| digits | queues | 6,000 | 45.8% | 31.4% | 31.4% |",
        "| digits | tensors | 20,000 | 152.7% | 60.4% | 60.4% |",
        "| digits | frames | 20,000 | 152.7% | 60.4% | 60.4% |",
        "80 multipliers, took 90 s",
        "| 50% | 10, 4 | - |",
        "| 93.0%, one beat less in each | 19, 7 | 1,100 |",
        "| as computed: 21, 9 | 500 |",
        "| 20 after stem | 505 |",
        "| 8 after add | - |",
        "| 100% | 20, 8 | 1,000 |",
        "| 50 | 45 | 2,000 | 90.0% | yes |",
        "15.10 frames a second and multiplier",
        "| fpgaConvNet | ResNet8 | ZC706 | 27,541 | 187 | 6,790 | 86.0 | 525 | 108,000 |  |",
        "| hls4ml RN07 | ResNet-like, skips removed | Arty |  |  | 30.1 | 83.5 |  |  | 73.1 |",
        "| digits, without skips | LFE5U, placed | 1,000 | 60 | 60,000 | 96.0 | 80 | 13,000 |",
        "| Kiln | resnet8, with skips | LFE5U, not placed | 147,456 |  |  |  | 86 | 10,000 |",
        "| Tailor, up to | 34% | 13% | 16% |  |",
        "| one block of ResNet, FINN | 5.3% |  | 2.0% | +4.7% |",
        "| Kiln, digits, placed | 7.5% | 14.2% | 21.8% | unchanged |",
    ):
        assert line in page


def test_why_bars_are_missed():
    found = report()
    assert not list(missed(found.machines))
    found.machines[1].run = run("buffered", bits=run("buffered").bits | {"skips": 4000})
    found.machines[2].run = run("unbuffered", interval=2300.0)
    memory, throughput = (" ".join(text.split()) for text in missed(found.machines))
    assert "On digits 23.4% of activation memory is saved, not 28%" in memory
    assert "2,000 of the 4,000 bits of skips" in memory and "would be 43.3%" in memory
    assert "is 2.30 times as fast as the unbuffered one, not 2.5" in throughput
    assert "W = 2" in throughput
    assert "1 + (W + 3)/W^2 = 2.25" in throughput and "1 + 2(W + 2)/W^2 = 3." in throughput


def test_worst_block():
    """The formula on the page gives what the compiler's own reckoning does."""
    config = digits_config(4608)
    hold = worst_hold(config)
    assert hold == Hold(width=2, stride=2)
    assert (hold.formula, hold.ratio, hold.full_ratio) == ("1 + (W + 3)/W^2", 2.25, 3.0)
    assert expected_hold_interval(config) == hold.ratio * config.bound
    assert Hold(width=4, stride=1).ratio == Hold(width=4, stride=1).full_ratio == 1.75


def test_verdict_names_its_formula():
    found = report()
    assert "W = 2 and stride 2: 1 + (W + 3)/W^2 = 2.25" in judged(found, "worst block").what
    found.machines[2].hold = Hold(width=4, stride=1)
    assert judged(found, "worst block").what.endswith("1 + 2(W + 2)/W^2 = 1.75 bounds")


def test_images_that_must_run():
    found = report(machines=[row.model_copy() for row in report().machines])
    for row in found.machines:
        row.data, row.run = "cifar10", run(row.run.machine, images=64)
    assert judged(found, "images through each machine's RTL").passed
    assert judged(found, "held back at random").value == 4
    assert judged(found, "held back at random").passed is False
    found.machines[2].run.images = 63
    assert judged(found, "images through each machine's RTL").passed is False


def test_depths_one_by_one():
    found = report()
    assert found.balanced is not None
    found.balanced.less["stem"] = 500.0
    found.balanced.unbounded = 499.0
    assert judged(found, "one beat less does not slow").value == 1
    assert judged(found, "over that without a limit").passed is False


def test_page_of_a_part():
    page = cnn_page(report(depths=[], balanced=None, foldings=[], small=None))
    for title in ("Depth of skips", "Folding", "ResNet8 geometry"):
        assert f"## {title}" not in page


def test_plots(tmp_path):
    found = report()
    plot_memory(found.machines, tmp_path / "memory.png")
    plot_depths(found.depths, 1000, tmp_path / "depths.png")
    plot_foldings(found.foldings, 800, tmp_path / "foldings.png")
    for name in ("memory", "depths", "foldings"):
        assert (tmp_path / f"{name}.png").read_bytes().startswith(b"\x89PNG")
