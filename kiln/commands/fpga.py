"""``kiln fpga``: a machine's bitstream for a board, and what it takes of its device."""

from collections.abc import Callable, Sequence
from datetime import date
from pathlib import Path
from typing import Annotated, TypeVar

import typer
from rich.console import Console
from rich.progress import Progress, SpinnerColumn, TaskID, TextColumn, TimeElapsedColumn
from rich.table import Table

from hw.boards.boards import BAUD, BOARDS, Board
from kiln.terminal import fail
from sim.fpga.build import (
    STAGES,
    SYNTHESIS_STAGES,
    Built,
    build_bitstream,
    synthesise,
)
from sim.fpga.machines import BUILT, SYNTHESISED, Subject, subject_of
from sim.fpga.page import fpga_page
from sw.physical.fpga import (
    CELLS,
    BoardResult,
    Engine,
    FpgaReport,
    Streaming,
    Synthesis,
    build_name,
)

__all__ = ["app"]

app = typer.Typer()

_Result = TypeVar("_Result")


@app.command("fpga")
def fpga(
    board: Annotated[str, typer.Option(help=f"One of {', '.join(BOARDS)}.")] = "ulx3s",
    machine: Annotated[
        str,
        typer.Option(
            help=f"{', '.join(BUILT)}; or {', '.join(SYNTHESISED)}, which is synthesised only, "
            "without skips and with them."
        ),
    ] = "eie",
    synthesis: Annotated[
        bool,
        typer.Option("--synthesis", help="Yosys only, of a network without skips and with them."),
    ] = False,
    seed: Annotated[
        int | None, typer.Option(help="Seed of placement.  [default: the design's own]")
    ] = None,
    build: Annotated[Path, typer.Option(help="Where bitstreams are built.")] = Path("build/fpga"),
    out: Annotated[Path, typer.Option(help="Where the results go.")] = Path("docs/results"),
) -> None:
    """Build the bitstream of a board with a machine on its serial line; exit with 1 where the
    clock is not met."""
    console = Console()
    try:
        if board not in BOARDS:
            raise ValueError(f"no board {board!r}; there are {', '.join(BOARDS)}")
        if machine not in (*BUILT, *SYNTHESISED):
            raise ValueError(
                f"no machine {machine!r}; there are {', '.join((*BUILT, *SYNTHESISED))}"
            )
        if synthesis or machine in SYNTHESISED:
            if seed is not None:
                raise ValueError(f"--seed is of placement; {machine} is synthesised only")
            extra = "" if machine in SYNTHESISED else " --synthesis"
            _synthesise(machine, extra, BOARDS[board], build, out, console)
            return
        met = _build(subject_of(machine, BOARDS[board]), seed, build, out, console)
    except (ValueError, OSError, RuntimeError) as error:
        fail("fpga", error)
    if not met:
        raise typer.Exit(1)


def _build(subject: Subject, seed: int | None, build: Path, out: Path, console: Console) -> bool:
    """Build, report, and tell whether the clock is met."""
    design = subject.design
    name = build_name(design.board.name, subject.machine.name)
    placed = design.seed if seed is None else seed
    folder = build / name
    built = _watched(
        name,
        STAGES,
        console,
        lambda progress: build_bitstream(design, folder, seed=placed, progress=progress),
    )
    result = _result(subject, built, placed)
    (folder / "report.json").write_text(result.model_dump_json(indent=1) + "\n")
    _publish(out, result)
    console.print(_table(result))
    console.print(f"bitstream: {built.bitstream}", highlight=False)
    console.print(f"report: {folder / 'report.json'}, {out / 'fpga.md'}", highlight=False)
    return result.met


