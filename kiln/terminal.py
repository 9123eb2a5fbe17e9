"""What all commands show alike: progress, and what went wrong."""

from collections.abc import Iterable
from typing import NoReturn

import typer
from rich.console import Console
from rich.progress import (
    BarColumn,
    MofNCompleteColumn,
    Progress,
    TaskProgressColumn,
    TextColumn,
    TimeRemainingColumn,
)
from rich.table import Table

from sim.bench.verdicts import Verdict, verdict_cells

__all__ = ["counted", "fail", "share_done", "verdict_table"]


def counted(console: Console) -> Progress:
    """A bar with things done of how many, and the time left; it goes when it is done."""
    return _bar(console, MofNCompleteColumn())


def share_done(console: Console) -> Progress:
    """A bar with the share that is done, and the time left; it goes when it is done."""
    return _bar(console, TaskProgressColumn())


def _bar(console: Console, done: MofNCompleteColumn | TaskProgressColumn) -> Progress:
    columns = (TextColumn("{task.description}"), BarColumn(), done, TimeRemainingColumn())
    return Progress(*columns, console=console, transient=True)


def verdict_table(title: str, verdicts: Iterable[Verdict]) -> Table:
    """Bars, what was measured, and whether they are met."""
    table = Table(title=title)
    table.add_column("")
    for column in ("measured", "bar", ""):
        table.add_column(column, justify="right")
    for verdict in verdicts:
        table.add_row(*verdict_cells(verdict))
    return table


def fail(command: str, error: Exception) -> NoReturn:
    """End ``kiln COMMAND`` with the text of an error and exit code 1."""
    text = f"kiln {command}: {error}"
    Console(stderr=True).print(text, style="red", markup=False, soft_wrap=True)
    raise typer.Exit(1) from None
