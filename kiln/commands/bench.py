"""``kiln bench``: tables of results; that of the EIE paper is here."""

import shlex
from concurrent.futures import ThreadPoolExecutor
from datetime import date
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.progress import Progress
from rich.table import Table

from hw.eie.config import PRESETS
from kiln.commands.bench_cnn import cnn
from kiln.commands.bench_mittos import mittos
from kiln.commands.bench_student import student
from kiln.commands.bench_tail import tail
from kiln.terminal import fail, share_done
from sim.bench.eie import LIMIT, measure
from sim.bench.layers import LAYERS, BenchLayer, chosen
from sim.bench.markdown import PE_PLOT, QUEUE_PLOT, eie_page
from sim.bench.plots import plot_pe_counts, plot_queue_depths
from sim.bench.results import BARS, EieReport, PresetResult, SweepPoint
from sim.bench.sweeps import QUEUE_DEPTHS, sweep_pes, sweep_queue_depth
from sim.engine import EieEngine

__all__ = ["app"]

app = typer.Typer(name="bench", help="Tables of results.")
app.command("cnn")(cnn)
app.command("mittos")(mittos)
app.command("student")(student)
app.command("tail")(tail)

PE_LAYERS = ("Alex-7", "VGG-8", "NT-We")
"""Layers that run on 1 to 64 PEs: 4096, 1000 and 600 rows."""
PE_COUNTS = (1, 2, 4, 8, 16, 32, 64)
MORE_PE_COUNTS = (128, 256)
SWEPT_INPUTS = 2
AT_ONCE = 2
"""Presets and sweeps that run side by side."""


@app.callback()
def bench() -> None:
    """Tables of results."""


@app.command("eie")
def eie(
    preset: Annotated[
        list[str] | None,
        typer.Option(
            help=f"One of {', '.join(PRESETS)}; can be repeated; sweeps are of the first.  "
            "[default: paper64 and wide64]"
        ),
    ] = None,
    inputs: Annotated[int, typer.Option(min=1, help="Inputs to each layer.")] = 200,
    layers: Annotated[
        list[str] | None,
        typer.Option(
            help=f"One of {', '.join(layer.name for layer in LAYERS)}; can be repeated.  "
            "[default: all]"
        ),
    ] = None,
    sweeps: Annotated[bool, typer.Option(help="Sweep queue depth and number of PEs.")] = True,
    full: Annotated[
        bool, typer.Option("--full", help="Sweep PEs with all layers, and up to 256 PEs.")
    ] = False,
    out: Annotated[Path, typer.Option(help="Where report and plots go.")] = Path("docs/results"),
) -> None:
    """The layers of the EIE paper on the RTL, beside the paper's times and an event count."""
    console = Console()
    presets = preset or ["paper64", "wide64"]
    words = [f"--preset {shlex.quote(name)}" for name in presets]
    words += [f"--inputs {inputs}", *(f"--layers {shlex.quote(name)}" for name in layers or [])]
    words += [] if sweeps else ["--no-sweeps"]
    words += ["--full"] if full else []
    report = EieReport(
        date=date.today().isoformat(), command=" ".join(["kiln bench eie", *words]), presets=[]
    )
    try:
        for name in presets:
            if name not in PRESETS:
                raise ValueError(f"no preset {name!r}; there are {', '.join(PRESETS)}")
        wanted = chosen(layers or [])
        out.mkdir(parents=True, exist_ok=True)
        with share_done(console) as progress, ThreadPoolExecutor(AT_ONCE) as pool:
            # Simulation runs outside of Python's lock. What takes longest comes first.
            longest = sorted(presets, key=lambda name: -PRESETS[name].n_pe * PRESETS[name].lanes)
            measured = {
                name: pool.submit(_preset, name, wanted, inputs, progress) for name in longest
            }
            swept = pool.submit(_sweep, presets[0], wanted, full, progress) if sweeps else None
            for name in presets:
                report.presets.append(measured[name].result())
                progress.console.print(_table(report.presets[-1]))
                _write(report, out)
            if swept is not None:
                report.queue_depths, report.pe_counts = swept.result()
                _write(report, out)
    except (ValueError, OSError, RuntimeError) as error:
        fail("bench", error)
    console.print(f"report: {out / 'eie.md'}, {out / 'eie.json'}", highlight=False)
    points = [*report.queue_depths, *report.pe_counts]
    if any(point.mismatches for point in points) or not all(p.passed for p in report.presets):
        raise typer.Exit(1)


def _preset(name: str, layers: list[BenchLayer], inputs: int, progress: Progress) -> PresetResult:
    """All layers on a preset; the bar moves with the cycles that they should take."""
    config = PRESETS[name]
    task = progress.add_task(name, total=inputs * sum(layer.cost(config.n_pe) for layer in layers))
    results = []
    with EieEngine(config, limit=LIMIT) as engine:
        for layer in layers:
            progress.update(task, description=f"{name}: {layer.name}")
            results.append(
                measure(engine, layer, inputs, lambda cost: progress.advance(task, cost))
            )
    progress.remove_task(task)
    return PresetResult.of(name, config, results, BARS.get(name))


def _sweep(
    preset: str, layers: list[BenchLayer], full: bool, progress: Progress
) -> tuple[list[SweepPoint], list[SweepPoint]]:
    """Queue depths of a preset, and numbers of PEs."""
    config = PRESETS[preset]
    cost = sum(layer.cost(config.n_pe) for layer in layers)
    task = progress.add_task("queue depths", total=len(QUEUE_DEPTHS) * SWEPT_INPUTS * cost)
    depths = sweep_queue_depth(
        config, layers, inputs=SWEPT_INPUTS, progress=lambda cost: progress.advance(task, cost)
    )
    progress.remove_task(task)

    counts = [*PE_COUNTS, *(MORE_PE_COUNTS if full else ())]
    few = layers if full else [layer for layer in layers if layer.name in PE_LAYERS] or layers
    cost = sum(layer.cost(n_pe) for layer in few for n_pe in counts)
    task = progress.add_task("numbers of PEs", total=cost)
    pes = sweep_pes(counts, few, progress=lambda cost: progress.advance(task, cost))
    progress.remove_task(task)
    return depths, pes


def _write(report: EieReport, out: Path) -> None:
    (out / "eie.json").write_text(report.model_dump_json(indent=1) + "\n")
    (out / "eie.md").write_text(eie_page(report))
    if report.queue_depths:
        plot_queue_depths(report.queue_depths, out / QUEUE_PLOT)
    if report.pe_counts:
        plot_pe_counts(report.pe_counts, out / PE_PLOT)


def _table(result: PresetResult) -> Table:
    met = "" if result.mean_within else ", out of range"
    table = Table(
        title=f"layers of the EIE paper on {result.preset}",
        caption=f"geometric mean of ours / paper: {result.ratio:.3f}{met}",
    )
    table.add_column("layer")
    for column in ("us", "paper", "ratio", "cycles", "to events", "balance", "wrong", ""):
        table.add_column(column, justify="right", no_wrap=True)
    for layer in result.layers:
        table.add_row(
            layer.layer,
            f"{layer.us_mean:.2f}",
            f"{layer.actual_us:.1f}",
            f"{layer.ratio:.3f}",
            f"{layer.cycles_mean:,.0f}",
            f"{layer.event_deviation:+.1%}",
            f"{layer.load_balance:.1%}",
            f"{layer.mismatches}/{layer.compared}",
            "pass" if layer.within(result.bars) else "FAIL",
        )
    return table
