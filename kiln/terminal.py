"""What all commands show alike: progress, and what went wrong."""

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

__all__ = ["counted", "fail", "share_done"]


def counted(console: Console) -> Progress:
    """A bar with things done of how many, and the time left; it goes when it is done."""
    return _bar(console, MofNCompleteColumn())


def share_done(console: Console) -> Progress:
    """A bar with the share that is done, and the time left; it goes when it is done."""
    return _bar(console, TaskProgressColumn())


def _bar(console: Console, done: MofNCompleteColumn | TaskProgressColumn) -> Progress:
    columns = (TextColumn("{task.description}"), BarColumn(), done, TimeRemainingColumn())
    return Progress(*columns, console=console, transient=True)


def fail(command: str, error: Exception) -> NoReturn:
    """End ``kiln COMMAND`` with the text of an error and exit code 1."""
    text = f"kiln {command}: {error}"
    Console(stderr=True).print(text, style="red", markup=False, soft_wrap=True)
    raise typer.Exit(1) from None
