"""
The cell library as a Liberty file, for Yosys, ABC and OpenSTA.

Units are those of :mod:`sw.physical.libhead`. Tables of delay and output slew hold the linear
fits of :mod:`sw.physical.cells` over the range of slew (0 to the largest) and load (0 to the
largest of the pin): interpolation between, and extrapolation beyond, give the fits themselves.

Kiln's own choices, where the tables have no figure:

- Setup, hold, recovery and removal do not depend on slews. A check without a figure for the falling
  edge of its pin has only the rising one (release of a reset).
- A pulse at a clock, reset or set must last as long as the slowest delay that it starts, at no
  load and the reference slew.
- Power of rise and fall are the same.
- A net has a wire capacitance in proportion to its fan-out, and no resistance: the default wire
  load model, whose name is the library's with ``_wire`` behind it.
"""

from __future__ import annotations

from collections.abc import Iterable

from .cells import Arc, Cell, CellLibrary, Edge, Pin
from .conditions import Conditions
from .libhead import CONSTRAINT, DELAY, library_head
from .libsyntax import Line, Lines, attribute, complex_attribute, group, number, table

__all__ = ["write_liberty"]

_LATCH = '"L L : - : L , L H : - : H , H - : - : N"'


def _axis(largest: float) -> tuple[float, ...]:
    """Points of a table. Two would do for a straight line; ABC takes three and more only."""
    return (0.0, largest / 2, largest)


class _CellWriter:
    """Groups of one cell."""

    def __init__(self, cell: Cell, conditions: Conditions):
        self.cell = cell
        self.reference = conditions.reference_slew
        self.slews = _axis(conditions.max_transition)

    def lines(self) -> Lines:
        """The ``cell`` group."""
        cell = self.cell
        return group(
            "cell",
            cell.name,
            attribute("area", cell.area),
            attribute("cell_leakage_power", cell.leakage),
            self._state(),
            *(self._pin(pin) for pin in cell.pins.values()),
        )

    def _state(self) -> Lines:
        cell = self.cell
        if cell.kind == "clockgate":
            enable = next(pin for pin in cell.pins.values() if not (pin.is_output or pin.is_clock))
            return [
                attribute("clock_gating_integrated_cell", '"latch_posedge"'),
                *group(
                    "statetable",
                    f'"{cell.clock} {enable.name}", "IQ"',
                    attribute("table", _LATCH),
                ),
                *group(
                    "pin",
                    "IQ",
                    attribute("direction", "internal"),
                    attribute("internal_node", '"IQ"'),
                ),
            ]
        if cell.kind == "flipflop":
            states = {"next_state": cell.next_state, "clear": cell.clear, "preset": cell.preset}
            return group(
                "ff",
                "IQ, IQN",
                attribute("clocked_on", f'"{cell.clock}"'),
                [attribute(name, f'"{text}"') for name, text in states.items() if text],
            )
        return []

    def _pin(self, pin: Pin) -> Lines:
        arcs = [arc for arc in self.cell.arcs if arc.pin == pin.name]
        powers = {arc.related_pin: arc for arc in arcs if arc.energy is not None}
        return group(
            "pin",
            pin.name,
            self._output(pin) if pin.is_output else self._input(pin),
            *(self._delay(arc, pin) for arc in arcs if arc.is_delay),
            *(self._check(arc) for arc in arcs if arc.is_check),
            *(self._power(arc) for arc in powers.values()),
        )

    def _output(self, pin: Pin) -> Lines:
        lines = [attribute("direction", "output")]
        if self.cell.kind == "clockgate":
            lines += [
                attribute("state_function", f'"{pin.function}"'),
                attribute("clock_gate_out_pin", "true"),
            ]
        else:
            lines.append(attribute("function", f'"{pin.function}"'))
        if pin.max_load is not None:
            lines.append(attribute("max_capacitance", pin.max_load))
        return lines

    def _input(self, pin: Pin) -> Lines:
        lines = [attribute("direction", "input"), attribute("capacitance", pin.capacitance)]
        if pin.is_clock:
            lines.append(attribute("clock", "true"))
        if self.cell.kind == "clockgate":
            role = "clock" if pin.is_clock else "enable"
            lines.append(attribute(f"clock_gate_{role}_pin", "true"))
        started = [arc for arc in self.cell.arcs if arc.is_delay and arc.related_pin == pin.name]
        if started and self.cell.kind in ("flipflop", "clockgate"):
            edges = [edge for arc in started for edge in (arc.rise, arc.fall) if edge is not None]
            pulse = max(edge.delay for edge in edges)
            if pin.is_clock:
                lines.append(attribute("min_pulse_width_high", pulse))
            lines.append(attribute("min_pulse_width_low", pulse))
        return lines

    def _delay(self, arc: Arc, pin: Pin) -> Lines:
        loads = _axis(pin.max_load or 1.0)
        parts: list[Iterable[str]] = []
        for name, edge in (("rise", arc.rise), ("fall", arc.fall)):
            if edge is not None:
                parts.append(self._delays(f"cell_{name}", edge, loads))
                parts.append(self._slews(f"{name}_transition", edge, loads))
        return group(
            "timing",
            "",
            attribute("related_pin", f'"{arc.related_pin}"'),
            attribute("timing_type", arc.timing_type),
            attribute("timing_sense", arc.sense),
            *parts,
        )

    def _delays(self, kind: str, edge: Edge, loads: tuple[float, ...]) -> Lines:
        def delay(slew: float, load: float) -> float:
            late = edge.delay_per_slew * (slew - self.reference)
            return max(0.0, edge.delay + edge.delay_per_load * load + late)

        return table(kind, DELAY, self.slews, loads, delay)

    def _slews(self, kind: str, edge: Edge, loads: tuple[float, ...]) -> Lines:
        return table(kind, DELAY, self.slews, loads, Line(edge.slew, edge.slew_per_load))

    def _check(self, arc: Arc) -> Lines:
        parts = []
        for name, value in (("rise", arc.rise_constraint), ("fall", arc.fall_constraint)):
            if value is not None:
                kind = f"{name}_constraint"
                parts.append(table(kind, CONSTRAINT, self.slews, self.slews, Line(value)))
        return group(
            "timing",
            "",
            attribute("related_pin", f'"{arc.related_pin}"'),
            attribute("timing_type", arc.timing_type),
            *parts,
        )

    def _power(self, arc: Arc) -> Lines:
        energy = complex_attribute("values", f'"{number(arc.energy or 0.0)}"')
        return group(
            "internal_power",
            "",
            [attribute("related_pin", f'"{arc.related_pin}"')] if arc.is_delay else [],
            group("rise_power", "scalar", energy),
            group("fall_power", "scalar", energy),
        )


def write_liberty(library: CellLibrary, name: str = "kiln45") -> str:
    """The text of a Liberty file with every cell of the library."""
    comment = "linear fits of a 45 nm open cell library, typical corner; constraints/README.md"
    cells = [line for cell in library for line in _CellWriter(cell, library.conditions).lines()]
    head = library_head(name, library.conditions, comment)
    return "\n".join(group("library", name, head, cells)) + "\n"
