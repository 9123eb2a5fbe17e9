"""Pins of library cells and SRAM macros alike: direction, load, whether it is a clock."""

from __future__ import annotations

from .cells import Cell, CellLibrary
from .flat import FlatNetlist, Leaf
from .macros import macro_geometry, pin_capacitance

__all__ = ["Pins"]


class Pins:
    """
    Parameters
    ----------
    cells : CellLibrary
        What is not in it must be a macro.
    """

    def __init__(self, cells: CellLibrary):
        self._cells = cells

    def cell(self, leaf: Leaf) -> Cell | None:
        """The cell of a leaf; None of a macro."""
        return None if macro_geometry(leaf.kind) is not None else self._cells[leaf.kind]

    def kind(self, leaf: Leaf) -> str:
        """``macro``, or the kind of cell: gate, flipflop, clockgate, tie."""
        cell = self.cell(leaf)
        return "macro" if cell is None else cell.kind

    def is_output(self, leaf: Leaf, pin: str) -> bool:
        """Whether the leaf drives the pin."""
        cell = self.cell(leaf)
        return pin == "rdata" if cell is None else cell.pins[pin].is_output

    def is_clock(self, leaf: Leaf, pin: str) -> bool:
        """Whether the pin is a clock input."""
        cell = self.cell(leaf)
        return pin == "clk" if cell is None else cell.pins[pin].is_clock

    def capacitance(self, leaf: Leaf, pin: str) -> float:
        """Of an input, in fF."""
        cell = self.cell(leaf)
        return pin_capacitance(pin, self._cells) if cell is None else cell.pins[pin].capacitance

    def check(self, netlist: FlatNetlist) -> None:
        """``ValueError`` naming the first leaf that is neither cell nor macro."""
        for leaf in netlist.leaves:
            if macro_geometry(leaf.kind) is None and leaf.kind not in self._cells.cells:
                raise ValueError(f"the library has no cell {leaf.kind}, which {leaf.name} is")
