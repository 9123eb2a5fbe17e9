"""From units to machines, and the page about them."""

from dataclasses import replace

import pytest

from hw.eie.config import PRESETS
from sim.bench.right_sized import LATENCY_US, Candidate
from sim.bench.synth import (
    MACHINES,
    composition,
    machine_of,
    power_of,
    power_runs,
    report_jobs,
    right_sized_of,
)
from sim.bench.synth_markdown import synth_page
from sim.bench.synth_method import method_of, prices_of
from sim.bench.synth_report import SynthReport
from sim.bench.synth_results import UnitLine
from sim.synth.run import Setting
from sw.physical.placement import read_placement_allowance
from sw.physical.sram import SramTable
from tests.sim.bench.synth_runs import ACT, SPMAT, element_power, machine_runs

SRAMS = SramTable.load()
TINY = PRESETS["tiny"]


def sram_um2(macro):
    depth, width = macro.split("_")[2].split("x")
    return SRAMS.price(int(depth), int(width)).area_um2


@pytest.mark.parametrize(("preset", "nodes"), [("paper64", 21), ("weng32", 11), ("tiny", 1)])
def test_composition(preset, nodes):
    config = PRESETS[preset]
    counts = composition(config)
    assert counts["eie.pe"] == config.n_pe and counts["eie.lnzd"] == nodes
    assert "eie.block" not in counts and counts["eie.control"] == 1


def test_composition_of_wide_machines():
    assert composition(PRESETS["wide32"])["eie.block"] == 2
    assert composition(PRESETS["wide32"])["eie.lnzd"] == 1
    assert "eie.lnzd" not in composition(PRESETS["wide8"])


def test_jobs_of_the_report():
    jobs = {(job.machine, job.name) for job in report_jobs()}
    assert {(name, "eie.pe") for name in MACHINES} <= jobs
    assert ("paper64", "eie.arith") in jobs and ("weng8", "eie.arith") not in jobs


def test_machine():
    machine = machine_of("tiny", machine_runs("tiny", TINY), SRAMS)
    others = sum(count for unit, count in composition(TINY).items() if unit != "eie.pe")
    cells, srams = 4 * 455 + 7 * others, 4 * 2000
    allowance = read_placement_allowance()
    assert machine.cells_mm2 == pytest.approx(cells * 1e-6)
    assert machine.area_mm2 == pytest.approx((cells + srams) * 1e-6 * (1 + allowance))
    assert machine.element_um2 == pytest.approx(2455 * (1 + allowance))
    assert machine.paper_mm2 == 2.56 and machine.bar_mm2 is None
    hot, cold = machine.leakage_mw(350), machine.leakage_mw(300)
    assert hot > cold > 0
    assert machine_of("tiny", machine_runs("tiny", TINY), SRAMS, own_cells=False).leakage_mw(
        300
    ) < machine.leakage_mw(300)


def test_modules_of_the_paper():
    power = [element_power("tiny")]
    machine = machine_of("tiny", machine_runs("tiny", TINY), SRAMS, power=power)
    modules = {module.name: module for module in machine.modules}
    assert modules["Act_queue"].cells_um2 == 10
    assert modules["SpmatRead"].sram_um2 == pytest.approx(sram_um2(SPMAT))
    assert modules["ActRW"].cells_um2 == 50 + 60 + 70 + 80
    assert modules["ActRW"].sram_um2 == pytest.approx(sram_um2(ACT))
    assert modules["glue"].cells_um2 == 5
    assert sum(module.cells_um2 for module in machine.modules) == 455
    mw = {name: module.power_mw[300] for name, module in modules.items()}
    assert mw["ArithmUnit"] == 2 and mw["ActRW"] == 3 and mw["glue"] == 1
    assert sum(mw.values()) == power[0].total_mw


def test_modules_of_a_wide_element():
    machine = machine_of("wide8", machine_runs("wide8", PRESETS["wide8"]), SRAMS)
    modules = {module.name: module for module in machine.modules}
    assert modules["ArithmUnit"].parts == ["arith"] and modules["ArithmUnit"].cells_um2 == 90
    assert modules["ActRW"].cells_um2 == 60 + 60 + 80
    assert sum(module.cells_um2 for module in machine.modules) == 455
    assert machine.paper_mm2 is None


