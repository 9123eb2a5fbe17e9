# amaranth: UnusedElaboratable=no
"""Sizes of arrays: what they cost, and the best of them."""

from pathlib import Path

import pytest

from hw.eie.config import PRESETS
from sim.bench.explore import Task, evaluate, jobs_of_shape, logic_of, shapes
from sim.bench.explore_plots import plot_front
from sim.bench.explore_results import (
    Calibration,
    ExploreReport,
    LogicCost,
    Point,
    Shape,
    Skipped,
    front,
)
from sim.bench.synth import machine_of
from sim.bench.synth_method import method_of
from sim.bench.synth_report import SynthReport
from sim.bench.synth_results import UnitLine
from sim.spread import spread
from sim.synth.run import Setting, SynthRun
from sw.physical.sram import SramTable
from tests.sim.bench.synth_runs import element_power, machine_runs
from tests.sim.synth.reports import unit_report

LOGIC = LogicCost(cells_um2=1e6, sram_um2=1e5, flip_flops=1000, leakage_mw=2.0)
CALIBRATION = Calibration(machine="m", workload="w", fj_per_entry=500.0, fj_per_clocked=2.0)
NETWORK = "linnos"


def task(shape, calibration=None, **changes):
    fields = {"logic": LOGIC, "calibration": calibration, "allowance": 0.1, **changes}
    return Task(NETWORK, shape, **fields)


def test_shapes():
    found = shapes([1, 8], [1, 4], [8, 16], [8], [1])
    assert [(shape.name, shape.queue_depth) for shape in found] == [
        *(("1x1x1", 8), ("8x1x1", 8), ("8x4x8", 8), ("8x4x16", 8))
    ]


def test_a_point():
    shape = Shape(8, 4, 16, 8, 1)
    point = evaluate(task(shape))
    assert isinstance(point, Point) and point.shape == shape
    assert point.latency_us == point.cycles / 800
    assert point.cells_mm2 == 1
    assert point.area_mm2 == pytest.approx(1.1 * (1 + point.sram_mm2))
    assert point.energies_uj["logic"] == 0 < point.energies_uj["sram"]
    assert point.energies_uj["leakage"] > 2e-3 * point.latency_us
    assert point.energy_uj == sum(point.energies_uj.values())

    counted = evaluate(task(shape, CALIBRATION)).energies_uj["logic"]
    clocked = 1e-9 * 2 * 1000 * point.cycles
    entries = 31 * 256 + 256 * 2  # dense, and no zero run is long
    assert counted == pytest.approx(clocked + 1e-9 * 500 * entries)


def test_more_of_everything():
    few, many = (evaluate(task(Shape(8, lanes, 16, 8, 1))) for lanes in (2, 8))
    assert many.latency_us < few.latency_us
    roomy = evaluate(task(Shape(8, 2, 16, 8, 4)))
    assert roomy.spmat_bytes == 4 * few.spmat_bytes and roomy.sram_mm2 > few.sram_mm2
    assert roomy.cycles == few.cycles and roomy.energies_uj["sram"] > few.energies_uj["sram"]


def test_units_of_a_shape():
    jobs = jobs_of_shape(NETWORK, Shape(8, 4, 16, 2, 1))
    counts = {job.name: count for job, count in jobs.items()}
    assert counts["eie.arith"] == 8 and counts["eie.requantise"] == 8
    assert counts["eie.block"] == 1 and counts["eie.control"] == 1
    deeper = jobs_of_shape(NETWORK, Shape(8, 4, 16, 8, 1))
    assert {job.name for job in set(jobs) ^ set(deeper)} == {"eie.queue"}
    narrow = {
        job.name: count for job, count in jobs_of_shape(NETWORK, Shape(16, 1, 1, 8, 1)).items()
    }
    assert narrow["eie.accumulators"] == 16 and narrow["eie.lnzd"] == 5


def test_logic_of_a_shape():
    jobs = jobs_of_shape(NETWORK, Shape(8, 4, 16, 2, 1))
    macros = {"eie.control": {"sram": 1}, "eie.spmat": {"sram": 2}}
    runs = {
        job: SynthRun(job, unit_report(job.name, macros=macros.get(job.name)), {}, Path(), True)
        for job in jobs
    }
    units = sum(jobs.values())
    logic = logic_of(jobs, runs)
    assert (logic.cells_um2, logic.flip_flops) == (100 * units, 3 * units)
    assert logic.sram_um2 == 1000  # those of spmat are a matter of the point
    assert logic.leakage_mw > 0


def point(us, mm2, uj):
    return Point(
        shape=Shape(8, 1, 1, 8, 1),
        spmat_bytes=1,
        pointer_bytes=1,
        cycles=1,
        latency_us=us,
        cells_mm2=0,
        sram_mm2=0,
        area_mm2=mm2,
        energy_uj=uj,
        energies_uj={},
    )


def test_front():
    best = [point(1, 9, 3), point(2, 5, 4), point(3, 5, 1)]
    beaten = [point(2, 6, 4), point(3, 9, 3), point(9, 9, 9)]
    assert front([*beaten, *reversed(best)]) == best


def test_calibration_from_a_report():
    runs = machine_runs("tiny", PRESETS["tiny"])
    power = [element_power("tiny")]
    report = SynthReport(
        date="",
        command="",
        method=method_of(Setting(("", "")), runs),
        srams=[],
        units=[UnitLine(machine="tiny", report=run.report) for run in runs],
        machines=[machine_of("tiny", runs, SramTable.load(), power=power)],
        powers=power,
    )
    found = Calibration.of(report, "tiny")
    assert found.fj_per_entry == pytest.approx(2 * 2e6 / 100)  # 2 mW for 2 us
    assert found.fj_per_clocked == 0
    assert Calibration.of(report, "other") is None


def test_plot(tmp_path):
    tasks = [task(shape, CALIBRATION) for shape in shapes([4, 8], [1, 4], [8], [2], [1])]
    here = spread(evaluate, tasks)
    report = ExploreReport(
        date="2026-01-01",
        command="kiln explore",
        network=NETWORK,
        latency="events",
        allowance=0.1,
        calibrations={"wide": CALIBRATION},
        points=[each for each in here if isinstance(each, Point)],
        skipped=[each for each in here if isinstance(each, Skipped)],
    )
    assert len(report.points) == 4 and 0 < len(report.pareto) <= 4
    plot_front(report, tmp_path / "front.png")
    assert (tmp_path / "front.png").stat().st_size > 10_000


@pytest.mark.rtl
@pytest.mark.slow
def test_latency_of_the_rtl():
    shape = Shape(2, 2, 4, 2, 1)
    events, measured = (evaluate(task(shape, rtl=rtl)) for rtl in (False, True))
    assert events.cycles < measured.cycles < 2 * events.cycles
