"""The report of ``kiln synth``: all units that it needs, put together, written down."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn
from rich.table import Table

from sim.bench.right_sized import LATENCY_US, NETWORK, tried_sizes
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
from sim.bench.synth_power import ElementPower, element_powers
from sim.bench.synth_report import SynthReport
from sim.bench.synth_results import UnitLine
from sim.synth.jobs import Job
from sim.synth.pool import Progress as JobProgress
from sim.synth.pool import run_jobs
from sim.synth.run import Run, Setting, SynthRun
from sw.physical.sram import SramTable

__all__ = ["Made", "bars_table", "job_progress", "make_report", "write_report"]


@dataclass(frozen=True)
class Made:
    """The report, and the units that it is made of."""

    report: SynthReport
    runs: list[SynthRun]


def make_report(command: str, setting: Setting, workers: int, console: Console) -> Made:
    """Synthesises what the report needs, and searches for the array cut to a predictor."""
    with console.status(f"cutting an array to {NETWORK}") as status:
        candidates = tried_sizes(status.update)
    fitting = [each for each in candidates if each.fits]
    if not fitting:
        raise RuntimeError(f"no size runs {NETWORK} in {LATENCY_US} us")
    jobs = report_jobs()
    jobs += [job for each in fitting for job in each.jobs(list(composition(each.parameters)))]
    with job_progress(console, len(jobs)) as advance:
        runs = run_jobs(jobs, setting, workers, advance)
    srams, own = SramTable.load(), setting.liberty is None
    powers: list[ElementPower] = []
    if own:  # the models of cells that gates are simulated with are those of Kiln's own
        with console.status("power") as status:
            for run, workload in power_runs(runs, candidates, srams):
                powers += element_powers(run, workload, status.update)
    report = SynthReport(
        date=date.today().isoformat(),
        command=command,
        method=method_of(setting, runs),
        srams=prices_of(runs, srams),
        units=[UnitLine(machine=run.job.machine, report=run.report) for run in runs],
        machines=[
            machine_of(name, runs, srams, own_cells=own, power=power_of(name, powers))
            for name in MACHINES
        ],
        powers=powers,
        right_sized=right_sized_of(candidates, runs, srams, own_cells=own, power=powers),
    )
    return Made(report, runs)


def write_report(report: SynthReport, out: Path) -> None:
    """JSON, and the page that quotes it."""
    out.mkdir(parents=True, exist_ok=True)
    (out / "synth.json").write_text(report.model_dump_json(indent=1) + "\n")
    (out / "synth.md").write_text(synth_page(report))


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

        def advance(done: Run[Any] | None, under_way: Sequence[Job]) -> None:
            names = ", ".join(job.label for job in under_way)
            bar.update(task, description=names, advance=0 if done is None else 1)

        yield advance


def bars_table(report: SynthReport) -> Table:
    """What must be met, and whether it is."""
    table = Table(title="bars")
    table.add_column("what")
    for column in ("measured", "bar", ""):
        table.add_column(column, justify="right", no_wrap=True)
    for verdict in report.verdicts:
        word = "pass" if verdict.passed else "FAIL"
        table.add_row(verdict.what, f"{verdict.measured:,.4g}", f"<= {verdict.bar:,g}", word)
    return table
