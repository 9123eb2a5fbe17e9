"""``kiln synth cnn``: streaming networks through physical synthesis."""

from collections.abc import Iterator
from datetime import date
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from rich.box import SIMPLE_HEAD
from rich.console import Console
from rich.table import Table

from kiln.commands.synth_report import job_progress
from sim.bench.streaming.power import machine_power
from sim.synth.cnn import MachineCosts, MemoryKind, cnn_jobs, costs_of
from sim.synth.cnn_machines import CnnCosts, costs_file
from sim.synth.cnn_power import MachinePower
from sim.synth.pool import run_jobs
from sim.synth.run import Setting
from sw.dataflow.shipped import MACHINES, SHIPPED, compile_for
from sw.physical.sram import TEMPERATURES, SramTable
from sw.students.cifar import DataError
from sw.students.study import STUDIES

__all__ = ["costs_table", "synth_cnn", "units_table"]


def synth_cnn(
    network: str,
    setting: Setting,
    workers: int,
    out: Path,
    console: Console,
    *,
    command: str,
    power: bool,
) -> bool:
    """Synthesise the machines of a network that ships, measure what they draw, print and write what
    they cost; gives whether all units meet the clock."""
    if network not in SHIPPED:
        raise ValueError(f"no network {network!r}; there are {', '.join(SHIPPED)}")
    shipped = SHIPPED[network]
    pixels = _pixels(shipped.data, setting, console) if power else None
    report = CnnCosts(
        network=network,
        date=date.today().isoformat(),
        command=command,
        interval=shipped.interval,
        machines=[],
    )
    for name, machine in MACHINES.items():
        with console.status(f"compiling {name}"):
            graph = shipped.graph(residual=machine.residual)
            compiled = compile_for(name, graph, interval=report.interval)
            jobs = cnn_jobs(name, compiled.config)
        with job_progress(console, len(jobs)) as advance:
            runs = run_jobs(jobs, setting, workers, advance)
        costs = costs_of(name, runs, SramTable.load())
        console.print(units_table(costs))
        if pixels is not None:
            with console.status(f"power of {name}: its units as gates"):
                costs.power = machine_power(network, compiled, runs, pixels)
        report.machines.append(costs)
    console.print(costs_table(report.machines))
    path = out / costs_file(network)
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(report.model_dump_json(indent=1) + "\n")
    console.print(f"report: {path}", highlight=False)
    return all(machine.passed for machine in report.machines)


def _pixels(study: str, setting: Setting, console: Console) -> NDArray[np.uint8] | None:
    """Images to measure power on; None, and why, where it cannot be measured."""
    if setting.liberty is not None:
        console.print("no power: gates are simulated with the models of Kiln's own cells")
        return None
    try:
        return STUDIES[study].load().test.pixels
    except DataError as error:
        console.print(f"no power: {error}", highlight=False)
        return None


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
    powers = [machine.power for machine in machines if machine.power is not None]
    if len(powers) == len(machines):
        for name, cells in _power_rows(powers):
            table.add_row(name, *cells)
    return table


def _power_rows(powers: list[MachinePower]) -> Iterator[tuple[str, list[str]]]:
    for kelvin in TEMPERATURES:
        yield f"mW at {kelvin} K", [f"{power.total_mw[kelvin]:.1f}" for power in powers]
        yield f"uJ a frame at {kelvin} K", [f"{power.energy_uj[kelvin]:.3f}" for power in powers]
    yield "logits unlike the golden model's", [str(power.mismatches) for power in powers]
