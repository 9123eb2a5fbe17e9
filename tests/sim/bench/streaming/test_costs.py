"""What synthesis says of streaming networks, on the page and among the bars."""

import pytest

from sim.bench.streaming.bars import verdicts
from sim.bench.streaming.costs import CostRow, Costs, read_costs
from sim.bench.streaming.costs_page import costs_parts
from sim.synth.cnn import costs_of
from sim.synth.cnn_machines import CnnCosts
from sw.dataflow.shipped import MACHINES
from sw.physical.sram import SramTable
from tests.sim.bench.streaming.made_up import report
from tests.sim.synth.reports import machine_power
from tests.sim.synth.test_cnn import runs

LOGIC = {"skip-free": 0.110, "buffered": 0.125, "unbuffered": 0.120}


def row(machine, **changes):
    facts = {
        "machine": machine,
        "cells": 80000,
        "flip_flops": 7000,
        "logic_mm2": LOGIC[machine],
        "sram_mm2": {"line buffers": 0.02, "skips": 0.0, "weights": 0.25, "parameters": 0.005},
        "extrapolated_mm2": 0.01,
        "area_mm2": 0.42,
        "critical_path_ns": 1.6,
        "slowest_unit": "block2.conv2",
        "power": machine_power(),
    }
    facts["sram_mm2"]["pools"] = 0.0
    return CostRow(**{**facts, **changes})


def costs(**changes):
    facts = {
        "network": "digits",
        "data": "digits",
        "command": "kiln synth cnn --network digits",
        "date": "2026-01-02",
        "allowance": 0.1,
        "period_ns": 1.25,
        "machines": [row(name) for name in LOGIC],
    }
    return Costs(**{**facts, **changes})


def page(*found):
    return "\n".join(costs_parts(found))


def test_read(tmp_path):
    machines = [costs_of(name, runs(tmp_path), SramTable.load()) for name in MACHINES]
    machines[0].power = machine_power()
    facts = {"date": "2026-01-02", "command": "kiln synth cnn --network digits"}
    written = CnnCosts(network="digits", interval=9216, machines=machines, **facts)
    (tmp_path / "synth_digits.json").write_text(written.model_dump_json())
    found = read_costs(tmp_path, "digits", "digits")
    assert [each.machine for each in found.machines] == list(MACHINES)
    free, buffered = found.machine("skip-free"), found.machine("buffered")
    assert free.power == machine_power() and buffered.power is None
    assert free.logic_mm2 == machines[0].logic_mm2 and free.sram_mm2 == machines[0].sram_mm2
    assert (found.date, found.period_ns) == ("2026-01-02", 1.25)
    assert free.mhz == pytest.approx(1000 / 1.15)
    assert Costs.model_validate_json(found.model_dump_json()) == found


def test_page():
    text = page(costs())
    for line in (
        "|  | skip-free | buffered | unbuffered |",
        "| logic, mm2 | 0.1100 | 0.1250 | 0.1200 |",
        "| SRAM, weights, mm2 | 0.2500 | 0.2500 | 0.2500 |",
        "| of SRAMs extrapolated, mm2 | 0.0100 | 0.0100 | 0.0100 |",
        "| all, with 10% for placement, mm2 | 0.4200 | 0.4200 | 0.4200 |",
        "| clock, MHz | 625 | 625 | 625 |",
        "| power at 300 K, mW | 40.0 | 40.0 | 40.0 |",
        "| **energy a frame at 300 K, uJ** | 0.400 | 0.400 | 0.400 |",
        "| of it SRAM, weights, uJ | 0.120 | 0.120 | 0.120 |",
        "| of it leakage at 350 K, uJ | 0.150 | 0.150 | 0.150 |",
        "| reads of weights a frame | 8,000 | 8,000 | 8,000 |",
    ):
        assert line in text
    assert "pools" not in text and "not synthesised" not in text


def test_what_is_missing(tmp_path):
    found = read_costs(tmp_path, "resnet33-cifar10", "cifar10")
    assert not found.machines
    text = page(found)
    assert "resnet33-cifar10: not synthesised." in text
    assert "`kiln synth cnn --network resnet33-cifar10` does it" in text
    some = costs(machines=[row("skip-free"), row("buffered", power=None)])
    assert "Power of digits is not measured in that report" in page(some)


@pytest.mark.parametrize(("logic", "passed"), [(0.110, True), (0.130, False)])
def test_logic_area_is_judged(logic, passed):
    machines = [row("skip-free", logic_mm2=logic), row("buffered"), row("unbuffered")]
    (verdict,) = judged(costs(machines=machines), "logic area, skip-free over buffered")
    assert verdict.value == pytest.approx(logic / 0.125)
    assert verdict.passed is passed


def test_gates_are_judged():
    machines = [row("skip-free", power=machine_power(mismatches=2)), row("buffered")]
    (verdict,) = judged(costs(machines=machines), "with units as gates")
    assert verdict.value == 2 and not verdict.passed


def test_what_is_missing_is_not_judged(tmp_path):
    found = read_costs(tmp_path, "digits", "digits")
    (verdict,) = judged(found, "logic area")
    assert verdict.value is None and verdict.passed is None
    assert not judged(found, "as gates")


def judged(found, what):
    return [each for each in verdicts(report(costs=[found])) if what in each.what]
