"""``kiln synth``: units through physical synthesis."""

import os
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated

import typer
from rich.box import SIMPLE_HEAD
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn
from rich.table import Table

from hw.eie.config import PRESETS
from sim.synth.jobs import SynthJob, jobs_of
from sim.synth.pool import Progress as JobProgress
from sim.synth.pool import run_jobs
from sim.synth.run import Setting, SynthRun

__all__ = ["app"]

app = typer.Typer()


@app.command("synth")
def synth(
    unit: Annotated[
        str | None, typer.Argument(help="A unit, as eie.pe or eie.queue.  [default: all]")
    ] = None,
    preset: Annotated[
        str, typer.Option(help=f"Whose units: one of {', '.join(PRESETS)}.")
    ] = "paper64",
    liberty: Annotated[
        Path | None,
        typer.Option(exists=True, dir_okay=False, help="Cells to take instead of Kiln's own."),
    ] = None,
    jobs: Annotated[
        int | None, typer.Option(min=1, help="Units at once.  [default: one a core]")
    ] = None,
    force: Annotated[bool, typer.Option("--force", help="Do again what is there.")] = False,
) -> None:
    """Map, repair and time units at 800 MHz; netlists stay in build/synth."""
    console = Console()
    try:
        wanted = jobs_of(preset, [unit] if unit else [])
        setting = Setting.now(liberty, force=force)
        with job_progress(console, len(wanted)) as advance:
            runs = run_jobs(wanted, setting, jobs or os.cpu_count() or 1, advance)
    except (ValueError, OSError, RuntimeError) as error:
        Console(stderr=True).print(
            f"kiln synth: {error}", style="red", markup=False, soft_wrap=True
        )
        raise typer.Exit(1) from None
    console.print(runs_table(runs))
    for run in runs:
        console.print(f"{run.job.label}: {run.folder}", highlight=False, soft_wrap=True)
    if not all(meets(run) for run in runs):
        raise typer.Exit(1)


@contextmanager
def job_progress(console: Console, total: int) -> Iterator[JobProgress]:
    """A bar over units that also says which are under way."""
    with Progress(
        TextColumn("{task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        TimeElapsedColumn(),
        console=console,
        transient=True,
    ) as bar:
        task = bar.add_task("synthesis", total=total)

        def advance(done: SynthRun | None, under_way: Sequence[SynthJob]) -> None:
            names = ", ".join(job.label for job in under_way)
            bar.update(task, description=names, advance=0 if done is None else 1)

        yield advance


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
