"""What holds for all cells and macros of the library at 45 nm."""

from __future__ import annotations

from dataclasses import dataclass, fields
from pathlib import Path

from .tables import CONSTRAINTS, TableError, read_rows

__all__ = ["Conditions", "read_conditions"]


@dataclass(frozen=True)
class Conditions:
    """What holds for the whole library: V, degrees Celsius, ns and fF per fan-out pin."""

    voltage: float
    temperature: float
    reference_slew: float
    max_transition: float
    wire_capacitance: float


def read_conditions(directory: str | Path = CONSTRAINTS) -> Conditions:
    """The conditions of ``library45.csv``, each there once."""
    path = Path(directory) / "library45.csv"
    values: dict[str, float] = {}
    names = [field.name for field in fields(Conditions)]
    for row in read_rows(path, ("quantity", "value", "unit")):
        name = row.choice("quantity", names)
        if name in values:
            raise row.error(f"{name} is there twice")
        values[name] = row.number("value", -273.0 if name == "temperature" else 0.0)
    for name in names:
        if name not in values:
            raise TableError(f"{path}: {name} is missing")
    return Conditions(**values)
