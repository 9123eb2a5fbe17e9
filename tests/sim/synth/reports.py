"""Made-up results of synthesis."""

from sim.synth.cnn_power import MachinePower
from sw.physical.synthesis import CellCount, PartReport, UnitReport


def unit_report(name="eie.queue", *, area=100.0, macros=None, parts=None, **changes):
    """A report of inverters of that area in total, and of SRAM macros of 1,000 um2 each."""
    macros = macros or {}
    areas = parts or {"(top)": area}
    fields = {
        "name": name,
        "period_ns": 1.25,
        "area_um2": area,
        "macro_area_um2": 1000.0 * sum(macros.values()),
        "cells": {"INV_X1": CellCount(count=10, area_um2=area)},
        "macros": macros,
        "flip_flops": 3,
        "clock_gates": 1,
        "repair_buffers": 2,
        "parts": {
            part: PartReport(area_um2=um2, flip_flops=1, clock_gates=0, recipe="area")
            for part, um2 in areas.items()
        },
        "slack_ns": 0.1,
        "start": "a/Q",
        "end": "b/D",
        "critical_path": [],
        "loops": 0,
    }
    return UnitReport(**{**fields, **changes})


def machine_power(**changes):
    """Of a machine that draws 40 mW where it is cool: 0.4 uJ for each frame of 10 us."""
    fields = {
        "network": "digits",
        "images": 3,
        "mismatches": 0,
        "frames": 2,
        "cycles": 16000,
        "clock_mhz": 800.0,
        "dynamic_mw": {"weights": 12.0, "clock network": 10.0, "combinational": 8.0},
        "leakage_mw": {
            300: {"weights": 4.0, "cells": 6.0},
            350: {"weights": 9.0, "cells": 6.0},
        },
        "units_mw": {"convstage": 29.0, "meter": 1.0},
        "reads": {"weights": 8000.0},
        "writes": {},
        "clocked": 0.5,
        "clock_tree_um2": 100.0,
    }
    return MachinePower(**{**fields, **changes})
