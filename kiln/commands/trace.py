"""``kiln trace``: traces of I/Os, looked at and made."""

from pathlib import Path
from typing import Annotated

import numpy as np
import typer
from rich.console import Console
from rich.table import Table

from kiln.terminal import fail, share_done
from sw.traces.formats import FORMATS
from sw.traces.read import WINDOW_MS, read_trace
from sw.traces.trace import Trace
from sw.traces.workload import Workload, generate
from sw.traces.write import write_trace

__all__ = ["app"]

app = typer.Typer(name="trace", help="Look at a trace of I/Os, or make one.", no_args_is_help=True)

_SHARES = (0.5, 0.85, 0.95, 0.99, 0.999)


@app.callback()
def group() -> None:
    """Look at a trace of I/Os, or make one."""


@app.command()
def show(
    path: Annotated[Path, typer.Argument(help="Text, or gzip if it ends in .gz.")],
    kind: Annotated[
        str | None,
        typer.Option(help=f"One of {', '.join(FORMATS)}.  [default: as the first line says]"),
    ] = None,
    skip: Annotated[
        bool, typer.Option("--skip", help="Leave bad rows out and count them.")
    ] = False,
    window: Annotated[
        float, typer.Option(min=0, help="Milliseconds that a row may be behind one above it.")
    ] = WINDOW_MS,
) -> None:
    """Read a trace to its end, and say what is in it and what is wrong with it."""
    console = Console()
    try:
        with share_done(console) as progress:
            task = progress.add_task(path.name, total=1.0)
            trace, report = read_trace(
                path,
                kind=kind,
                skip=skip,
                window_ms=window,
                progress=lambda share: progress.update(task, completed=share),
            )
    except (ValueError, OSError) as error:
        fail("trace", error)
    console.print(f"{path}: {report}", markup=False, highlight=False, soft_wrap=True)
    console.print(_table(path, trace))
    for example in report.examples:
        console.print(f"skipped {example}", markup=False, highlight=False, soft_wrap=True)


@app.command("generate")
def generate_trace(
    out: Annotated[Path, typer.Argument(help="File to write, gzipped if it ends in .gz.")],
    ios: Annotated[int, typer.Option(min=1, help="I/Os.")] = 100_000,
    seed: Annotated[int, typer.Option(min=0)] = 1,
    iops: Annotated[float, typer.Option(help="I/Os a second.")] = Workload.iops,
    reads: Annotated[float, typer.Option(help="Share of reads.")] = Workload.reads,
) -> None:
    """Draw requests, answer them with the model of an SSD, and write them down."""
    console = Console()
    try:
        with console.status(f"{ios:,} I/Os"):
            trace = generate(ios, seed, Workload(iops=iops, reads=reads))
            out.parent.mkdir(parents=True, exist_ok=True)
            write_trace(trace, out)
    except (ValueError, OSError) as error:
        fail("trace", error)
    console.print(_table(out, trace))


def _table(path: Path, trace: Trace) -> Table:
    table = Table(title=path.name, show_header=False)
    table.add_column()
    table.add_column(justify="right")
    table.add_row("I/Os", f"{len(trace):,}")
    seconds = trace.duration_us / 1e6
    table.add_row("duration", f"{seconds:,.3f} s")
    if seconds > 0:
        table.add_row("I/Os a second", f"{(len(trace) - 1) / seconds:,.0f}")
    table.add_row("reads", f"{trace.is_read.mean():.1%}")
    table.add_row("mean size", f"{trace.size.mean() / 1024:,.1f} KB")
    for name, rows in (("read", trace.is_read), ("write", ~trace.is_read)):
        if rows.any():
            values = np.quantile(trace.latency_us[rows], _SHARES)
            for share, value in zip(_SHARES, values, strict=True):
                table.add_row(f"{name} latency, p{100 * share:g}", f"{value:,.0f} us")
    return table
