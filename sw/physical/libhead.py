"""
What every Liberty file of Kiln starts with, and so what its units are.

ns, fF, V, mA, kOhm, nW for leakage, um2; internal power in fJ per transition, which is the file's
unit of capacitance times the square of that of voltage. Thresholds are at half the supply, of slews
at 30 and 70 % of it.
"""

from __future__ import annotations

from .conditions import Conditions
from .libsyntax import Lines, attribute, complex_attribute, group, template

__all__ = ["CONSTRAINT", "DELAY", "library_head"]

DELAY, CONSTRAINT = "delay_3x3", "constraint_3x3"
"""Names of the templates that :func:`library_head` defines."""


def _wire_load(name: str, per_pin: float) -> Lines:
    """Capacitance for each pin that a net drives: length is counted in pins."""
    return group(
        "wire_load",
        f'"{name}"',
        attribute("resistance", 0.0),
        attribute("capacitance", per_pin),
        attribute("area", 0.0),
        attribute("slope", 1.0),
        complex_attribute("fanout_length", 1.0, 1.0),
        complex_attribute("fanout_length", 2.0, 2.0),
    )


def library_head(name: str, conditions: Conditions, comment: str) -> Lines:
    """What stands before the cells: units, thresholds, conditions, wire load, templates."""
    wire = f"{name}_wire"
    return [
        complex_attribute("technology", "cmos"),
        attribute("delay_model", "table_lookup"),
        attribute("comment", f'"{comment}"'),
        attribute("time_unit", '"1ns"'),
        attribute("voltage_unit", '"1V"'),
        attribute("current_unit", '"1mA"'),
        attribute("pulling_resistance_unit", '"1kohm"'),
        attribute("leakage_power_unit", '"1nW"'),
        complex_attribute("capacitive_load_unit", "1", "ff"),
        *(
            attribute(f"{kind}_threshold_pct_{edge}", 50.0)
            for kind in ("input", "output")
            for edge in ("rise", "fall")
        ),
        *(
            attribute(f"slew_{level}_threshold_pct_{edge}", value)
            for level, value in (("lower", 30.0), ("upper", 70.0))
            for edge in ("rise", "fall")
        ),
        attribute("slew_derate_from_library", 1.0),
        attribute("nom_process", 1.0),
        attribute("nom_voltage", conditions.voltage),
        attribute("nom_temperature", conditions.temperature),
        *group(
            "operating_conditions",
            "typical",
            attribute("process", 1.0),
            attribute("voltage", conditions.voltage),
            attribute("temperature", conditions.temperature),
            attribute("tree_type", '"balanced_tree"'),
        ),
        attribute("default_operating_conditions", "typical"),
        attribute("default_max_transition", conditions.max_transition),
        attribute("default_fanout_load", 1.0),
        attribute("default_cell_leakage_power", 0.0),
        *(attribute(f"default_{kind}_pin_cap", 0.0) for kind in ("input", "output", "inout")),
        *_wire_load(wire, conditions.wire_capacitance),
        attribute("default_wire_load", f'"{wire}"'),
        attribute("default_wire_load_mode", "top"),
        *template(
            "lu_table_template", DELAY, ("input_net_transition", "total_output_net_capacitance")
        ),
        *template(
            "lu_table_template",
            CONSTRAINT,
            ("related_pin_transition", "constrained_pin_transition"),
        ),
    ]
