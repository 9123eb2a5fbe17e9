"""``kiln sim``: the main job, a predictor on the RTL against its golden model."""

from pathlib import Path
from typing import Annotated

import numpy as np
import typer
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn
from rich.table import Table

from hw.eie.config import PRESETS
from sim.engine import EieEngine
from sim.verification import SimReport, Workload, verify
from sw.compress.compile import compile_network
from sw.compress.frame import program_frame
from sw.compress.image import read_image, write_image
from sw.compress.program import Program
from sw.compress.unprogram import quantised_from_program
from sw.network import Network
from sw.predictors.mittos import generate

__all__ = ["app"]

app = typer.Typer()

WEIGHTS = Path(__file__).parents[2] / "sw" / "weights"
PAPER_US = 2.01
"""Weng and Chien (AccML 2020), Table 5: their estimate for 32 PEs at 98 % sparsity."""
CALIBRATION_REQUESTS = 2000
WAVE_REQUESTS = 10


@app.command("sim")
def sim(
    preset: Annotated[str, typer.Option(help=f"One of {', '.join(PRESETS)}.")] = "weng32",
    sparsity: Annotated[int, typer.Option(help="Which shipped MittOS predictor, in percent.")] = 98,
    network: Annotated[
        Path | None,
        typer.Option(help="Any dense ReLU network instead (.safetensors, .npz) with its inputs."),
    ] = None,
    requests: Annotated[
        int | None, typer.Option(min=1, help="Requests; 2000, or all rows of the network's file.")
    ] = None,
    seed: Annotated[int, typer.Option(help="Seed of the fresh requests.")] = 2026,
    wave: Annotated[
        Path | None, typer.Option(help=f"FST file for the waves of the first {WAVE_REQUESTS}.")
    ] = None,
    out: Annotated[Path, typer.Option(help="Where the report goes.")] = Path("build/sim"),
) -> None:
    """Compile a predictor, run it on the RTL, and compare every output with the golden model."""
    console = Console()
    try:
        if preset not in PRESETS:
            raise ValueError(f"no preset {preset!r}; there are {', '.join(PRESETS)}")
        if network is None:
            name, workload = _shipped(sparsity, requests or 2000, seed)
        else:
            name, workload = _foreign(network, requests, console)
        report = _run(name, preset, workload, wave, out, console)
    except (ValueError, OSError, RuntimeError) as error:
        Console(stderr=True).print(f"kiln sim: {error}", style="red", markup=False, soft_wrap=True)
        raise typer.Exit(1) from None
    _print(report, console)
    path = out / ("predictor.json" if network is None else f"{network.stem}.json")
    path.write_text(report.model_dump_json(indent=2) + "\n")
    console.print(f"report: {path}", highlight=False)
    if report.mismatches:
        raise typer.Exit(1)


def _shipped(sparsity: int, requests: int, seed: int) -> tuple[str, Workload]:
    path = WEIGHTS / f"mittos_precise_linear_{sparsity}.safetensors"
    if not path.exists():
        shipped = WEIGHTS.glob("mittos_precise_linear_*.safetensors")
        there = sorted(file.stem.rpartition("_")[2] for file in shipped)
        raise ValueError(f"no shipped predictor of {sparsity} % sparsity; there are {there}")
    fresh = generate(requests, seed)
    workload = Workload(Network.load(path), fresh.features, fresh.ebusy)
    return f"MittOS precise_linear, {sparsity} % sparse", workload


def _foreign(path: Path, requests: int | None, console: Console) -> tuple[str, Workload]:
    loaded = Network.load(path)
    if loaded.inputs is None:
        raise ValueError(f"{path}: no array 'inputs' or 'features' to run the network on")
    inputs = loaded.inputs[: requests or len(loaded.inputs)]
    return path.name, Workload(loaded, inputs)


def _run(
    name: str, preset: str, workload: Workload, wave: Path | None, out: Path, console: Console
) -> SimReport:
    config = PRESETS[preset]
    source = workload.network
    calibration = source.inputs
    if calibration is None:
        calibration = generate(CALIBRATION_REQUESTS, seed=0).features.astype(np.float32)
    with console.status("compiling the network"):
        provenance = {"network": name, "preset": preset}
        program, _ = compile_network(source, config, calibration=calibration, provenance=provenance)
        out.mkdir(parents=True, exist_ok=True)
        image = out / "program.kiln"
        write_image(program, image)
        program = read_image(image)
    bar = Progress(
        TextColumn("{task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        TimeRemainingColumn(),
        console=console,
        transient=True,
    )
    with EieEngine(config, trace=wave) as engine:
        if wave is not None:
            engine.record(False)
        engine.load(program_frame(program))
        if wave is not None:
            _record(engine, program, workload)
        with bar:
            task = bar.add_task("requests on the RTL", total=len(workload.inputs))
            return verify(
                name, preset, workload, program, engine, lambda done: bar.advance(task, done)
            )


def _record(engine: EieEngine, program: Program, workload: Workload) -> None:
    """Run the first requests once more with the waves on: all of them would fill a disk."""
    first = quantised_from_program(program).quantise_inputs(workload.inputs[:WAVE_REQUESTS])
    engine.record(True)
    engine.infer_batch(first)
    engine.record(False)


def _print(report: SimReport, console: Console) -> None:
    table = Table(title=f"{report.network} on {report.preset}", show_header=False)
    table.add_column()
    table.add_column(justify="right")
    table.add_row("requests", f"{report.requests:,}")
    table.add_row("mismatches RTL / golden", f"{report.mismatches:,}")
    table.add_row("decided as in float", f"{report.agreement:.2%}")
    table.add_section()
    table.add_row("cycles min / mean / max", _three(report, 1, "{:,.0f}"))
    table.add_row(f"us at {report.clock_mhz} MHz", _three(report, report.clock_mhz, "{:.2f}"))
    if report.quality:
        table.add_row("us, estimated for 32 PEs by Weng and Chien", f"{PAPER_US:.2f}")
    table.add_row("PE utilisation", f"{report.utilisation:.1%}")
    table.add_row("padding among entries", f"{report.padding_share:.1%}")
    console.print(table)
    if report.quality:
        console.print(_quality(report))
    console.print(_shares(report))


def _three(report: SimReport, divisor: int, form: str) -> str:
    cycles = (report.cycles_min, report.cycles_mean, report.cycles_max)
    return " / ".join(form.format(value / divisor) for value in cycles)


def _quality(report: SimReport) -> Table:
    table = Table(title="decisions against the truth")
    table.add_column("")
    for column in ("accuracy", "EBUSY recall", "false reject", "false accept"):
        table.add_column(column, justify="right")
    for model, quality in report.quality.items():
        table.add_row(
            model,
            f"{quality.accuracy:.2%}",
            f"{quality.recall:.2%}",
            f"{quality.false_reject_rate:.2%}",
            f"{quality.false_accept_rate:.2%}",
        )
    return table


def _shares(report: SimReport) -> Table:
    table = Table(title=f"where the cycles went, mean of {report.counted_requests} requests")
    table.add_column("a PE's cycles")
    table.add_column("cycles", justify="right")
    table.add_column("share", justify="right")
    total = sum(report.pe_cycles.values())
    for part, cycles in report.pe_cycles.items():
        table.add_row(part, f"{cycles:,.1f}", f"{cycles / total:.1%}")
    table.add_section()
    for number, cycles in enumerate(report.layer_cycles, start=1):
        table.add_row(f"layer {number}", f"{cycles:,.1f}", f"{cycles / total:.1%}")
    return table
