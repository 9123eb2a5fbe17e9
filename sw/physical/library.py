"""The cell library of a run: Kiln's own, written from its tables, or the user's Liberty file."""

from __future__ import annotations

import hashlib
import re
from dataclasses import dataclass
from pathlib import Path

from .cells import read_cells
from .conditions import Conditions
from .liberty import write_liberty
from .mapping import load_unit

__all__ = ["CellFile", "LibraryError", "load_library"]

WIRE_LOAD = "kiln_wire"


class LibraryError(ValueError):
    """A Liberty file that the flow cannot use; the text names it and says why."""


@dataclass(frozen=True)
class CellFile:
    """
    Parameters
    ----------
    name : str
        Of the library.
    source : str
        Where it comes from.
    text : str
        Liberty, with a wire load model ``kiln_wire``: a capacitance in proportion to the fan-out.
    conditions : Conditions
        Those of the tables; of a foreign library only the wire's figures count.
    buffer : str
        Cell for repairs.
    ties : tuple of str
        ``"CELL PIN"`` of the constants 1 and 0.
    """

    name: str
    source: str
    text: str
    conditions: Conditions
    buffer: str
    ties: tuple[str, str]

    @property
    def key(self) -> str:
        """Digest of the text."""
        return hashlib.sha256(self.text.encode()).hexdigest()

    @property
    def clock_pins(self) -> dict[str, str]:
        """Clock input of each sequential cell."""
        return _clock_pins(self.text)

    @property
    def clock_gates(self) -> frozenset[str]:
        """Integrated clock gates."""
        return frozenset(
            name
            for name, body in _cells(self.text)
            if re.search(r"clock_gating_integrated_cell\s*:", body)
        )

    @property
    def clock_gate(self) -> str:
        """Verilog of ``kiln_clock_gate (clk, en, gated)``, whose enable counts at the clock's
        rise: the smallest integrated gate with a latch."""
        gates = []
        for name, body in _cells(self.text):
            kind = re.search(r"clock_gating_integrated_cell\s*:\s*\"?latch_posedge", body)
            area = re.search(r"\barea\s*:\s*\"?([\d.]+)", body)
            if kind and area:
                gates.append((float(area[1]), name, _gate_pins(body)))
        if not gates:
            raise LibraryError(f"{self.source}: no clock gate with a latch")
        _, name, pins = min(gates)
        wires = {"clock": "clk", "enable": "en", "out": "gated", "test": "1'b0"}
        joined = ", ".join(f".{pin}({wires[role]})" for pin, role in pins)
        ports = "input clk, input en, output gated"
        return f"module kiln_clock_gate ({ports});\n  {name} gate ({joined});\nendmodule\n"


def load_library(path: Path | None = None) -> CellFile:
    """Kiln's own cells, or those of a Liberty file of the user's."""
    own = read_cells()
    if path is None:
        text, source = write_liberty(own), "constraints/cells45_*.csv"
    else:
        try:
            text, source = path.read_text(), str(path)
        except (OSError, UnicodeDecodeError) as error:
            raise LibraryError(f"{path}: {error}") from error
    match = re.search(r"\blibrary\s*\(\s*\"?([\w.$-]+)\"?\s*\)\s*\{", text)
    if match is None:
        raise LibraryError(f"{source}: no library group in it; is it a Liberty file?")
    wire = own.conditions.wire_capacitance / load_unit(text)
    model = (
        f'\n  wire_load ("{WIRE_LOAD}") {{ resistance : 0; capacitance : {wire:.9g}; area : 0; '
        "slope : 1; fanout_length (1, 1); }\n"
    )
    end = _after_units(text, match.end())
    text = text[:end] + model + text[end:]
    cells = dict(_cells(text))
    return CellFile(
        name=match[1],
        source=source,
        text=text,
        conditions=own.conditions,
        buffer=_buffer(cells, source),
        ties=(_tie(cells, "1", source), _tie(cells, "0", source)),
    )


def _after_units(text: str, start: int) -> int:
    """Behind the head of the library, before its first cell: units are set there."""
    first = re.search(r"\bcell\s*\(", text[start:])
    return start + first.start() if first else start


def _cells(text: str) -> list[tuple[str, str]]:
    """Name and body of each cell group."""
    found = []
    heads = list(re.finditer(r"\bcell\s*\(\s*\"?([\w$]+)\"?\s*\)\s*\{", text))
    for head, following in zip(heads, [*heads[1:], None], strict=True):
        found.append((head[1], text[head.end() : following.start() if following else len(text)]))
    return found


def _clock_pins(text: str) -> dict[str, str]:
    pins = {}
    for name, body in _cells(text):
        for pin, inside in _pins(body):
            if re.search(r"\bclock\s*:\s*\"?true", inside):
                pins[name] = pin
    return pins


def _gate_pins(body: str) -> list[tuple[str, str]]:
    """Pins of a clock gate, each with its role: clock, enable, out or test."""
    found = []
    for name, pin in _pins(body):
        role = re.search(r"\bclock_gate_(clock|enable|out|test)_pin\s*:\s*\"?true", pin)
        if role is not None:
            found.append((name, role[1]))
    return found


def _pins(body: str) -> list[tuple[str, str]]:
    """Name and body of each pin of a cell."""
    pins = re.finditer(r"\bpin\s*\(\s*\"?(\w+)\"?\s*\)\s*\{(.*?)(?=\bpin\s*\(|\Z)", body, re.S)
    return [(pin[1], pin[2]) for pin in pins]


def _functions(body: str) -> list[tuple[str, str]]:
    found = []
    for pin, inside in _pins(body):
        function = re.search(r"\bfunction\s*:\s*\"([^\"]*)\"", inside)
        if function is not None:
            found.append((pin, function[1].strip("() ")))
    return found


def _buffer(cells: dict[str, str], source: str) -> str:
    """The buffer of drive 8, or the largest below."""
    buffers = []
    for name, body in cells.items():
        drive = re.fullmatch(r"BUF_X(\d+)", name)
        functions = _functions(body)
        if drive and len(functions) == 1 and int(drive[1]) <= 8:
            buffers.append((int(drive[1]), name))
    if not buffers:
        raise LibraryError(f"{source}: no buffer BUF_X8 or smaller")
    return max(buffers)[1]


def _tie(cells: dict[str, str], value: str, source: str) -> str:
    for name, body in cells.items():
        for pin, function in _functions(body):
            if function == value:
                return f"{name} {pin}"
    raise LibraryError(f"{source}: no cell for the constant {value}")
