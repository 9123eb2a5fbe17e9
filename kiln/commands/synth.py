"""``kiln synth``: units through physical synthesis."""

import os
import shlex
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Annotated

import typer
from rich.box import SIMPLE_HEAD
from rich.console import Console
from rich.table import Table

from hw.eie.config import PRESETS
from kiln.commands.synth_cnn import synth_cnn
from kiln.commands.synth_report import bars_table, job_progress, make_report, write_report
from kiln.terminal import fail
from sim.synth.jobs import SynthJob, jobs_of
from sim.synth.pool import run_jobs
from sim.synth.run import Setting, SynthRun
from sw.dataflow.shipped import SHIPPED

__all__ = ["app"]

app = typer.Typer()


@app.command("synth")
def synth(
    unit: Annotated[
        str | None,
        typer.Argument(
            help="A unit, as eie.pe or eie.queue; or cnn, the machines of a streaming network.  "
            "[default: all of a preset; without that, the report]"
        ),
    ] = None,
    preset: Annotated[
        str | None,
        typer.Option(
            help=f"Whose units: one of {', '.join(PRESETS)}.  [default: paper64 for a UNIT]"
        ),
    ] = None,
    network: Annotated[
        str | None, typer.Option(help=f"Of cnn: one of {', '.join(SHIPPED)}.  [default: digits]")
    ] = None,
    power: Annotated[bool, typer.Option(help="Of cnn: whether power is measured.")] = True,
    liberty: Annotated[
        Path | None,
        typer.Option(exists=True, dir_okay=False, help="Cells to take instead of Kiln's own."),
    ] = None,
    jobs: Annotated[
        int | None, typer.Option(min=1, help="Units at once.  [default: one a core]")
    ] = None,
    force: Annotated[bool, typer.Option("--force", help="Do again what is there.")] = False,
    out: Annotated[Path, typer.Option(help="Where the report goes.")] = Path("docs/results"),
) -> None:
    """Map, repair and time units at 800 MHz; netlists stay in build/synth. Without UNIT and preset,
    the report of area, timing and power; of cnn, what the machines of a network cost and draw."""
    console = Console()
    workers = jobs or os.cpu_count() or 1
    words = [f"--liberty {shlex.quote(liberty.name)}"] if liberty else []
    try:
        setting = Setting.now(liberty, force=force)
        _check(unit, preset, network, power)
        if unit == "cnn":
            network = network or "digits"
            words = ["cnn", f"--network {network}", *([] if power else ["--no-power"]), *words]
            command = " ".join(["kiln synth", *words])
            passed = synth_cnn(
                network, setting, workers, out, console, command=command, power=power
            )
        elif unit is None and preset is None:
            passed = _report(" ".join(["kiln synth", *words]), setting, workers, out, console)
        else:
            wanted = jobs_of(preset or "paper64", [unit] if unit else [])
            passed = _units(wanted, setting, workers, console)
    except (ValueError, OSError, RuntimeError) as error:
        fail("synth", error)
    if not passed:
        raise typer.Exit(1)


def _check(unit: str | None, preset: str | None, network: str | None, power: bool) -> None:
    """Refuse what would have no effect."""
    if unit == "cnn":
        if preset is not None:
            raise ValueError("--preset is for units of the array, not for cnn")
    elif network is not None:
        raise ValueError("--network is for cnn alone: kiln synth cnn --network NETWORK")
    elif not power:
        raise ValueError("--no-power is for cnn alone: kiln synth cnn --no-power")


def _report(command: str, setting: Setting, workers: int, out: Path, console: Console) -> bool:
    """The report of the presets; whether all its bars are met."""
    made = make_report(command, setting, workers, console)
    write_report(made.report, out)
    console.print(runs_table(made.runs))
    console.print(bars_table(made.report))
    console.print(f"report: {out / 'synth.md'}, {out / 'synth.json'}", highlight=False)
    return made.report.passed


def _units(wanted: list[SynthJob], setting: Setting, workers: int, console: Console) -> bool:
    """Units by themselves; whether all of them meet the clock."""
    with job_progress(console, len(wanted)) as advance:
        runs = run_jobs(wanted, setting, workers, advance)
    console.print(runs_table(runs))
    for run in runs:
        console.print(f"{run.job.label}: {run.folder}", highlight=False, soft_wrap=True)
    return all(meets(run) for run in runs)


def meets(run: SynthRun) -> bool:
    """Whether a unit has no late path and no combinational loop."""
    return not run.report.loops and (run.report.slack_ns is None or run.report.slack_ns >= 0)


def runs_table(runs: Sequence[SynthRun]) -> Table:
    """Units with what they cost, and their worst path."""
    mhz = 1000 / runs[0].report.period_ns
    table = Table(title=f"units at {mhz:.0f} MHz; areas in um2, slack in ns", box=SIMPLE_HEAD)
    table.add_column("unit", no_wrap=True)
    columns: dict[str, Callable[[SynthRun], str]] = {
        "cells": lambda run: f"{sum(cell.count for cell in run.report.cells.values()):,}",
        "FFs": lambda run: f"{run.report.flip_flops:,}",
        "gates": lambda run: f"{run.report.clock_gates:,}",
        "area": lambda run: f"{run.report.area_um2:,.0f}",
        "SRAM": lambda run: f"{run.report.macro_area_um2:,.0f}",
        "slack": _slack,
        "loops": lambda run: str(run.report.loops),
    }
    for name in columns:
        table.add_column(name, justify="right", no_wrap=True)
    table.add_column("worst path", overflow="fold")
    machine = ""
    for run in runs:
        if run.job.machine != machine:
            machine = run.job.machine
            table.add_section()
            table.add_row(machine, style="bold")
        cells = [form(run) for form in columns.values()]
        path = f"{run.report.start} -> {run.report.end}" if run.report.start else ""
        table.add_row(run.job.name, *cells, path, style=None if meets(run) else "red")
    return table


def _slack(run: SynthRun) -> str:
    return "" if run.report.slack_ns is None else f"{run.report.slack_ns:+.3f}"
