"""
The standard cells at 45 nm: three tables, read into one frozen library.

Units are those of the tables: um2, nW, fF, ns and fJ (per transition of the pin). An arc's delay is
a linear fit: ``intrinsic + per_fF * load + per_slew * (slew - reference_slew)``; so is the slew at
its output, which does not depend on the slew at its input.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from .conditions import Conditions, read_conditions
from .tables import CONSTRAINTS, Row, read_rows

__all__ = ["Arc", "Cell", "CellLibrary", "Edge", "Pin", "read_cells"]

_CELL_COLUMNS = ("cell", "kind", "area_um2", "leakage_nW", "next_state", "clear", "preset")
_PIN_COLUMNS = (
    *("cell", "pin", "direction", "capacitance_fF", "function", "max_load_fF", "clock"),
)
_EDGE_COLUMNS = ("delay_ns", "delay_ns_per_fF", "delay_per_slew", "slew_ns", "slew_ns_per_fF")
_ARC_COLUMNS = (
    *("cell", "pin", "related_pin", "timing_type", "sense"),
    *("rise_delay_ns", "rise_delay_ns_per_fF", "rise_delay_per_slew"),
    *("fall_delay_ns", "fall_delay_ns_per_fF", "fall_delay_per_slew"),
    *("rise_slew_ns", "rise_slew_ns_per_fF", "fall_slew_ns", "fall_slew_ns_per_fF"),
    *("rise_constraint_ns", "fall_constraint_ns", "internal_energy_fJ"),
)
_KINDS = ("gate", "flipflop", "clockgate", "tie")
_DELAYS = ("combinational", "rising_edge", "clear", "preset")
_CHECKS = ("setup_rising", "hold_rising", "recovery_rising", "removal_rising")
_SENSES = ("positive_unate", "negative_unate", "non_unate")


@dataclass(frozen=True)
class Edge:
    """Delay and output slew of one edge of an output, in ns; load in fF."""

    delay: float
    delay_per_load: float
    delay_per_slew: float
    slew: float
    slew_per_load: float


@dataclass(frozen=True)
class Arc:
    """
    A row of the table of arcs, by ``timing_type``.

    Delays (``combinational``, ``rising_edge``, ``clear``, ``preset``) have edges and an energy,
    checks (``setup_rising`` and the like) a constraint in ns by the edge of the pin, and
    ``internal_power`` is what an input costs that moves while no output does.
    """

    pin: str
    related_pin: str
    timing_type: str
    sense: str
    rise: Edge | None
    fall: Edge | None
    rise_constraint: float | None
    fall_constraint: float | None
    energy: float | None

    @property
    def is_delay(self) -> bool:
        """Whether the arc carries an edge from ``related_pin`` to ``pin``."""
        return self.timing_type in _DELAYS

    @property
    def is_check(self) -> bool:
        """Whether the arc is a constraint on ``pin`` by the clock ``related_pin``."""
        return self.timing_type in _CHECKS


@dataclass(frozen=True)
class Pin:
    """A pin: capacitance of an input, Boolean function and largest load of an output, in fF."""

    name: str
    is_output: bool
    capacitance: float
    function: str
    max_load: float | None
    is_clock: bool


@dataclass(frozen=True)
class Cell:
    """A cell: area in um2, leakage in nW; the state functions of a flip-flop are Boolean texts."""

    name: str
    kind: str
    area: float
    leakage: float
    next_state: str
    clear: str
    preset: str
    pins: Mapping[str, Pin]
    arcs: tuple[Arc, ...]

    @property
    def clock(self) -> str:
        """Name of the clock pin of a flip-flop or clock gate."""
        return next(pin.name for pin in self.pins.values() if pin.is_clock)


@dataclass(frozen=True)
class CellLibrary:
    """All cells by name, and their conditions."""

    cells: Mapping[str, Cell]
    conditions: Conditions

    def __getitem__(self, name: str) -> Cell:
        return self.cells[name]

    def __iter__(self) -> Iterator[Cell]:
        return iter(self.cells.values())


def _pin(row: Row) -> Pin:
    is_output = row.choice("direction", ("input", "output")) == "output"
    return Pin(
        name=row.text("pin"),
        is_output=is_output,
        capacitance=0.0 if is_output else row.number("capacitance_fF"),
        function=row.text("function") if is_output else "",
        max_load=row.optional("max_load_fF", 0.0),
        is_clock=row.choice("clock", ("", "true")) == "true",
    )


def _edge(row: Row, edge: str) -> Edge | None:
    texts = [row.texts[f"{edge}_{column}"] for column in _EDGE_COLUMNS]
    if not any(texts):
        return None
    return Edge(*(row.number(f"{edge}_{column}") for column in _EDGE_COLUMNS))


def _arc(row: Row, pins: Mapping[str, Pin]) -> Arc:
    for column in ("pin", "related_pin"):
        if row.texts[column] not in pins:
            raise row.error(f"{row.texts['cell']} has no pin {row.texts[column]!r}")
    kind = row.choice("timing_type", (*_DELAYS, *_CHECKS, "internal_power"))
    arc = Arc(
        pin=row.texts["pin"],
        related_pin=row.texts["related_pin"],
        timing_type=kind,
        sense=row.choice("sense", _SENSES if kind in _DELAYS else ("",)),
        rise=_edge(row, "rise"),
        fall=_edge(row, "fall"),
        rise_constraint=row.optional("rise_constraint_ns"),
        fall_constraint=row.optional("fall_constraint_ns"),
        energy=row.optional("internal_energy_fJ", 0.0),
    )
    edges = {"clear": (False, True), "preset": (True, False)}.get(kind, (True, True))
    if arc.is_delay and (arc.rise is not None, arc.fall is not None) != edges:
        raise row.error(f"a {kind} arc with the wrong edges")
    if arc.is_check and arc.rise_constraint is None:
        raise row.error("rise_constraint_ns is empty")
    if not arc.is_check and arc.energy is None:
        raise row.error("internal_energy_fJ is empty")
    if pins[arc.pin].is_output != arc.is_delay:
        raise row.error(f"{arc.pin} is no pin for {kind}")
    return arc


def _check(row: Row, cell: Cell) -> None:
    """Functions name pins; outputs have arcs; cells with a clock have one."""
    clocks = [pin for pin in cell.pins.values() if pin.is_clock]
    if len(clocks) != (cell.kind in ("flipflop", "clockgate")):
        raise row.error(f"{cell.name} is a {cell.kind} with {len(clocks)} clock pins")
    if (cell.kind == "flipflop") != bool(cell.next_state):
        raise row.error(f"{cell.name} is a {cell.kind}: next_state is {cell.next_state!r}")
    outputs = [pin for pin in cell.pins.values() if pin.is_output]
    if not outputs:
        raise row.error(f"{cell.name} has no output")
    known = {*cell.pins, *(("IQ", "IQN") if clocks else ())}
    texts = [cell.next_state, cell.clear, cell.preset, *(pin.function for pin in outputs)]
    for name in re.findall(r"[A-Za-z_]\w*", " ".join(texts)):
        if name not in known:
            raise row.error(f"a function of {cell.name} names {name}, which is no pin")
    for pin in outputs:
        if cell.kind != "tie" and not any(arc.pin == pin.name for arc in cell.arcs):
            raise row.error(f"output {pin.name} of {cell.name} has no arc")


def _known(row: Row, cells: Mapping[str, Row]) -> str:
    name = row.text("cell")
    if name not in cells:
        raise row.error(f"there is no cell {name}")
    return name


def read_cells(directory: str | Path = CONSTRAINTS) -> CellLibrary:
    """The library of ``cells45_cells.csv``, ``cells45_pins.csv``, ``cells45_arcs.csv`` and
    ``library45.csv``. ``TableError`` names file and line of what is wrong."""
    directory = Path(directory)
    heads: dict[str, Row] = {}
    for row in read_rows(directory / "cells45_cells.csv", _CELL_COLUMNS):
        if heads.setdefault(row.text("cell"), row) is not row:
            raise row.error(f"{row.text('cell')} is there twice")
    pins: dict[str, dict[str, Pin]] = {name: {} for name in heads}
    arcs: dict[str, list[Arc]] = {name: [] for name in heads}
    for row in read_rows(directory / "cells45_pins.csv", _PIN_COLUMNS):
        pin = _pin(row)
        if pins[_known(row, heads)].setdefault(pin.name, pin) is not pin:
            raise row.error(f"{row.texts['cell']}.{pin.name} is there twice")
    for row in read_rows(directory / "cells45_arcs.csv", _ARC_COLUMNS):
        cell = _known(row, heads)
        arcs[cell].append(_arc(row, pins[cell]))
    cells = {}
    for name, row in heads.items():
        cells[name] = Cell(
            name=name,
            kind=row.choice("kind", _KINDS),
            area=row.number("area_um2"),
            leakage=row.number("leakage_nW"),
            **{key: row.texts[key] for key in ("next_state", "clear", "preset")},
            pins=pins[name],
            arcs=tuple(arcs[name]),
        )
        _check(row, cells[name])
    return CellLibrary(cells, read_conditions(directory))
