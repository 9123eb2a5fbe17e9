"""``kiln stream``: images through the RTL of a streaming network, against its golden model."""

from pathlib import Path
from typing import Annotated

import numpy as np
import typer
from numpy.typing import NDArray
from rich.console import Console
from rich.table import Table

from hw.cnn.config import SkipKind
from kiln.terminal import counted, fail
from sim.cnn import CnnEngine
from sim.streaming import StreamReport, verify_stream
from sw import weights
from sw.dataflow.compile import compile_network
from sw.golden.cnn_file import read_graph
from sw.golden.cnn_graph import QuantisedGraph
from sw.students.images import Images
from sw.students.study import STUDIES

__all__ = ["INTERVALS", "SHIPPED", "app", "network_of"]

app = typer.Typer()

IMAGES = 100
INTERVALS = {"digits": 9216, "cifar10": 147456}
"""Cycles a frame by default: what 16 multipliers take for each convolution within a stage."""
SHIPPED = {"digits": ("digits", "cnn_digits"), "resnet33-cifar10": ("cifar10", "cnn_cifar10")}


@app.command("stream")
def stream(
    network: Annotated[
        str,
        typer.Option(help=f"{', '.join(SHIPPED)}, or a network's file (.safetensors)."),
    ] = "digits",
    machine: Annotated[
        str,
        typer.Option(
            help="skip-free; or the residual network, buffered (queues of the smallest depth at "
            "the full rate) or unbuffered (a block's layer keeps its frame)."
        ),
    ] = "skip-free",
    data: Annotated[
        str | None, typer.Option(help=f"Images of a network's file: {', '.join(STUDIES)}.")
    ] = None,
    interval: Annotated[
        int | None, typer.Option(min=1, help="Cycles a frame may take.  [default: by the images]")
    ] = None,
    multipliers: Annotated[
        int | None, typer.Option(min=1, help="How many there may be, instead of an interval.")
    ] = None,
    images: Annotated[
        int, typer.Option(min=2, help="Test images, and after them the others.")
    ] = IMAGES,
    stalls: Annotated[
        float, typer.Option(min=0, max=0.99, help="Share of cycles that hold back words.")
    ] = 0.0,
    seed: Annotated[int, typer.Option(help="Of the stalls.")] = 1,
    wave: Annotated[Path | None, typer.Option(help="FST file for waves of the run.")] = None,
    out: Annotated[Path, typer.Option(help="Where the report goes.")] = Path("build/sim"),
) -> None:
    """Compile a network of images, stream images through its RTL, and compare every logit."""
    console = Console()
    try:
        name, graph, study = network_of(network, machine, data)
        if multipliers is None and interval is None:
            interval = INTERVALS[study]
        compiled = compile_network(
            graph,
            interval=interval,
            multipliers=multipliers,
            skips=SkipKind.HOLD if machine == "unbuffered" else SkipKind.FIFO,
        )
        pixels, labels = _images(study, images)
        with CnnEngine(compiled.config, trace=wave) as engine:
            engine.load(compiled)
            with counted(console) as bar:
                task = bar.add_task("images on the RTL", total=len(pixels))
                report = verify_stream(
                    name,
                    compiled,
                    engine,
                    pixels,
                    labels,
                    stalls=stalls,
                    seed=seed,
                    progress=lambda done: bar.update(task, completed=done),
                )
    except (ValueError, OSError, RuntimeError) as error:
        fail("stream", error)
    _print(report, console)
    path = out / ("cnn.json" if network == "digits" else f"{Path(network).stem}.json")
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(report.model_dump_json(indent=2) + "\n")
    console.print(f"report: {path}", highlight=False)
    if report.mismatches or report.class_mismatches:
        raise typer.Exit(1)


MACHINES = {"skip-free": "skipfree", "buffered": "residual", "unbuffered": "residual"}


def network_of(network: str, machine: str, data: str | None) -> tuple[str, QuantisedGraph, str]:
    """What to call it, the network, which ships or is a file's, and its images."""
    if machine not in MACHINES:
        raise ValueError(f"no machine {machine!r}; there are {', '.join(MACHINES)}")
    if network in SHIPPED:
        study, prefix = SHIPPED[network]
        path = weights.FOLDER / f"{prefix}_{MACHINES[machine]}.safetensors"
        return f"{network}, {machine}", read_graph(path)[0], study
    if data not in STUDIES:
        raise ValueError(f"--data must be one of {', '.join(STUDIES)} for a network's file")
    return Path(network).name, read_graph(Path(network))[0], data


def _images(study: str, count: int) -> tuple[NDArray[np.uint8], NDArray[np.int64]]:
    """Test images first, then those that the network has seen."""
    split = STUDIES[study].load()
    parts: tuple[Images, ...] = (split.test, split.validation, split.train)
    pixels = np.concatenate([part.pixels for part in parts])[:count]
    labels = np.concatenate([part.labels for part in parts])[:count]
    if len(pixels) < count:
        raise ValueError(f"--images {count} are more than the {len(pixels)} that there are")
    return pixels, labels


def _print(report: StreamReport, console: Console) -> None:
    table = Table(title=report.network, show_header=False)
    table.add_column()
    table.add_column(justify="right")
    rows = {
        "images": f"{report.images:,}",
        "logits RTL unlike golden": f"{report.mismatches:,}",
        "accuracy golden / RTL": f"{report.accuracy_golden:.2%} / {report.accuracy_rtl:.2%}",
        "latency, cycles": f"{report.latency:,}",
        "frame interval, cycles": f"{report.interval:,.0f} (bound {report.bound:,})",
        f"frames/s at {report.clock_mhz} MHz": f"{report.frames_per_second:,.0f}",
        "multipliers": f"{report.multipliers:,}",
        "MAC utilisation": f"{report.utilisation:.1%}",
        **{f"{kind}, bits": f"{bits:,}" for kind, bits in report.bits.items()},
    }
    for row in rows.items():
        table.add_row(*row)
    console.print(table)
