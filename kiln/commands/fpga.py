"""``kiln fpga``: a board's bitstream, and what it takes of its device."""

from datetime import date
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.progress import Progress, SpinnerColumn, TaskID, TextColumn, TimeElapsedColumn
from rich.table import Table

from hw.boards.boards import BAUD, BOARDS, Board
from kiln.terminal import fail
from sim.fpga import STAGES, Built, build_bitstream
from sw.physical.fpga import BoardResult, FpgaReport, fpga_page

__all__ = ["app"]

app = typer.Typer()


@app.command("fpga")
def fpga(
    board: Annotated[str, typer.Option(help=f"One of {', '.join(BOARDS)}.")] = "ulx3s",
    seed: Annotated[
        int | None, typer.Option(help="Seed of placement.  [default: the board's own]")
    ] = None,
    build: Annotated[Path, typer.Option(help="Where bitstreams are built.")] = Path("build/fpga"),
    out: Annotated[Path, typer.Option(help="Where the results go.")] = Path("docs/results"),
) -> None:
    """Build the bitstream of a board with an engine on its serial line; exit with 1 where the
    clock is not met."""
    console = Console()
    try:
        if board not in BOARDS:
            raise ValueError(f"no board {board!r}; there are {', '.join(BOARDS)}")
        chosen = BOARDS[board]
        placed = chosen.seed if seed is None else seed
        built = _build(chosen, build / board, placed, console)
        result = _result(chosen, built, placed)
        (build / board / "report.json").write_text(result.model_dump_json(indent=1) + "\n")
        _publish(result, out)
    except (ValueError, OSError, RuntimeError) as error:
        fail("fpga", error)
    console.print(_table(result))
    console.print(f"bitstream: {built.bitstream}", highlight=False)
    console.print(f"report: {build / board / 'report.json'}, {out / 'fpga.md'}", highlight=False)
    if not result.met:
        raise typer.Exit(1)


def _build(board: Board, folder: Path, seed: int, console: Console) -> Built:
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
            number = STAGES.index(stage) + 1
            label = f"{board.name}: {stage} ({number} of {len(STAGES)})"
            tasks.append(progress.add_task(label, total=None))

        built = build_bitstream(board, folder, seed=seed, progress=advance)
        progress.update(tasks[-1], total=1, completed=1)
    return built


def _result(board: Board, built: Built, seed: int) -> BoardResult:
    extra = "" if seed == board.seed else f" --seed {seed}"
    return BoardResult(
        board=board.name,
        device=board.device,
        preset=board.name,
        n_pe=board.config.n_pe,
        mhz=board.mhz,
        baud=BAUD,
        date=date.today().isoformat(),
        command=f"kiln fpga --board {board.name}{extra}",
        tools=built.tools,
        seed=seed,
        seconds=built.seconds,
        bitstream=built.bitstream.name,
        bitstream_bytes=built.bitstream.stat().st_size,
        bitstream_sha256=built.sha256,
        utilisation=built.utilisation,
        clocks=built.clocks,
    )


def _publish(result: BoardResult, out: Path) -> None:
    """Put the result beside those of other boards."""
    path = out / "fpga.json"
    report = FpgaReport()
    if path.exists():
        report = FpgaReport.model_validate_json(path.read_text())
    report = report.including(result)
    out.mkdir(parents=True, exist_ok=True)
    path.write_text(report.model_dump_json(indent=1) + "\n")
    (out / "fpga.md").write_text(fpga_page(report))


def _table(result: BoardResult) -> Table:
    table = Table(title=f"{result.n_pe} PEs on {result.board}, {result.device}")
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
