"""
SRAM macros as a Liberty file: black boxes for Yosys, timing for OpenSTA.

A macro has the ports of :class:`hw.memory.Sram` as a macro: ``clk``, ``en``, ``write``, ``addr``
(absent where there is one word), ``wdata`` and ``rdata``; or those of
:class:`hw.memory.DualPortSram`, with ``wen``, ``waddr``, ``ren`` and ``raddr`` instead. A bus of
one bit is a plain pin. Units are those of :mod:`sw.physical.libhead`. Area, times and leakage (both
kinds) are the table's (:mod:`sw.physical.sram`); the rest is a model made of the cell library:

- *Inputs* meet a register at the edge of the macro: setup and hold are those of DFF_X1, by the
  worse edge, and a pin has the capacitance of a BUF_X4's input (``clk`` that of a BUF_X8).
- *Output* of latency 1: the access time after the clock edge. Of latency L above 1: the access has
  the L - 1 periods before the edge that the data comes out at, and what it takes beyond those
  follows that edge; it is at least the time of a DFF_X1 with a BUF_X4 behind it. Wires outside
  add what they add to a BUF_X4.
- *Energy* of an access is not in the file: it is counted from a simulation.

A macro takes one access a cycle at each port, so that its cycle time must be below the period.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import NamedTuple

from .cells import Arc, Cell, CellLibrary, Edge, read_cells
from .libhead import CONSTRAINT, DELAY, library_head
from .libsyntax import Line, Lines, attribute, bus_type, group, table
from .sram import SramFigures, SramTable

__all__ = [
    "MacroGeometry",
    "SramTooSlow",
    "clock_to_output",
    "macro_geometry",
    "macro_liberty",
    "pin_capacitance",
]

_DRIVER, _REGISTER, _CLOCK_BUFFER = "BUF_X4", "DFF_X1", "BUF_X8"
_EDGES = ("rise", "fall")


class SramTooSlow(ValueError):  # noqa: N818
    """An SRAM whose cycle time is above the clock's period; the text names both."""


class MacroGeometry(NamedTuple):
    """What a macro is, as :class:`hw.memory.Macro` has it; ``ports`` are those of the table."""

    depth: int
    width: int
    latency: int
    ports: str = "1rw"

    def price(
        self, srams: SramTable, *, flavour: str = "itrs-lop", temperature: int = 300
    ) -> SramFigures:
        """Its figures."""
        return srams.price(
            self.depth, self.width, ports=self.ports, flavour=flavour, temperature=temperature
        )


def macro_geometry(name: str) -> MacroGeometry | None:
    """What a macro of this name (:class:`hw.memory.MemoryMacros`) is; None of what is no macro."""
    match = re.fullmatch(r"sram_(1rw|1r1w)_(\d+)x(\d+)_l(\d+)", name)
    if match is None:
        return None
    return MacroGeometry(int(match[2]), int(match[3]), int(match[4]), match[1])


def pin_capacitance(pin: str, cells: CellLibrary) -> float:
    """Capacitance of an input of a macro, in fF."""
    return cells[_CLOCK_BUFFER if pin == "clk" else _DRIVER].pins["A"].capacitance


def _arc(cell: Cell, pin: str, timing_type: str) -> Arc:
    return next(arc for arc in cell.arcs if (arc.pin, arc.timing_type) == (pin, timing_type))


def _edges(arc: Arc) -> tuple[Edge, Edge]:
    assert arc.rise is not None and arc.fall is not None
    return arc.rise, arc.fall


def _register_delay(cells: CellLibrary) -> float:
    """Clock to output of a register with the driver behind it, no load, worse edge, ns."""
    driver = cells[_DRIVER]
    load = driver.pins["A"].capacitance
    delays = []
    for register, buffer in zip(
        _edges(_arc(cells[_REGISTER], "Q", "rising_edge")),
        _edges(_arc(driver, "Z", "combinational")),
        strict=True,
    ):
        slew = register.slew + register.slew_per_load * load
        delay = register.delay + register.delay_per_load * load + buffer.delay
        delays.append(delay + buffer.delay_per_slew * (slew - cells.conditions.reference_slew))
    return max(delays)


def clock_to_output(
    figures: SramFigures, latency: int, period_ns: float, cells: CellLibrary
) -> float:
    """Time from the clock edge that ends cycle ``latency`` - 1 of a read to its data at an unloaded
    output, ns."""
    if latency < 1:
        raise ValueError(f"latency of an SRAM must be at least 1, not {latency}")
    if latency == 1:
        return figures.access_ns
    return max(figures.access_ns - (latency - 1) * period_ns, _register_delay(cells))


def _port(name: str, width: int, *parts: str | Lines) -> Lines:
    if width == 1:
        return group("pin", name, *parts)
    return group("bus", name, attribute("bus_type", f"bits_{width}"), *parts)


