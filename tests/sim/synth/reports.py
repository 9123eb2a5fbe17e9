"""Made-up results of synthesis."""

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
