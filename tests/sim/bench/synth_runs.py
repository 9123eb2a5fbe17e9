"""Made-up synthesis of whole machines."""

from pathlib import Path

from sim.bench.synth import composition
from sim.bench.synth_power import ElementPower
from sim.synth.jobs import SynthJob
from sim.synth.run import SynthRun
from tests.sim.synth.reports import unit_report

SPMAT, ACT = "sram_1rw_1024x64_l2", "sram_1rw_256x16_l2"
NARROW_PARTS = {
    **{"queue": 10.0, "pointer": 20.0, "spmat": 30.0, "arith": 40.0, "accumulators": 50.0},
    **{"requantise": 60.0, "file": 70.0, "source": 80.0, "counters": 90.0, "(top)": 5.0},
}


WIDE_PARTS = {
    **{"queue": 10.0, "pointer": 20.0, "spmat": 30.0, "arith": 90.0, "arith/row_sum": 40.0},
    **{"requantise_0": 60.0, "requantise_1": 60.0, "source": 80.0, "counters": 100.0, "(top)": 5.0},
}
"""A part inside another is counted in both."""


def machine_runs(name, config, *, pe_area=455.0):
    """All units of a machine; a PE has two SRAMs, of which one is in spmat."""
    parts = WIDE_PARTS if config.is_wide else NARROW_PARTS
    runs = []
    for unit in composition(config):
        job = SynthJob(name, config, unit)
        if unit == "eie.pe":
            report = unit_report(unit, area=pe_area, macros={SPMAT: 1, ACT: 1}, parts=parts)
            srams = {"spmat.sram": SPMAT, "sram": ACT}
        else:
            report, srams = unit_report(unit, area=7.0), {}
        runs.append(SynthRun(job, report, srams, Path("nowhere"), warm=True))
    return runs


def element_power(machine, workload="Alex-7", kelvin=300, us=2.0):
    """2 mW of arithmetic, half of it leakage; 3 mW in the activation SRAM; 1 mW of glue."""
    return ElementPower(
        machine=machine,
        workload=workload,
        inferences=3,
        mismatches=0,
        us=us,
        entries=100.0,
        temperature_k=kelvin,
        dynamic_mw={"arith": {"combinational": 1.0}, "(top)": {"memory": 3.0, "register": 1.0}},
        leakage_mw={"arith": {"combinational": 1.0}},
        clock_tree_um2=10.0,
    )