class _MacroWriter:
    """Groups of macros in one library."""

    def __init__(self, cells: CellLibrary, period_ns: float):
        self.cells = cells
        self.period = period_ns
        self.slews = (0.0, cells.conditions.max_transition)

    def _input(self, name: str, width: int) -> Lines:
        register = self.cells[_REGISTER]
        checks: Lines = []
        for kind in ("setup_rising", "hold_rising"):
            arc = _arc(register, "D", kind)
            worst = max(arc.rise_constraint or 0.0, arc.fall_constraint or 0.0)
            checks += group(
                "timing",
                "",
                attribute("related_pin", '"clk"'),
                attribute("timing_type", kind),
                *(
                    table(f"{edge}_constraint", CONSTRAINT, self.slews, self.slews, Line(worst))
                    for edge in _EDGES
                ),
            )
        return _port(
            name,
            width,
            attribute("direction", "input"),
            attribute("capacitance", pin_capacitance(name, self.cells)),
            checks,
        )

    def _output(self, width: int, delay: float) -> Lines:
        driver = self.cells[_DRIVER]
        largest = driver.pins["Z"].max_load or 1.0
        loads = (0.0, largest)
        tables: Lines = []
        for name, edge in zip(_EDGES, _edges(_arc(driver, "Z", "combinational")), strict=True):
            late = Line(delay, edge.delay_per_load)
            slew = Line(edge.slew, edge.slew_per_load)
            tables += table(f"cell_{name}", DELAY, self.slews, loads, late)
            tables += table(f"{name}_transition", DELAY, self.slews, loads, slew)
        timing = group(
            "timing",
            "",
            attribute("related_pin", '"clk"'),
            attribute("timing_type", "rising_edge"),
            attribute("timing_sense", "non_unate"),
            tables,
        )
        return _port(
            "rdata",
            width,
            attribute("direction", "output"),
            attribute("max_capacitance", largest),
            timing,
        )

    def macro(self, name: str, figures: SramFigures, geometry: MacroGeometry) -> Lines:
        """The ``cell`` group of one macro."""
        if figures.cycle_ns > self.period:
            raise SramTooSlow(
                f"{name}: {figures.depth} x {figures.width} bits take one access in "
                f"{figures.cycle_ns:.3f} ns, and the period is {self.period:.3f} ns"
            )
        address = (figures.depth - 1).bit_length()
        if geometry.ports == "1rw":
            inputs = {"en": 1, "write": 1, "addr": address, "wdata": figures.width}
        else:
            inputs = {"wen": 1, "waddr": address, "wdata": figures.width, "ren": 1}
            inputs["raddr"] = address
        delay = clock_to_output(figures, geometry.latency, self.period, self.cells)
        return group(
            "cell",
            name,
            attribute("area", figures.area_um2),
            attribute("is_macro_cell", "true"),
            attribute("dont_use", "true"),
            attribute("interface_timing", "true"),
            attribute("cell_leakage_power", (figures.leakage_mW + figures.gate_leakage_mW) * 1e6),
            group(
                "pin",
                "clk",
                attribute("direction", "input"),
                attribute("capacitance", pin_capacitance("clk", self.cells)),
                attribute("clock", "true"),
                attribute("min_period", figures.cycle_ns),
            ),
            *(self._input(port, width) for port, width in inputs.items() if width),
            self._output(figures.width, delay),
        )


def macro_liberty(
    macros: Mapping[str, MacroGeometry],
    sram: SramTable,
    period_ns: float,
    *,
    flavour: str = "itrs-lop",
    temperature: int = 300,
    cells: CellLibrary | None = None,
    name: str = "kiln45_sram",
) -> str:
    """
    The text of a Liberty file with macros, as of :class:`hw.memory.MemoryMacros`, at a clock's
    period.

    ``SramTooSlow`` where one cannot take an access in every period, ``SramOutOfRange`` where the
    table does not answer for it. Area, times and leakage are a corner's; the conditions that the
    file names are those of the cells.
    """
    if cells is None:
        cells = read_cells()
    writer = _MacroWriter(cells, period_ns)
    types: set[int] = set()
    lines: Lines = []
    for macro, geometry in macros.items():
        figures = geometry.price(sram, flavour=flavour, temperature=temperature)
        lines += writer.macro(macro, figures, geometry)
        types |= {geometry.width, (geometry.depth - 1).bit_length()}
    buses = [
        line for width in sorted(types) if width > 1 for line in bus_type(f"bits_{width}", width)
    ]
    head = library_head(name, cells.conditions, "SRAM macros at 45 nm; constraints/README.md")
    return "\n".join(group("library", name, head, buses, lines)) + "\n"
