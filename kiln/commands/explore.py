"""``kiln explore``: what arrays of other sizes would cost."""

import os
import shlex
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import date
from functools import partial
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn
from rich.table import Table

from hw.eie.config import GROUPS, LANES
from kiln.terminal import fail
from sim.bench.explore import Task, evaluate, jobs_of_shape, logic_of, shapes
from sim.bench.explore_plots import plot_front
from sim.bench.explore_results import (
    Calibration,
    ExploreReport,
    LogicCost,
    Point,
    Shape,
    Skipped,
)
from sim.bench.predictors import PREDICTORS
from sim.bench.synth_report import SynthReport
from sim.spread import spread
from sim.synth.run import Setting, run_job
from sw.physical.placement import read_placement_allowance

__all__ = ["app"]

app = typer.Typer()

_CALIBRATED = {"narrow": "paper64", "wide": "wide32"}
"""Machines whose power calibrates those of one lane, and of more."""


@app.command("explore")
def explore(
    network: Annotated[
        str, typer.Option(help=f"One of {', '.join(each.name for each in PREDICTORS)}.")
    ] = "precise_linear-98",
    pes: Annotated[str, typer.Option(help="Numbers of PEs, powers of two.")] = "4,8,16,32",
    lanes: Annotated[
        str, typer.Option(help=f"Entries a cycle and PE: {', '.join(map(str, LANES))}.")
    ] = "1,2,4,8",
    groups: Annotated[
        str,
        typer.Option(help=f"Columns together, of wide arrays: {', '.join(map(str, GROUPS))}."),
    ] = "8,16",
    depths: Annotated[str, typer.Option(help="Depths of the activation queues.")] = "2,8",
    spare: Annotated[
        str, typer.Option(help="SRAM of matrix and pointers, as multiples of what is needed.")
    ] = "1,4",
    rtl: Annotated[bool, typer.Option("--rtl", help="Latency of the RTL; takes minutes.")] = False,
    jobs: Annotated[
        int | None, typer.Option(min=1, help="Processes here.  [default: one a core]")
    ] = None,
    scheduler: Annotated[
        str | None, typer.Option(help="A Dask scheduler to use instead: tcp://host:8786.")
    ] = None,
    synthesis: Annotated[
        Path, typer.Option(help="Report of kiln synth, for the power of PEs.")
    ] = Path("docs/results/synth.json"),
    out: Annotated[Path, typer.Option(help="Where report and plot go.")] = Path("docs/results"),
) -> None:
    """Latency, area and energy over PEs, lanes, groups, queues and SRAM, and the best of them."""
    console = Console()
    words = [f"--network {shlex.quote(network)}", f"--pes {pes}", f"--lanes {lanes}"]
    words += [f"--groups {groups}", f"--depths {depths}", f"--spare {spare}"]
    words += ["--rtl"] if rtl else []
    try:
        if all(network != each.name for each in PREDICTORS):
            known = ", ".join(each.name for each in PREDICTORS)
            raise ValueError(f"no network {network!r}; there are {known}")
        found = shapes(*map(_numbers, (pes, lanes, groups, depths, spare)))
        run = partial(spread, workers=jobs or os.cpu_count() or 1, scheduler=scheduler)
        logic = _logic(network, found, run, console)
        calibrations = _calibrations(synthesis)
        allowance = read_placement_allowance()
        tasks = [
            Task(network, shape, cost, _of_kind(calibrations, shape), allowance, rtl)
            for shape, cost in zip(found, logic, strict=True)
        ]
        with _progress(console, "points", len(tasks)) as advance:
            results = run(evaluate, tasks, progress=advance)
        report = ExploreReport(
            date=date.today().isoformat(),
            command=" ".join(["kiln explore", *words]),
            network=network,
            latency="RTL" if rtl else "events",
            allowance=allowance,
            calibrations=calibrations,
            points=[each for each in results if isinstance(each, Point)],
            skipped=[each for each in results if isinstance(each, Skipped)],
        )
        if not report.points:
            raise ValueError(f"{network} runs on none of these: {report.skipped[0].why}")
        out.mkdir(parents=True, exist_ok=True)
        (out / "explore.json").write_text(report.model_dump_json(indent=1) + "\n")
        plot_front(report, out / "explore.png")
    except (ValueError, OSError, RuntimeError) as error:
        fail("explore", error)
    console.print(_table(report))
    console.print(f"report: {out / 'explore.json'}, {out / 'explore.png'}", highlight=False)


def _numbers(text: str) -> list[int]:
    try:
        return [int(word) for word in text.split(",")]
    except ValueError:
        raise ValueError(f"{text!r} is not a list of numbers, such as 2,8") from None


def _logic(
    network: str, found: list[Shape], run: Callable[..., list], console: Console
) -> list[LogicCost]:
    """Cells of each shape: all units that any of them needs, each synthesised once."""
    needed = [jobs_of_shape(network, shape) for shape in found]
    wanted = list(dict.fromkeys(job for jobs in needed for job in jobs))
    setting = Setting.now()
    with _progress(console, "units", len(wanted)) as advance:
        runs = run(partial(run_job, setting=setting), wanted, progress=advance)
    by_job = dict(zip(wanted, runs, strict=True))
    return [logic_of(jobs, by_job) for jobs in needed]


def _calibrations(path: Path) -> dict[str, Calibration]:
    """From a report of synthesis, where there is one with power in it."""
    if not path.is_file():
        return {}
    report = SynthReport.model_validate_json(path.read_text())
    found = {kind: Calibration.of(report, machine) for kind, machine in _CALIBRATED.items()}
    return {kind: each for kind, each in found.items() if each is not None}


def _of_kind(calibrations: dict[str, Calibration], shape: Shape) -> Calibration | None:
    return calibrations.get("narrow" if shape.lanes == 1 else "wide")


@contextmanager
def _progress(console: Console, what: str, total: int) -> Iterator[Callable[[], object]]:
    """A bar over so many things."""
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn())
    with Progress(*columns, TimeElapsedColumn(), console=console, transient=True) as bar:
        task = bar.add_task(what, total=total)
        yield lambda: bar.advance(task)


def _table(report: ExploreReport) -> Table:
    what = "" if report.calibrations else "; energy of SRAMs and leakage only"
    table = Table(
        title=f"{report.network}: {len(report.pareto)} of {len(report.points)} sizes that no other "
        f"beats{what}"
    )
    table.add_column("PEs x lanes x columns")
    for column in ("queue", "SRAM", "us", "mm2", "uJ"):
        table.add_column(column, justify="right")
    for point in report.pareto:
        shape = point.shape
        row = (shape.name, str(shape.queue_depth), f"{shape.spare}x", f"{point.latency_us:.3f}")
        table.add_row(*row, f"{point.area_mm2:.3f}", f"{point.energy_uj:.4f}")
    return table
