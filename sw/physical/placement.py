"""What placement adds to the area of cells and macros."""

from __future__ import annotations

from pathlib import Path

from .tables import CONSTRAINTS, TableError, read_rows

__all__ = ["read_placement_allowance"]

_QUANTITY = "placement_allowance"


def read_placement_allowance(directory: str | Path = CONSTRAINTS) -> float:
    """The share of ``placement45.csv`` by which area grows: rows that are not full, and the
    channels around macros."""
    path = Path(directory) / "placement45.csv"
    values = []
    for row in read_rows(path, ("quantity", "value", "unit")):
        row.choice("quantity", [_QUANTITY])
        values.append(row.number("value"))
    if len(values) != 1:
        raise TableError(f"{path}: {_QUANTITY} is there {len(values)} times, not once")
    return values[0]
