"""``kiln synth cnn``: streaming networks through physical synthesis."""

from pathlib import Path

from rich.box import SIMPLE_HEAD
from rich.console import Console
from rich.table import Table

from kiln.commands.stream import INTERVALS
from kiln.commands.synth_report import job_progress
from sim.synth.cnn import MachineCosts, MemoryKind, cnn_jobs, machine_costs
from sim.synth.cnn_machines import SKIPS, CnnCosts, cnn_machine
from sim.synth.run import Setting
from sw.students.study import STUDIES

__all__ = ["NETWORKS", "costs_table", "synth_cnn", "units_table"]

NETWORKS = {"digits": "digits", "resnet33-cifar10": "cifar10"}
"""Networks by name, and the images whose shape and interval they have."""


def synth_cnn(network: str, setting: Setting, workers: int, out: Path, console: Console) -> bool:
    """Synthesise the machines of a network, print and write what they cost; gives whether all units
    meet the clock."""
    if network not in NETWORKS:
        raise ValueError(f"no network {network!r}; there are {', '.join(NETWORKS)}")
    study = STUDIES[NETWORKS[network]]
    interval = INTERVALS[study.name]
    machines = []
    for name in SKIPS:
        with console.status(f"compiling {name}"):
            config = cnn_machine(name, study.shape(), interval)
            units = len(cnn_jobs(name, config))
        with job_progress(console, units) as advance:
            costs = machine_costs(config, setting, name=name, workers=workers, progress=advance)
        console.print(units_table(costs))
        machines.append(costs)
    console.print(costs_table(machines))
    report = CnnCosts(network=network, interval=interval, machines=machines)
    path = out / f"synth_{network.replace('-', '_')}.json"
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(report.model_dump_json(indent=1) + "\n")
    console.print(f"report: {path}", highlight=False)
    return all(machine.passed for machine in machines)


def units_table(machine: MachineCosts) -> Table:
    """The distinct units of a machine."""
    mhz = 1000 / machine.period_ns
    title = f"{machine.name}: units at {mhz:.0f} MHz; areas of one in um2, slack in ns"
    table = Table(title=title, box=SIMPLE_HEAD)
    table.add_column("unit", no_wrap=True)
    for column in ("count", "FFs", "area", "SRAM", "slack"):
        table.add_column(column, justify="right", no_wrap=True)
    table.add_column("worst path", overflow="fold")
    for unit in machine.units:
        report = unit.report
        table.add_row(
            unit.name,
            str(unit.count),
            f"{report.flip_flops:,}",
            f"{report.area_um2:,.0f}",
            f"{report.macro_area_um2:,.0f}",
            "" if report.slack_ns is None else f"{report.slack_ns:+.3f}",
            f"{report.start} -> {report.end}" if report.start else "",
            style=None if unit.passed else "red",
        )
    return table


def costs_table(machines: list[MachineCosts]) -> Table:
    """What machines cost, side by side."""
    table = Table(title="machines; areas in mm2", box=SIMPLE_HEAD)
    table.add_column("")
    for machine in machines:
        table.add_column(machine.name, justify="right", no_wrap=True)
    rows = {
        "logic": [f"{machine.logic_mm2:.4f}" for machine in machines],
        **{
            f"SRAM, {kind.value}": [f"{machine.sram_mm2[kind.value]:.4f}" for machine in machines]
            for kind in MemoryKind
        },
        "with the allowance for placement": [f"{machine.area_mm2:.4f}" for machine in machines],
        "cells": [f"{machine.cells:,}" for machine in machines],
        "flip-flops": [f"{machine.flip_flops:,}" for machine in machines],
        "slack, ns": [f"{machine.slack_ns:+.3f}" for machine in machines],
        "critical path, ns": [f"{machine.critical_path_ns:.3f}" for machine in machines],
        "slowest unit": [machine.slowest_unit for machine in machines],
    }
    for name, cells in rows.items():
        table.add_row(name, *cells)
    return table
