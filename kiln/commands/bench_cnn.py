"""``kiln bench cnn``: streaming networks of images, with skips and without, on the RTL."""

import json
import os
from collections.abc import Collection
from datetime import date
from pathlib import Path
from typing import Annotated

import numpy as np
import typer
from rich.console import Console

from kiln.terminal import counted, fail, verdict_table
from sim.bench.streaming.bars import verdicts
from sim.bench.streaming.costs import read_costs
from sim.bench.streaming.ours import our_rows, our_savings, read_fpga
from sim.bench.streaming.page import cnn_page
from sim.bench.streaming.plots import (
    DEPTH_PLOT,
    FOLDING_PLOT,
    MEMORY_PLOT,
    plot_depths,
    plot_foldings,
    plot_memory,
)
from sim.bench.streaming.results import CnnReport
from sim.bench.streaming.run import measure
from sim.bench.streaming.subject import Effort, Subject
from sim.verification import CLOCK_MHZ
from sw.dataflow.shipped import SHIPPED
from sw.students.cifar import ROOT_VARIABLE
from sw.students.study import STUDIES

__all__ = ["cnn"]

NETWORKS = {each.data: each for each in SHIPPED.values()}
EFFORTS = {
    "digits": Effort(
        1797,
        300,
        shares=(0.5, 0.9, 0.95, 0.98, 0.99, 1.0, 1.5),
        balanced=4608,
        budgets=(12, 24, 45, 82, 120, 160, 240, 330, 460, 649),
        measured=3,
    ),
    "cifar10": Effort(64, 8, fresh=True),
}
QUICK = {
    "digits": Effort(12, 4, shares=(0.5, 1.0), budgets=(24, 82), measured=1),
    "cifar10": Effort(12, 4),
}
RESULTS, TRIES = Path("docs/results"), Path("build/bench")


def cnn(
    data: Annotated[
        list[str] | None,
        typer.Option(
            help=f"{' or '.join(NETWORKS)}; can be repeated.  [default: digits, and cifar10 where "
            f"{ROOT_VARIABLE} is set]"
        ),
    ] = None,
    quick: Annotated[
        bool, typer.Option("--quick", help=f"A try: little of everything, to {TRIES}.")
    ] = False,
    synthesis: Annotated[
        Path, typer.Option(help="Folder of the reports of kiln synth cnn and kiln fpga.")
    ] = RESULTS,
    out: Annotated[
        Path | None,
        typer.Option(
            help="Where report and plots go; a report of more images there is left alone.  "
            f"[default: {RESULTS}; with --quick {TRIES}]"
        ),
    ] = None,
) -> None:
    """Three machines for a network with skips and one without: cycles, memory, utilisation; and
    what kiln synth cnn has said of their area, clock and energy."""
    console = Console()
    folder = out or (TRIES if quick else RESULTS)
    try:
        chosen = data or ["digits", *(["cifar10"] if os.environ.get(ROOT_VARIABLE) else [])]
        _keeps_rows(folder / "cnn.json", chosen)
        subjects = [(_subject(each), (QUICK if quick else EFFORTS)[each]) for each in chosen]
        words = [f"--data {each}" for each in data or []] + (["--quick"] if quick else [])
        report = CnnReport(
            date=date.today().isoformat(), command=" ".join(["kiln bench cnn", *words])
        )
        with counted(console) as bar:
            task = bar.add_task("", total=None)

            def say(what: str) -> None:
                if not console.is_terminal:
                    bar.console.print(what, highlight=False)
                bar.update(task, description=what, completed=0)

            measure(report, subjects, say, lambda done: bar.update(task, completed=done))
        report.costs = [
            read_costs(synthesis, subject.name, subject.data) for subject, _ in subjects
        ]
        fpga = read_fpga(synthesis)
        report.ours = our_rows(fpga, [row.run for row in report.machines], report.costs)
        report.savings = our_savings(fpga)
        report.verdicts = verdicts(report)
        _write(report, folder)
    except (ValueError, OSError, RuntimeError) as error:
        fail("bench", error)
    console.print(verdict_table("streaming networks", report.verdicts))
    console.print(f"report: {folder / 'cnn.md'}, {folder / 'cnn.json'}", highlight=False)
    if not quick and any(verdict.passed is False for verdict in report.verdicts):
        raise typer.Exit(1)


def _keeps_rows(path: Path, chosen: Collection[str]) -> None:
    """Refuse to write over a report that has what this run will not measure."""
    if not path.is_file():
        return
    lost = {row["data"] for row in json.loads(path.read_text())["machines"]} - set(chosen)
    if lost:
        raise ValueError(
            f"{path} has rows of {', '.join(sorted(lost))}, which this run would drop: measure "
            f"them too (cifar10 needs {ROOT_VARIABLE}), or choose another folder with --out"
        )


def _subject(data: str) -> Subject:
    if data not in NETWORKS:
        raise ValueError(f"no images {data!r}; there are {', '.join(NETWORKS)}")
    split = STUDIES[data].load()
    parts = (split.test, split.validation, split.train)
    network = NETWORKS[data]
    return Subject(
        network.name,
        data,
        network.graph(residual=False),
        network.graph(residual=True),
        np.concatenate([part.pixels for part in parts]),
        np.concatenate([part.labels for part in parts]),
        len(split.test.labels),
        network.interval,
        {residual: network.accuracy(residual=residual) for residual in (False, True)},
    )


def _write(report: CnnReport, out: Path) -> None:
    out.mkdir(parents=True, exist_ok=True)
    (out / "cnn.json").write_text(report.model_dump_json(indent=1) + "\n")
    (out / "cnn.md").write_text(cnn_page(report))
    plot_memory(report.machines, out / MEMORY_PLOT)
    if report.depths:
        plot_depths(report.depths, report.machines[0].run.bound, out / DEPTH_PLOT)
    if report.foldings:
        plot_foldings(report.foldings, CLOCK_MHZ, out / FOLDING_PLOT)
