"""The syntax of Liberty files, as far as Kiln writes them: groups, attributes and tables."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass

__all__ = [
    "Line",
    "Lines",
    "attribute",
    "bus_type",
    "complex_attribute",
    "group",
    "number",
    "table",
    "template",
]

Lines = list[str]
"""Lines of a file, without their ends."""


def number(value: float) -> str:
    """A number with nine significant digits, without trailing zeros."""
    return f"{value:.9g}"


def attribute(name: str, value: str | float) -> str:
    """``name : value;``; texts that are no plain words must bring their own quotes."""
    return f"{name} : {value if isinstance(value, str) else number(value)};"


def complex_attribute(name: str, *values: str | float) -> str:
    """``name (value, ...);``."""
    texts = (value if isinstance(value, str) else number(value) for value in values)
    return f"{name} ({', '.join(texts)});"


def group(kind: str, name: str, *parts: str | Iterable[str]) -> Lines:
    """``kind (name) { ... }``; a part is one line or several."""
    body: Lines = []
    for part in parts:
        body += [part] if isinstance(part, str) else list(part)
    return [f"{kind} ({name}) {{", *(f"  {line}" for line in body), "}"]


def template(kind: str, name: str, axes: Sequence[str]) -> Lines:
    """A template of tables with these variables; each table brings its own points, three of them
    like the template's, as ABC wants."""
    lines = [attribute(f"variable_{k}", axis) for k, axis in enumerate(axes, 1)]
    points = [complex_attribute(f"index_{k}", '"0, 1, 2"') for k in range(1, len(axes) + 1)]
    return group(kind, name, lines, points)


def _list(values: Iterable[float]) -> str:
    return f'"{", ".join(map(number, values))}"'


@dataclass(frozen=True)
class Line:
    """Values of a table that rise along its columns, and are the same in all rows."""

    start: float
    slope: float = 0.0

    def __call__(self, row: float, column: float) -> float:
        return self.start + self.slope * column


def table(
    kind: str,
    of: str,
    rows: Sequence[float],
    columns: Sequence[float],
    value: Callable[[float, float], float],
) -> Lines:
    """A table of template ``of``: ``value(row, column)`` over the points of both axes."""
    values = ", ".join(_list(value(row, column) for column in columns) for row in rows)
    return group(
        kind,
        of,
        complex_attribute("index_1", _list(rows)),
        complex_attribute("index_2", _list(columns)),
        complex_attribute("values", values),
    )


def bus_type(name: str, width: int) -> Lines:
    """The type of a bus ``[width-1:0]``."""
    return group(
        "type",
        name,
        attribute("base_type", "array"),
        attribute("data_type", "bit"),
        attribute("bit_width", str(width)),
        attribute("bit_from", str(width - 1)),
        attribute("bit_to", "0"),
        attribute("downto", "true"),
    )
