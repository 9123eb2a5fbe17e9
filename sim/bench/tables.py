"""Tables of Markdown."""

from __future__ import annotations

from collections.abc import Iterable

__all__ = ["markdown_table"]


def markdown_table(heads: str, rows: Iterable[list[str]], left: int = 1) -> str:
    """A table with heads ``"a|b"``; all columns but the ``left`` first are flush right."""
    names = heads.split("|")
    lines = [names, ["---"] * left + ["---:"] * (len(names) - left), *rows]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines) + "\n"
