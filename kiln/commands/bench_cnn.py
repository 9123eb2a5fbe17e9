"""``kiln bench cnn``: streaming networks of images, with skips and without, on the RTL."""

import os
from datetime import date
from pathlib import Path
from typing import Annotated

import numpy as np
import typer
from rich.console import Console

from kiln.terminal import counted, fail, verdict_table
from sim.bench.streaming.bars import verdicts
from sim.bench.streaming.costs import read_costs
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
from sim.bench.streaming.run import Effort, Subject, measure
from sim.verification import CLOCK_MHZ
from sw.dataflow.shipped import SHIPPED
from sw.students.cifar import ROOT_VARIABLE
from sw.students.study import STUDIES

__all__ = ["cnn"]

NETWORKS = {each.data: each for each in SHIPPED.values()}
EFFORTS = {"digits": Effort(1797, 300), "cifar10": Effort(64, 8)}
QUICK = Effort(12, 4, (0.5, 1.0), (24, 82), 1)


def cnn(
    data: Annotated[
        list[str] | None,
        typer.Option(
            help=f"{' or '.join(NETWORKS)}; can be repeated.  [default: digits, and cifar10 where "
            f"{ROOT_VARIABLE} is set]"
        ),
    ] = None,
    quick: Annotated[bool, typer.Option("--quick", help="A try: little of everything.")] = False,
    synthesis: Annotated[
        Path, typer.Option(help="Folder of the reports of kiln synth cnn.")
    ] = Path("docs/results"),
    out: Annotated[Path, typer.Option(help="Where report and plots go.")] = Path("docs/results"),
) -> None:
    """Three machines for a network with skips and one without: cycles, memory, utilisation; and
    what kiln synth cnn has said of their area, clock and energy."""
    console = Console()
    try:
        chosen = data or ["digits", *(["cifar10"] if os.environ.get(ROOT_VARIABLE) else [])]
        subjects = [(_subject(each), QUICK if quick else EFFORTS[each]) for each in chosen]
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
        report.verdicts = verdicts(report)
        _write(report, out)
    except (ValueError, OSError, RuntimeError) as error:
        fail("bench", error)
    console.print(verdict_table("streaming networks", report.verdicts))
    console.print(f"report: {out / 'cnn.md'}, {out / 'cnn.json'}", highlight=False)
    if not quick and any(verdict.passed is False for verdict in report.verdicts):
        raise typer.Exit(1)


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
        network.interval,
    )


def _write(report: CnnReport, out: Path) -> None:
    out.mkdir(parents=True, exist_ok=True)
    (out / "cnn.json").write_text(report.model_dump_json(indent=1) + "\n")
    (out / "cnn.md").write_text(cnn_page(report))
    plot_memory(report.machines, out / MEMORY_PLOT)
    plot_depths(report.depths, report.machines[0].run.bound, out / DEPTH_PLOT)
    plot_foldings(report.foldings, CLOCK_MHZ, out / FOLDING_PLOT)
