"""Units one by one, and the method, as parts of the page of synthesis."""

from __future__ import annotations

from dataclasses import fields
from itertools import groupby

from sw.physical.timing import Budget

from .synth_report import SynthReport
from .synth_results import UnitLine
from .tables import markdown_table

__all__ = ["method_part", "unit_parts"]

_UNITS = """\
Each unit alone, the PE with all its parts. Worst path and slack are of static timing analysis with
inputs {input:g} ns after a clock edge and outputs {output:g} ns before one; "kinds" are the three
kinds of cells with the largest area. The JSON file has all kinds, all parts of each PE, and each
stage of the worst paths.
"""

_METHOD = """\
- *Cells*: library `{library}`, from {source} (digest {digest}).
- *Wires*: {wire:g} fF for each pin that a net goes to (wire load `{wire_load}`); no resistance.
- *Clock*: {period:g} ns, ideal. Buffers of its tree are not in the areas.
- *Ports*: inputs arrive {input:g} ns after the edge, through a {driver}; outputs are due {output:g}
  ns before it and drive {load:g} fF.{budgets}{exceptions}
- *Repair*: no output drives more than {share:.0%} of the largest load of its cell.
- *SRAMs*: single-port, of devices `{flavour}`, from CACTI 7.0; between its points straight lines
  over the logarithms of capacity and width. Their area and time do not depend on temperature.
- *Placement*: {allowance:.0%} of cells and SRAMs, where an area is "with the allowance".
- *Leakage*: cells at the library's own temperature, SRAMs at the one that is named.
- *Tools*: {tools}.
"""


def unit_parts(report: SynthReport) -> list[str]:
    """A table of units for each machine."""
    method = report.method
    parts = [
        "## Units\n",
        _UNITS.format(input=method.input_delay_ns, output=method.output_delay_ns),
    ]
    heads = "unit|cells|flip-flops|clock gates|um2|SRAM, um2|slack, ns|loops|worst path|kinds"
    for machine, lines in groupby(report.units, lambda unit: unit.machine):
        table = markdown_table(heads, map(_unit_row, lines))
        parts += [f"### {machine}\n", table.replace("$", "\\$")]
    return parts


def _unit_row(unit: UnitLine) -> list[str]:
    report = unit.report
    largest = sorted(report.cells.items(), key=lambda item: -item[1].area_um2)[:3]
    kinds = ", ".join(f"{cell.count:,} {kind}" for kind, cell in largest)
    return [
        report.name,
        f"{sum(cell.count for cell in report.cells.values()):,}",
        f"{report.flip_flops:,}",
        f"{report.clock_gates:,}",
        f"{report.area_um2:,.0f}",
        f"{report.macro_area_um2:,.0f}",
        "" if report.slack_ns is None else f"{report.slack_ns:+.3f}",
        str(report.loops),
        f"{report.start} → {report.end}" if report.start else "",
        kinds,
    ]


def method_part(report: SynthReport) -> list[str]:
    """What everything rests on, and the SRAMs."""
    method = report.method
    budgets = "".join(
        f" `{name}`: {', '.join(f'{key} {value}' for key, value in _differing(budget))}."
        for name, budget in method.budgets.items()
    )
    ports = sorted({port for each in method.exceptions.values() for port in each})
    exceptions = ""
    if ports:
        names, units = (
            ", ".join(f"`{name}`" for name in some) for some in (ports, method.exceptions)
        )
        exceptions = (
            f" Of the inputs {names}, bits that are there a cycle before anything looks at "
        )
        exceptions += f"them have two periods, and those that never change are not timed ({units})."
    text = _METHOD.format(
        exceptions=exceptions,
        library=method.library,
        source=method.library_source,
        digest=method.library_digest[:12],
        wire=method.wire_ff,
        wire_load=method.wire_load,
        period=method.period_ns,
        input=method.input_delay_ns,
        output=method.output_delay_ns,
        driver=method.driver,
        load=method.output_load_ff,
        budgets=budgets,
        share=method.load_share,
        flavour=method.flavour,
        allowance=method.placement_allowance,
        tools=", ".join(method.tools),
    )
    rows = []
    for price in report.srams:
        row = [price.macro, f"{price.area_um2:,.0f}", f"{price.access_ns:.3f}"]
        row += [f"{price.cycle_ns:.3f}", f"{price.read_pj:.3f}", f"{price.write_pj:.3f}"]
        row += [f"{mw:.4f}" for _, mw in sorted(price.leakage_mw.items())]
        rows.append([*row, "yes" if price.extrapolated else "", price.how])
    kelvins = sorted(report.srams[0].leakage_mw) if report.srams else []
    heads = "SRAM|um2|access, ns|cycle, ns|read, pJ|write, pJ"
    heads += "".join(f"|leakage at {kelvin} K, mW" for kelvin in kelvins)
    return ["## Method\n", text, markdown_table(f"{heads}|extrapolated|of the table", rows)]


def _differing(budget: dict[str, object]) -> list[tuple[str, object]]:
    """What a budget has that differs from the usual one."""
    usual = Budget()
    return [
        (field.name.replace("_", " "), budget[field.name])
        for field in fields(Budget)
        if budget[field.name] != getattr(usual, field.name)
    ]
