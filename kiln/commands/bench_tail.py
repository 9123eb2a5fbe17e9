"""``kiln bench tail``: from an I/O trace to a rejected request to a shorter tail."""

import shlex
from datetime import date
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console

from kiln.terminal import counted, fail, verdict_table
from sim.bench.tail.page import tail_page
from sim.bench.tail.plots import SWEEP_PLOT, cdf_plot, plot_cdf, plot_sweep
from sim.bench.tail.replays import LINK_US, REDIRECT_US, REPLICAS
from sim.bench.tail.results import TailReport
from sim.bench.tail.run import MACHINE, Effort, Measured, measure_tail, steps

__all__ = ["tail"]

_SUFFIXES = ("trace.gz", "trace", "csv.gz", "csv")


def tail(
    traces: Annotated[
        list[Path] | None,
        typer.Option(
            "--trace",
            help="File of a trace, or a folder of them; can be repeated. Bars are of the first.",
        ),
    ] = None,
    pretrained: Annotated[
        Path | None,
        typer.Option(help="Network of LinnOS's kind that others trained, with rows to run."),
    ] = None,
    replicas: Annotated[int, typer.Option(min=2, help="Of each trace.")] = REPLICAS,
    link: Annotated[
        float, typer.Option(min=0, help="Microseconds to the accelerator and back.")
    ] = LINK_US,
    redirect: Annotated[
        float, typer.Option(min=0, help="Microseconds from one replica to another.")
    ] = REDIRECT_US,
    quick: Annotated[bool, typer.Option("--quick", help="A try: little of everything.")] = False,
    out: Annotated[Path, typer.Option(help="Where report and plots go.")] = Path("docs/results"),
) -> None:
    """Predictors, processors and tail latencies on Kiln's own trace and on others."""
    console = Console()
    try:
        files = [file for place in traces or [] for file in _files(place)]
        effort = Effort.quick() if quick else Effort()
        report = TailReport(
            date=date.today().isoformat(),
            command=_command(files, pretrained, replicas, link, redirect, quick),
            replicas=replicas,
            link_us=link,
            redirect_us=redirect,
            machine=MACHINE,
        )
        with counted(console) as progress:
            task = progress.add_task("", total=steps(len(files), pretrained is not None, effort))

            def say(what: str) -> None:
                if not console.is_terminal:
                    progress.console.print(what, highlight=False)
                progress.advance(task, 1 if progress.tasks[task].description else 0)
                progress.update(task, description=what)

            found = measure_tail(report, files, pretrained, Path("build/tail"), effort, say)
        _write(found, out)
    except (ValueError, OSError, RuntimeError) as error:
        fail("bench", error)
    console.print(verdict_table("fast reject", report.verdicts))
    console.print(f"report: {out / 'tail.md'}, {out / 'tail.json'}", highlight=False)
    if not quick and not all(verdict.passed for verdict in report.verdicts):
        raise typer.Exit(1)


def _files(place: Path) -> list[Path]:
    """The traces of a folder, in the order of their names; a file is itself."""
    if not place.is_dir():
        return [place]
    found = sorted(file for file in place.iterdir() if file.name.endswith(_SUFFIXES))
    if not found:
        raise ValueError(f"{place} holds no file that ends in {', '.join(_SUFFIXES)}")
    return found


def _command(
    files: list[Path],
    pretrained: Path | None,
    replicas: int,
    link: float,
    redirect: float,
    quick: bool,
) -> str:
    """The command, with files by their names alone: where they lay says nothing to others."""
    words = [f"--trace {shlex.quote(file.name)}" for file in files]
    words += [] if pretrained is None else [f"--pretrained {shlex.quote(pretrained.name)}"]
    words += [] if replicas == REPLICAS else [f"--replicas {replicas}"]
    words += [] if link == LINK_US else [f"--link {link:g}"]
    words += [] if redirect == REDIRECT_US else [f"--redirect {redirect:g}"]
    words += ["--quick"] if quick else []
    return " ".join(["kiln bench tail", *words])


def _write(found: Measured, out: Path) -> None:
    out.mkdir(parents=True, exist_ok=True)
    report = found.report
    (out / "tail.json").write_text(report.model_dump_json(indent=1) + "\n")
    (out / "tail.md").write_text(tail_page(report))
    for source, latencies in found.latencies.items():
        plot_cdf(source, latencies, out / cdf_plot(source))
    plot_sweep(report.sweep, out / SWEEP_PLOT)
