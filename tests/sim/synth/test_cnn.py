# amaranth: UnusedElaboratable=no
"""What streaming networks cost, from units that were synthesised."""

import pytest

from hw.cnn.config import ConvConfig
from sim.synth import pool
from sim.synth.cnn import (
    MachineCosts,
    MemoryKind,
    cnn_jobs,
    costs_of,
    machine_costs,
    memory_kind,
)
from sim.synth.cnn_machines import CnnCosts, costs_file
from sim.synth.run import Run, Setting
from sw.dataflow.shipped import MACHINES, compile_for
from sw.physical.sram import SramTable
from sw.students.resnet import Shape
from sw.students.untrained import untrained
from tests.hw.cnn.pipelines import PIPELINES
from tests.sim.synth.reports import unit_report

SETTING = Setting(("yosys 1", "sta 1"))
BLOCK = PIPELINES["block"]
SRAMS = {
    "window.ring.macro": "sram_1r1w_1024x16_l1",
    "dot.weights.sram.macro": "sram_1rw_1024x64_l1",
    "requantise.parameters.sram.macro": "sram_1rw_64x16_l1",
}


def runs(tmp_path, late="none", queue="sram_1r1w_128x16_l1"):
    """Every unit 100 um2; convolutions with SRAMs, and a queue with one."""
    found = []
    for job in cnn_jobs("block", BLOCK):
        srams = {"convstage": SRAMS, "skipfifo": {"memory.macro": queue}}
        slack = -0.25 if job.counted.unit.name == late else 0.1
        report = unit_report(job.name, slack_ns=slack)
        found.append(Run(job, report, srams.get(job.counted.kind, {}), tmp_path, warm=True))
    return found


def test_jobs():
    jobs = cnn_jobs("block", BLOCK)
    kinds = [job.counted.kind for job in jobs]
    assert kinds[:3] == 3 * ["convstage"] and "convstage" not in kinds[3:]
    assert jobs[0].name == "cnn.convstage" and jobs[0].label == "stem of block"
    assert str(ConvConfig(1, 4, 6, 6, pe=4)) in jobs[0].what
    assert len({job.what for job in jobs}) == len(jobs)


def test_sums(tmp_path):
    found = runs(tmp_path)
    costs = costs_of("block", found, SramTable.load())
    units = sum(run.job.counted.count for run in found)
    assert costs.logic_mm2 == pytest.approx(units * 100e-6)
    assert costs.cells == 10 * units and costs.flip_flops == 3 * units
    assert costs.sram_mm2 == {
        "line buffers": pytest.approx(3 * 14332e-6),
        "skips": pytest.approx(2082e-6),
        "weights": pytest.approx(3 * 26282e-6),
        "parameters": pytest.approx(3 * 568e-6),
        "pools": 0.0,
    }
    total = costs.logic_mm2 + sum(costs.sram_mm2.values())
    assert costs.area_mm2 == pytest.approx(total * (1 + costs.allowance))
    assert costs.extrapolated_mm2 == 0
    assert costs.passed and costs.slack_ns == 0.1
    again = MachineCosts.model_validate_json(costs.model_dump_json())
    assert again == costs


def test_the_slowest_unit(tmp_path):
    costs = costs_of("block", runs(tmp_path, late="long"), SramTable.load())
    assert not costs.passed and costs.slowest_unit == "long"
    assert costs.slack_ns == -0.25 and costs.critical_path_ns == 1.5


def test_what_is_extrapolated(tmp_path):
    found = runs(tmp_path, queue="sram_1r1w_128x8_l1")
    costs = costs_of("block", found, SramTable.load())
    assert (
        costs.extrapolated_mm2 == pytest.approx(costs.sram_mm2["skips"]) and costs.sram_mm2["skips"]
    )


def test_each_distinct_unit_runs_once(monkeypatch, tmp_path):
    labels = []

    def run_job(job, setting):
        labels.append(job.label)
        return Run(job, unit_report(job.name), {}, tmp_path, warm=False)

    monkeypatch.setattr(pool, "run_job", run_job)
    costs = machine_costs(BLOCK, SETTING, name="block")
    assert labels == [job.label for job in cnn_jobs("block", BLOCK)]
    assert [unit.name for unit in costs.units] == [name.split(" ")[0] for name in labels]


def test_memories_by_what_they_are_for():
    kinds = {path: memory_kind("convstage", path) for path in SRAMS}
    assert list(kinds.values()) == [
        *(MemoryKind.LINE_BUFFER, MemoryKind.WEIGHTS, MemoryKind.PARAMETERS)
    ]
    assert memory_kind("framehold", "frame.memory.macro") is MemoryKind.SKIP
    assert memory_kind("averagepool", "kept.macro") is MemoryKind.POOL


def test_machines_of_a_shape():
    shape = Shape((1, 1), width=4, channels=1, side=4)
    graphs = {skips: untrained(shape, skips=skips) for skips in (False, True)}
    machines = {
        name: compile_for(name, graphs[machine.residual], interval=288).config
        for name, machine in MACHINES.items()
    }
    assert all(machine.bound <= 288 for machine in machines.values())
    assert not machines["skip-free"].skips
    kinds = {name: {skip.kind for skip in each.skips} for name, each in machines.items()}
    assert kinds["buffered"] and kinds["unbuffered"] and kinds["buffered"] != kinds["unbuffered"]


def test_a_report_has_its_machines(tmp_path):
    costs = costs_of("block", runs(tmp_path), SramTable.load())
    facts = {"date": "2026-01-02", "command": "kiln synth cnn"}
    report = CnnCosts(network="any", interval=1, machines=[costs], **facts)
    assert report.machine("block") is costs
    assert CnnCosts.model_validate_json(report.model_dump_json()) == report


def test_the_file_of_a_network():
    assert costs_file("resnet33-cifar10") == "synth_resnet33_cifar10.json"
