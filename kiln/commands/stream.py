"""``kiln stream``: images through the RTL of a streaming network, against its golden model."""

import os
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

import numpy as np
import typer
from numpy.typing import NDArray
from rich.console import Console

from kiln.commands.stream_tables import print_compiled, print_report
from kiln.terminal import counted, fail
from sim.cnn import CnnEngine
from sim.streaming import StreamReport, machine_of, verify_stream
from sim.synth.cnn_machines import CnnCosts, costs_file
from sim.verification import CLOCK_MHZ
from sw.dataflow.compile import Compiled
from sw.dataflow.shipped import INTERVALS, MACHINES, SHIPPED, compile_for
from sw.golden.cnn_file import read_graph
from sw.golden.cnn_graph import QuantisedGraph
from sw.students.images import Images
from sw.students.study import STUDIES

__all__ = ["app"]

app = typer.Typer()

IMAGES = 100
FEW_UNITS = 16
"""Units of which the table is shown unasked."""
SYNTHESIS = Path("docs/results")
"""Folder of the reports of ``kiln synth cnn``."""


@app.command("stream")
def stream(
    network: Annotated[
        str,
        typer.Option(help=f"{', '.join(SHIPPED)}, or a network's file (.safetensors)."),
    ] = "digits",
    machine: Annotated[
        str | None,
        typer.Option(
            help="skip-free; or the residual network, buffered (queues of the smallest depth at "
            "the full rate) or unbuffered (a block's layer keeps its frame).  [default: skip-free; "
            "buffered for a file of a network with skips]"
        ),
    ] = None,
    data: Annotated[
        str | None, typer.Option(help=f"Images of a network's file: {', '.join(STUDIES)}.")
    ] = None,
    interval: Annotated[
        int | None, typer.Option(min=1, help="Cycles a frame may take.  [default: by the images]")
    ] = None,
    multipliers: Annotated[
        int | None, typer.Option(min=1, help="How many there may be, instead of an interval.")
    ] = None,
    run: Annotated[
        bool, typer.Option("--run/--no-run", help="Without: only compile, and show every unit.")
    ] = True,
    units: Annotated[
        bool | None,
        typer.Option(
            "--units/--no-units",
            help=f"Show every unit.  [default: of networks of {FEW_UNITS} units at most]",
        ),
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
        subject = _subject(network, machine, data)
        if multipliers is None and interval is None:
            interval = INTERVALS[subject.data]
        compiled = subject.compiled(interval, multipliers)
        if not run:
            print_compiled(subject.title, compiled, console)
            return
        mhz, clock = _clock(network, machine_of(compiled), interval)
        pixels, labels, tested = _images(subject.data, images)
        _make(out)
        with CnnEngine(compiled.config, trace=wave) as engine:
            engine.load(compiled)
            with counted(console) as bar:
                task = bar.add_task("images on the RTL", total=len(pixels))
                report = verify_stream(
                    subject.title,
                    compiled,
                    engine,
                    pixels,
                    labels,
                    tested=tested,
                    clock_mhz=mhz,
                    stalls=stalls,
                    seed=seed,
                    progress=lambda done: bar.update(task, completed=done),
                )
    except (ValueError, OSError, RuntimeError) as error:
        fail("stream", error)
    shown = len(report.units) <= FEW_UNITS if units is None else units
    print_report(report, clock, console, stages=shown)
    path = out / _file(network, report)
    path.write_text(report.model_dump_json(indent=2) + "\n")
    console.print(f"report: {path}", highlight=False)
    if report.mismatches or report.class_mismatches:
        raise typer.Exit(1)


@dataclass(frozen=True, eq=False)
class _Subject:
    """A network, what to call it, its images, and the machine that it is for, if one was named."""

    title: str
    graph: QuantisedGraph
    data: str
    machine: str | None

    def compiled(self, interval: int | None, multipliers: int | None) -> Compiled:
        """The network on its machine, for an interval or a budget."""
        machine = self.machine or "buffered"
        made = compile_for(machine, self.graph, interval=interval, multipliers=multipliers)
        found = machine_of(made)
        if self.machine not in (None, found):
            has = "no skips" if found == "skip-free" else "skips"
            raise ValueError(f"{self.title} has {has}: it is no network for {self.machine}")
        return made


def _subject(network: str, machine: str | None, data: str | None) -> _Subject:
    """A network that ships, or a file's."""
    if machine is not None and machine not in MACHINES:
        raise ValueError(f"no machine {machine!r}; there are {', '.join(MACHINES)}")
    if network in SHIPPED:
        shipped, name = SHIPPED[network], machine or "skip-free"
        if data not in (None, shipped.data):
            raise ValueError(f"--data {data} is for a network's file; {network} has its images")
        graph = shipped.graph(residual=MACHINES[name].residual)
        return _Subject(f"{network}, {name}", graph, shipped.data, name)
    if data not in STUDIES:
        raise ValueError(f"--data must be one of {', '.join(STUDIES)} for a network's file")
    path = Path(network)
    return _Subject(path.name, read_graph(path)[0], data, machine)


def _clock(network: str, machine: str, interval: int | None) -> tuple[float, str]:
    """MHz, and what is known of them: a slower clock where synthesis of the same machine says so,
    and no promise where there was none."""
    path = SYNTHESIS / costs_file(network)
    if network in SHIPPED and path.is_file():
        costs = CnnCosts.model_validate_json(path.read_text())
        if costs.interval == interval:
            slowest = costs.machine(machine).critical_path_ns
            mhz = min(CLOCK_MHZ, 1000 / slowest)
            return mhz, f"{mhz:.0f} MHz"
    return CLOCK_MHZ, f"{CLOCK_MHZ} MHz, if met"


def _images(study: str, count: int) -> tuple[NDArray[np.uint8], NDArray[np.int64], int]:
    """Test images first, then those that the network has seen; and how many are the former."""
    split = STUDIES[study].load()
    parts: tuple[Images, ...] = (split.test, split.validation, split.train)
    pixels = np.concatenate([part.pixels for part in parts])[:count]
    labels = np.concatenate([part.labels for part in parts])[:count]
    if len(pixels) < count:
        raise ValueError(f"--images {count} are more than the {len(pixels)} that there are")
    return pixels, labels, min(count, len(split.test.labels))


def _make(out: Path) -> None:
    """The folder of the report, before there is anything to lose."""
    try:
        out.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise ValueError(f"--out {out} cannot be made: {error.strerror}") from error
    if not os.access(out, os.W_OK):
        raise ValueError(f"--out {out} cannot be written to")


def _file(network: str, report: StreamReport) -> str:
    """A name for every network and machine."""
    stem = "cnn" if network == "digits" else Path(network).stem
    return f"{stem}.json" if report.machine == "skip-free" else f"{stem}_{report.machine}.json"
