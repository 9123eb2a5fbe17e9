"""
Functional Verilog of the standard cells, without delays, for simulating a mapped netlist.

Gates are their Boolean functions, as the table of pins has them. A flip-flop takes its next state
at the rising edge of its clock; clear and preset are asynchronous, and clear wins. A clock gate is
a latch, transparent while the clock is low, and an AND: its output cannot move while the clock is
high. States have no value at power-up.
"""

from __future__ import annotations

import re
from collections.abc import Iterable

from .cells import Cell, CellLibrary

__all__ = ["cell_models"]


def cell_models(library: CellLibrary, kinds: Iterable[str] | None = None) -> str:
    """Verilog modules of all cells, or of those that are named."""
    chosen = list(library) if kinds is None else [library[kind] for kind in sorted(set(kinds))]
    return "\n".join(map(_module, chosen))


def _module(cell: Cell) -> str:
    lines = [f"module {cell.name}({', '.join(cell.pins)});"]
    for pin in cell.pins.values():
        lines.append(f"  {'output' if pin.is_output else 'input'} {pin.name};")
    if cell.kind == "flipflop":
        lines += _flip_flop(cell)
    elif cell.kind == "clockgate":
        lines += _latch(cell)
    for pin in cell.pins.values():
        if pin.is_output:
            lines.append(f"  assign {pin.name} = {_expression(pin.function)};")
    return "\n".join([*lines, "endmodule", ""])


def _flip_flop(cell: Cell) -> list[str]:
    """``IQ`` and ``IQN``; a clear or preset that is the complement of a pin acts on its fall."""
    assigns = []
    edges = [f"posedge {cell.clock}"]
    for condition, value in ((cell.clear, "1'b0"), (cell.preset, "1'b1")):
        if condition:
            assigns.append(f"if ({_expression(condition)}) IQ <= {value}; else ")
            for name in re.findall(r"\w+", condition):
                edges.append(f"{'negedge' if f'!{name}' in condition else 'posedge'} {name}")
    return [
        "  reg IQ;",
        "  wire IQN = ~IQ;",
        f"  always @({' or '.join(edges)})",
        f"    {''.join(assigns)}IQ <= {_expression(cell.next_state)};",
    ]


def _latch(cell: Cell) -> list[str]:
    """``IQ``: the enable of a clock gate, held while the clock is high."""
    inputs = [pin.name for pin in cell.pins.values() if not (pin.is_output or pin.is_clock)]
    return [
        "  reg IQ;",
        f"  always_latch if (~{cell.clock}) IQ = {' | '.join(inputs)};",
    ]


def _expression(function: str) -> str:
    """A Liberty function in Verilog; constants get their width."""
    text = function.replace("!", "~")
    return re.sub(r"(?<!\w)([01])(?!\w)", r"1'b\1", text)