def test_power_of_a_machine():
    power = [element_power("tiny", kelvin=kelvin) for kelvin in (300, 350)]
    machine = machine_of("tiny", machine_runs("tiny", TINY), SRAMS, power=power)
    rest = machine.leakage_mw(300) - 4 * machine.element.leakage_mw[300]
    assert machine.power_w[300] == pytest.approx(1e-3 * (4 * 6 + rest))
    assert set(machine.power_w) == {300, 350}


def candidate(config, us=0.5):
    fields = {name: getattr(config, name) for name in config.__dataclass_fields__}
    return Candidate(
        config=fields, event_us=0.4, memory_um2=1e5, worst_us=us, real_us=us, requests=2
    )


@pytest.fixture
def cut():
    """Two sizes, of which the second is smaller, one that is too slow; and their units."""
    configs = [replace(TINY, n_pe=n_pe) for n_pe in (8, 4, 2)]
    times = (0.5, 0.6, 0.7)
    found = [candidate(*pair) for pair in zip(configs, times, strict=True)]
    runs = [run for each in found for run in machine_runs(each.name, each.parameters)]
    return found, runs


def test_the_smallest_that_is_fast_enough(cut):
    found, runs = cut
    runs = [run for run in runs if run.job.machine != found[2].name]
    power = [element_power(found[1].name, workload, us=0.5) for workload in ("real", "worst")]
    result = right_sized_of(found, runs, SRAMS, power=power)
    assert result.machine.name == "4x1x1" and result.worst_us == LATENCY_US
    assert result.areas_mm2.keys() == {"8x1x1", "4x1x1"}
    watt = result.machine.power_w[300]
    assert result.energy_uj == {300: pytest.approx(watt * 0.6)}
    dynamic = 4 * 5e-3 * 0.5e-6 * 400_000
    leakage = 1e-3 * result.machine.leakage_mw(300)
    assert result.power_w == {300: pytest.approx(dynamic + leakage)}


def test_elements_whose_power_is_wanted(cut):
    found, runs = cut
    runs += [*machine_runs("paper64", TINY), *machine_runs("wide32", TINY)]
    wanted = [(run.job.machine, name) for run, name in power_runs(runs, found[:2], SRAMS)]
    assert wanted == [
        ("paper64", "Alex-7"),
        ("wide32", "precise_linear-98"),
        ("4x1x1", "precise_linear-98"),
    ]
    powers = [element_power("paper64", kelvin=kelvin) for kelvin in (300, 350)]
    powers += [element_power("wide32", workload) for workload in ("real", "worst")]
    assert power_of("weng8", powers) == powers[:2]
    assert power_of("wide32", powers) == powers[3:]


@pytest.mark.parametrize("powered", [False, True])
def test_page(cut, powered):
    found, runs = cut
    runs += [*machine_runs("paper64", PRESETS["paper64"]), *machine_runs("wide32", TINY)]
    powers = [element_power(name) for name in ("paper64", "wide32", "4x1x1") if powered]
    report = SynthReport(
        date="2026-01-01",
        command="kiln synth",
        method=method_of(Setting(("Yosys 1.2 (of whoever)", "2.0.17")), runs),
        srams=prices_of(runs, SRAMS),
        units=[UnitLine(machine=run.job.machine, report=run.report) for run in runs],
        machines=[
            machine_of(name, runs, SRAMS, power=power_of(name, powers))
            for name in ("paper64", "wide32")
        ],
        powers=powers,
        right_sized=right_sized_of(found[:2], runs, SRAMS, power=powers),
    )
    assert SynthReport.model_validate_json(report.model_dump_json()).verdicts == report.verdicts
    assert report.passed
    core = next(verdict for verdict in report.verdicts if "queue, arithmetic" in verdict.what)
    assert core.measured == 10 + 40 + 50 + 60 + 70 + 80
    page = synth_page(report)
    assert "| ArithmUnit | arith | 40 | 0 | 40 |" in page
    assert "The paper's 22,802" in page
    assert "**4x1x1**" in page and "*Tools*: Yosys 1.2, OpenSTA 2.0.17." in page
    assert ("uJ with SRAMs" in page) == powered
    late = report.model_copy(
        update={
            "units": [
                UnitLine(machine="a", report=runs[0].report.model_copy(update={"slack_ns": -0.1}))
            ]
        }
    )
    assert not late.passed
