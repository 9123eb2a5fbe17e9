"""Long wires: a repeater every half millimetre, from the cell table."""

from __future__ import annotations

from .cells import CellLibrary, Edge

__all__ = ["REPEATER", "SPACING_MM", "WIRE_FF_PER_UM", "repeated_wire"]

REPEATER = "BUF_X8"
SPACING_MM = 0.5
WIRE_FF_PER_UM = 0.2
"""Kiln's choice, that of the local wires in ``library45.csv``; a wire has no resistance here."""


def repeated_wire(cells: CellLibrary, length_mm: float) -> float:
    """Delay in ns of a wire with repeaters: each drives its piece of wire and the next one, with
    the slew that the one before leaves; the slower edge counts, all the way."""
    repeater = cells[REPEATER]
    arc = next(arc for arc in repeater.arcs if arc.is_delay)
    load = 1000 * SPACING_MM * WIRE_FF_PER_UM + repeater.pins[arc.related_pin].capacitance

    def stage(edge: Edge) -> float:
        slew = edge.slew + edge.slew_per_load * load
        late = edge.delay_per_slew * (slew - cells.conditions.reference_slew)
        return edge.delay + edge.delay_per_load * load + late

    slowest = max(stage(edge) for edge in (arc.rise, arc.fall) if edge is not None)
    return slowest * length_mm / SPACING_MM
