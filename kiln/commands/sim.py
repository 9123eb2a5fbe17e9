"""``kiln sim``: the main job, a predictor on the RTL against its golden model."""

from pathlib import Path
from typing import Annotated

import numpy as np
import typer
from rich.console import Console
from rich.table import Table

from hw.eie.config import PRESETS
from kiln.terminal import counted, fail
from sim.bench.weng_chien import estimate_us
from sim.engine import EieEngine
from sim.verification import SimReport, Workload, verify
from sw import weights
from sw.compress.compile import compile_network
from sw.compress.frame import program_frame
from sw.compress.image import read_image, write_image
from sw.compress.program import Program
from sw.compress.unprogram import quantised_from_program
from sw.network import Network
from sw.predictors.mittos import generate
from sw.predictors.shapes import SHAPES

__all__ = ["app"]

app = typer.Typer()

SHIPPED = {"precise_linear": 98, "good_custom": 95}
"""MittOS predictors that ship, and the sparsity in percent that is run by default."""
REQUESTS = 2000
CALIBRATION_REQUESTS = 2000
WAVE_REQUESTS = 10


@app.command("sim")
def sim(
    preset: Annotated[str, typer.Option(help=f"One of {', '.join(PRESETS)}.")] = "weng32",
    sparsity: Annotated[
        int | None,
        typer.Option(help="Which shipped MittOS predictor, in percent; 98, 95 of good_custom."),
    ] = None,
    network: Annotated[
        str,
        typer.Option(
            help=f"A MittOS predictor ({', '.join(SHIPPED)}), a shape with drawn weights "
            f"({', '.join(SHAPES)}), or the file of any dense ReLU network (.safetensors, .npz) "
            "with its inputs."
        ),
    ] = "precise_linear",
    requests: Annotated[
        int | None,
        typer.Option(min=1, help=f"Requests; {REQUESTS}, or all rows of the network's file."),
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
        percent = SHIPPED.get(network) if sparsity is None else sparsity
        name, workload = _workload(network, percent, requests, seed)
        report = _run(name, preset, workload, wave, out, console)
    except (ValueError, OSError, RuntimeError) as error:
        fail("sim", error)
    _print(report, estimate_us(network, percent, report.n_pe), console)
    path = out / ("predictor.json" if network == "precise_linear" else f"{Path(network).stem}.json")
    path.write_text(report.model_dump_json(indent=2) + "\n")
    console.print(f"report: {path}", highlight=False)
    if report.mismatches:
        raise typer.Exit(1)


def _workload(
    network: str, sparsity: int | None, requests: int | None, seed: int
) -> tuple[str, Workload]:
    """What to call the network, and what to run it on; sparsity in percent of one that ships."""
    if sparsity is not None:
        if network in SHIPPED:
            return _shipped(network, sparsity, requests or REQUESTS, seed)
        raise ValueError(f"--sparsity is of {' and '.join(SHIPPED)}, not of {network}")
    if network in SHAPES:
        drawn = SHAPES[network](rows=requests or REQUESTS)
        assert drawn.inputs is not None
        sizes = "-".join(map(str, drawn.sizes))
        return f"{network} {sizes} (weights drawn, no accuracy)", Workload(drawn, drawn.inputs)
    return _foreign(Path(network), requests)


def _shipped(network: str, sparsity: int, requests: int, seed: int) -> tuple[str, Workload]:
    if not weights.path(sparsity, network).exists():
        shipped = weights.FOLDER.glob(f"mittos_{network}_*.safetensors")
        there = sorted(file.stem.rpartition("_")[2] for file in shipped)
        raise ValueError(f"no shipped predictor of {sparsity} % sparsity; there are {there}")
    fresh = generate(requests, seed)
    workload = Workload(weights.load(sparsity, network), fresh.features, fresh.ebusy)
    return f"MittOS {network}, {sparsity} % sparse", workload


def _foreign(path: Path, requests: int | None) -> tuple[str, Workload]:
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
    bar = counted(console)
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


def _print(report: SimReport, estimate: float | None, console: Console) -> None:
    table = Table(title=f"{report.network} on {report.preset}", show_header=False)
    table.add_column()
    table.add_column(justify="right")
    table.add_row("requests", f"{report.requests:,}")
    table.add_row("mismatches RTL / golden", f"{report.mismatches:,}")
    table.add_row("decided as in float", f"{report.agreement:.2%}")
    table.add_section()
    table.add_row("cycles min / mean / max", _three(report, 1, "{:,.0f}"))
    table.add_row(f"us at {report.clock_mhz} MHz", _three(report, report.clock_mhz, "{:.2f}"))
    if estimate is not None:
        what = f"us, estimated for {report.n_pe} PEs by Weng and Chien"
        table.add_row(what, f"{estimate:.3g}")
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
