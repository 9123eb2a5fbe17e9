"""``kiln bench student``: networks of images without skips, beside others."""

import os
from datetime import date
from pathlib import Path
from typing import Annotated

import torch
import typer
from rich.console import Console

from kiln.commands.students.options import FOLDER, Compile, Device, Folder
from kiln.commands.students.running import place_of, run, working
from kiln.terminal import verdict_table
from sim.bench.students.bars import verdicts
from sim.bench.students.collect import compare, shipped, time_golden
from sim.bench.students.page import student_page
from sim.bench.students.plan import Plan
from sim.bench.students.plots import EPOCHS_PLOT, SKIPS_PLOT, plot_epochs, plot_skips
from sim.bench.students.results import StudentReport
from sw.students.cifar import ROOT_VARIABLE
from sw.students.images import Split
from sw.students.provenance import stage_of
from sw.weights import FOLDER as WEIGHTS

__all__ = ["student"]

WIDTHS = {"cifar10": 8, "digits": 16}
"""Images that methods are compared on, and channels of the first stage."""
EPOCHS = {"cifar10": 12, "digits": 20}
THREADS = 2


def student(
    train: Annotated[
        list[str] | None,
        typer.Option(
            help=f"Do what is missing of the comparison on {' or '.join(WIDTHS)} first, on one "
            "thread, from where it was left; can be repeated."
        ),
    ] = None,
    compiled: Compile = False,
    device: Device = "cpu",
    threads: Annotated[
        int, typer.Option(min=1, help="Of PyTorch, for the golden model's time.")
    ] = THREADS,
    folder: Folder = FOLDER,
    out: Annotated[Path, typer.Option(help="Where report and plots go.")] = Path("docs/results"),
) -> None:
    """Methods compared from one teacher, and the networks that ship, out of what is trained."""
    with working("bench", 1) as console:
        for data in train or []:
            if data not in WIDTHS:
                raise ValueError(f"no comparison on {data!r}; there are {', '.join(WIDTHS)}")
        plans = {
            data: Plan(place_of(folder, data, None, width), EPOCHS[data])
            for data, width in WIDTHS.items()
        }
        splits = {data: _images(plan, data in (train or [])) for data, plan in plans.items()}
        for data in train or []:
            _train(console, plans[data], splits[data], compiled, device)
        report = StudentReport(
            date=date.today().isoformat(),
            command=_command(train or [], compiled, device, threads),
            shipped=shipped(WEIGHTS),
        )
        with console.status("judging"):
            report.comparisons = [compare(plans[data], splits[data]) for data in plans]
            _time_golden(report, splits["cifar10"], threads)
        report.verdicts = verdicts(report)
        _write(report, out)
    console.print(verdict_table("networks of images without skips", report.verdicts))
    console.print(f"report: {out / 'student.md'}, {out / 'student.json'}", highlight=False)
    if any(verdict.passed is False for verdict in report.verdicts):
        raise typer.Exit(1)


def _images(plan: Plan, needed: bool) -> Split | None:
    """The images, but for CIFAR-10 where nothing says where it is and it is not needed."""
    if plan.place.study.name == "cifar10" and not needed and not os.environ.get(ROOT_VARIABLE):
        return None
    return plan.place.study.load()


def _train(console: Console, plan: Plan, split: Split | None, compiled: bool, device: str) -> None:
    assert split is not None
    for training in plan.all_missing():
        run(console, stage_of(plan.place, training, compiled), split, True, device)


def _time_golden(report: StudentReport, split: Split | None, threads: int) -> None:
    if split is None:
        return
    torch.set_num_threads(threads)
    for each in report.shipped:
        if each.data == split.name:
            report.golden.append(time_golden(WEIGHTS / f"{each.name}.safetensors", split))


def _command(train: list[str], compiled: bool, device: str, threads: int) -> str:
    words = [f"--train {data}" for data in train]
    words += ["--compile"] if compiled else []
    words += [] if device == "cpu" else [f"--device {device}"]
    words += [] if threads == THREADS else [f"--threads {threads}"]
    return " ".join(["kiln bench student", *words])


def _write(report: StudentReport, out: Path) -> None:
    out.mkdir(parents=True, exist_ok=True)
    (out / "student.json").write_text(report.model_dump_json(indent=1) + "\n")
    (out / "student.md").write_text(student_page(report))
    drawn = [each for each in report.comparisons if each.curves]
    if drawn:
        plot_epochs(drawn, out / EPOCHS_PLOT)
        plot_skips(drawn, out / SKIPS_PLOT)
