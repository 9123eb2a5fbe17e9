"""
Tables of figures, as CSV with a header: read strictly, with file and line in every complaint.

The tables that come with Kiln lie in ``constraints/``; its README gives unit and source of each.
"""

from __future__ import annotations

import csv
import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

__all__ = ["CONSTRAINTS", "Row", "TableError", "read_rows"]

CONSTRAINTS = Path(__file__).resolve().parents[2] / "constraints"


class TableError(ValueError):
    """A table that cannot be used; the text names the file, the line and what is wrong."""


@dataclass(frozen=True)
class Row:
    """One line of a table: its texts by column, and where it stands."""

    path: Path
    line: int
    texts: dict[str, str]

    def error(self, message: str) -> TableError:
        """The complaint ``message`` with file and line in front."""
        return TableError(f"{self.path}:{self.line}: {message}")

    def text(self, column: str) -> str:
        """A text that must be there."""
        if not self.texts[column]:
            raise self.error(f"{column} is empty")
        return self.texts[column]

    def choice(self, column: str, choices: Sequence[str]) -> str:
        """A text out of ``choices``."""
        value = self.texts[column]
        if value not in choices:
            raise self.error(f"{column} must be one of {', '.join(choices)}, not {value!r}")
        return value

    def optional(self, column: str, low: float = -math.inf) -> float | None:
        """A finite number of at least ``low``, or None where the column is empty."""
        text = self.texts[column]
        if not text:
            return None
        try:
            value = float(text)
        except ValueError:
            raise self.error(f"{column} must be a number, not {text!r}") from None
        if not math.isfinite(value) or value < low:
            limit = "finite" if low == -math.inf else f"a number of at least {low:g}"
            raise self.error(f"{column} must be {limit}, not {text}")
        return value

    def number(self, column: str, low: float = 0.0) -> float:
        """A finite number of at least ``low`` that must be there."""
        self.text(column)
        value = self.optional(column, low)
        assert value is not None
        return value

    def integer(self, column: str, low: int = 1) -> int:
        """An integer of at least ``low``."""
        value = self.number(column, low)
        if value != int(value):
            raise self.error(f"{column} must be an integer, not {self.texts[column]}")
        return int(value)


def read_rows(path: str | Path, columns: Sequence[str]) -> Iterator[Row]:
    """The rows of a table that has exactly these columns, spaces around texts removed."""
    path = Path(path)
    try:
        text = path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise TableError(f"{path}: cannot be read: {error}") from error
    reader = csv.reader(text.splitlines())
    header = next(reader, [])
    if header != list(columns):
        raise TableError(f"{path}:1: the columns are {','.join(header)}, not {','.join(columns)}")
    for fields in reader:
        if len(fields) != len(columns):
            raise TableError(
                f"{path}:{reader.line_num}: {len(fields)} fields, and there are {len(columns)} "
                "columns"
            )
        texts = {name: field.strip() for name, field in zip(columns, fields, strict=True)}
        yield Row(path, reader.line_num, texts)