def _synthesise(
    machine: str, extra: str, board: Board, build: Path, out: Path, console: Console
) -> None:
    """Synthesise a network without skips and with them, and report."""
    if machine == "eie":
        raise ValueError("--synthesis is of networks; eie is none")
    network = machine.removesuffix("-residual")
    command = f"kiln fpga --machine {network}{extra}"
    results = [
        _synthesis(subject_of(name, board), command, build, console)
        for name in (network, f"{network}-residual")
    ]
    _publish(out, *results)
    table = Table(title=f"{network} for {board.device}, synthesised")
    table.add_column("")
    for column in ("without skips", "with skips"):
        table.add_column(column, justify="right")
    for kind, what in CELLS.items():
        table.add_row(what, *(f"{result.cells.get(kind, 0):,}" for result in results))
    console.print(table)
    console.print(f"report: {out / 'fpga.md'}", highlight=False)


def _synthesis(subject: Subject, command: str, build: Path, console: Console) -> Synthesis:
    design, machine = subject.design, subject.machine
    assert isinstance(machine, Streaming)
    folder = build / build_name(design.board.name, machine.name)
    done = _watched(
        machine.name,
        SYNTHESIS_STAGES,
        console,
        lambda progress: synthesise(design, folder, progress=progress),
    )
    return Synthesis(
        board=design.board.name,
        device=design.board.device,
        machine=machine,
        date=date.today().isoformat(),
        command=command,
        tools=done.tools,
        seconds=done.seconds,
        cells=done.cells,
    )


def _watched(
    name: str,
    stages: Sequence[str],
    console: Console,
    work: Callable[[Callable[[str], None]], _Result],
) -> _Result:
    """Carry out what tells its stages, and show them."""
    with Progress(
        SpinnerColumn(),
        TextColumn("{task.description}"),
        TimeElapsedColumn(),
        console=console,
    ) as progress:
        tasks: list[TaskID] = []

        def advance(stage: str) -> None:
            if tasks:
                progress.update(tasks[-1], total=1, completed=1)
            number = stages.index(stage) + 1
            label = f"{name}: {stage} ({number} of {len(stages)})"
            tasks.append(progress.add_task(label, total=None))

        done = work(advance)
        progress.update(tasks[-1], total=1, completed=1)
    return done


def _result(subject: Subject, built: Built, seed: int) -> BoardResult:
    design, machine = subject.design, subject.machine
    words = [f"--board {design.board.name}"]
    words += [] if isinstance(machine, Engine) else [f"--machine {machine.name}"]
    words += [] if seed == design.seed else [f"--seed {seed}"]
    return BoardResult(
        board=design.board.name,
        device=design.board.device,
        machine=machine,
        mhz=design.mhz,
        baud=BAUD,
        date=date.today().isoformat(),
        command=" ".join(["kiln fpga", *words]),
        tools=built.tools,
        seed=seed,
        seconds=built.seconds,
        bitstream=built.bitstream.name,
        bitstream_bytes=built.bitstream.stat().st_size,
        bitstream_sha256=built.sha256,
        utilisation=built.utilisation,
        clocks=built.clocks,
    )


def _publish(out: Path, *results: BoardResult | Synthesis) -> None:
    """Put results beside those of other machines."""
    path = out / "fpga.json"
    report = FpgaReport()
    if path.exists():
        report = FpgaReport.model_validate_json(path.read_text())
    report = report.including(*results)
    out.mkdir(parents=True, exist_ok=True)
    path.write_text(report.model_dump_json(indent=1) + "\n")
    (out / "fpga.md").write_text(fpga_page(report))


def _table(result: BoardResult) -> Table:
    machine = result.machine
    what = f"{machine.n_pe} PEs" if isinstance(machine, Engine) else machine.name
    table = Table(title=f"{what} on {result.board}, {result.device}")
    table.add_column("")
    for column in ("used", "of", "share"):
        table.add_column(column, justify="right")
    for kind, each in result.utilisation.items():
        table.add_row(kind, f"{each.used:,}", f"{each.available:,}", f"{each.share:.0%}")
    table.add_section()
    for name, clock in result.clocks.items():
        met = "met" if clock.met else "[red]NOT MET[/]"
        fmax, asked = f"{clock.fmax_mhz:.2f} MHz", f"{clock.constraint_mhz:g} MHz"
        table.add_row(f"clock {name}", fmax, asked, met)
    table.add_row("bitstream", f"{result.bitstream_bytes:,}", "bytes", "")
    return table
