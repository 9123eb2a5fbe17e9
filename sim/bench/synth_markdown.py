"""The report of synthesis as a page of Markdown."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from .eie_table2 import ACT_RW_SRAM, COMPONENTS, FILLER_UM2, LNZD_NODE, MODULES, PE
from .synth_notes import method_part, unit_parts
from .synth_power import ElementPower
from .synth_report import CORE_MODULES, RightSized, SynthReport
from .synth_results import Machine, Verdict
from .tables import markdown_table

__all__ = ["synth_page"]

_HEAD = """\
# Area, timing and power at 45 nm

`{command}`, {date}.

Every unit is mapped to standard cells by Yosys and ABC, repaired electrically, and timed by OpenSTA
at {mhz:.0f} MHz; SRAMs are priced by a table of CACTI's. Nothing is placed or routed: a flat
allowance of {allowance:.0%} on cells and SRAMs stands for it wherever it is named. How, and all
constants, are at the end of this page and in [docs/synth.md](../synth.md).
"""

_TABLE2 = """\
Beside Han et al., *EIE* (ISCA 2016), Table II: {pes} PEs, of which this is one. Parts are those
inside the mapped PE, without the allowance. The paper's modules are after placement; {filler:,} um2
of filler cells are beside them. Counters are performance counters, glue is what the PE has outside
its units.{power}
"""

_CORE = """\
Queue, arithmetic and activation read/write: **{ours:,.0f} um2** of cells. The paper's {paper:,.0f}
include its activation SRAM of {kilobytes:g} KB, which is {sram:,.0f} um2 in the table used here and
not in our sum. The paper's ActRW has two register files of 64 words of 16 bits; here one of them,
the accumulators, is 32 bits wide, which makes sums of products exact.
"""

_TOTALS = """\
All PEs with their part of the detection tree and the broadcast, central control, loader, read-out
and registers, each with its SRAMs. Not in it: the read multiplexer and registers of the I/O bus
between PEs and host side. Published figures are Weng and Chien's (AccML 2020), a PE of the paper's
Table II times PEs. Leakage is that of all cells and SRAMs, with SRAMs at both temperatures.{power}
"""

_POWER = """
Power is that of the PEs' gates and SRAMs at work on {workload}, and the leakage of what is
outside of them."""

_SIZED = """\
The smallest wide array whose worst case of {network} takes at most {bar:g} us on the RTL. Memories
are as deep as its layouts need, rounded up, and no SRAM below 64 bytes. "events" is the least that
a size can take; "memories" are the SRAMs and queues of all PEs. The RTL is tried with rising
numbers of multipliers, and the first number that is enough ends the search; sizes that it leaves
out have no time. Of those fast enough, the smallest counts. Names are PEs x lanes x columns in a
group.
"""


def synth_page(report: SynthReport) -> str:
    """The page."""
    method = report.method
    head = _HEAD.format(
        command=report.command,
        date=report.date,
        mhz=1000 / method.period_ns,
        allowance=method.placement_allowance,
    )
    parts = [head, "## Bars\n", _bars(report.verdicts)]
    for machine in report.machines:
        if machine.name in ("paper64", "wide32"):
            parts += _modules(report, machine)
    parts += _totals(report)
    if report.right_sized is not None:
        parts += _right_sized(report.right_sized)
    return "\n".join([*parts, *unit_parts(report), *method_part(report)])


def _bars(verdicts: Sequence[Verdict]) -> str:
    rows = [
        [
            verdict.what,
            f"{verdict.measured:,.4g}" if verdict.measured < 1000 else f"{verdict.measured:,.0f}",
            f"<= {verdict.bar:,g}",
            ("pass" if verdict.passed else "FAIL")
            + ("" if verdict.stretch is None else f"; stretch <= {verdict.stretch:g}: ")
            + ("" if verdict.stretched is None else "met" if verdict.stretched else "not met"),
        ]
        for verdict in verdicts
    ]
    return markdown_table("what|measured|bar|", rows)


def _modules(report: SynthReport, machine: Machine) -> list[str]:
    """Table II, and beside the paper's machine what the paper says."""
    powers = [power for power in report.powers if power.machine == machine.name]
    published = machine.paper_mm2 is not None
    kelvins = sorted(machine.power_w)
    total = sum(module.area_um2 for module in machine.modules)
    rows = []
    for module in machine.modules:
        row = [module.name, ", ".join(module.parts), f"{module.cells_um2:,.0f}"]
        row += [f"{module.sram_um2:,.0f}", f"{module.area_um2:,.0f}"]
        row += [f"{module.area_um2 / total:.2%}"]
        row += [f"{module.power_mw[kelvin]:.3f}" for kelvin in kelvins]
        if published:
            row += [_blank(module.paper_um2, ",.0f"), _blank(module.paper_mw, ".3f")]
        rows.append(row)
    element = machine.element
    row = ["PE", "", f"{element.cells_um2:,.0f}", f"{element.sram_um2:,.0f}", f"{total:,.0f}", ""]
    row += [f"{sum(m.power_mw[kelvin] for m in machine.modules):.3f}" for kelvin in kelvins]
    rows.append([*row, *([f"{PE.area_um2:,.0f}", f"{PE.power_mw:.3f}"] if published else [])])
    allowance = machine.element_um2
    filled = ["PE with the allowance", "", "", "", f"{allowance:,.0f}", "", *([""] * len(kelvins))]
    rows.append([*filled, *(["", ""] if published else [])])
    heads = "module|parts|cells, um2|SRAM, um2|um2|share"
    heads += "".join(f"|mW at {kelvin} K" for kelvin in kelvins)
    heads += "|paper, um2|paper, mW" if published else ""
    power = _POWER.format(workload=machine.workload) if kelvins else ""
    text = _TABLE2.format(pes=machine.config["n_pe"], filler=FILLER_UM2, power=power)
    parts = [f"## A PE of {machine.name}\n", text, markdown_table(heads, rows, 2)]
    if published:
        parts += [_core(report, machine), _lnzd(machine)]
    return [*parts, *_components(powers, published)]


def _core(report: SynthReport, machine: Machine) -> str:
    depth, width = ACT_RW_SRAM
    sram = next(
        (
            srm.area_um2
            for srm in report.srams
            if srm.macro.startswith(f"sram_1rw_{depth}x{width}_")
        ),
        0.0,
    )
    return _CORE.format(
        ours=sum(module.cells_um2 for module in machine.modules if module.name in CORE_MODULES),
        paper=sum(MODULES[name].area_um2 for name in CORE_MODULES),
        kilobytes=depth * width / 8192,
        sram=sram,
    )


def _lnzd(machine: Machine) -> str:
    node = next(line for line in machine.lines if line.unit == "eie.lnzd")
    return (
        f"A node of the detection tree, {node.count} of them: {node.cells_um2:,.0f} um2; the "
        f"paper's is {LNZD_NODE.area_um2:g} um2 and {LNZD_NODE.power_mw:g} mW.\n"
    )


def _components(powers: Sequence[ElementPower], published: bool) -> list[str]:
    if not powers:
        return []
    rows = []
    for name, paper in COMPONENTS.items():
        row = [name.replace("_", " "), *(f"{each.component_mw(name):.3f}" for each in powers)]
        rows.append([*row, *([f"{paper.power_mw:.3f}"] if published else [])])
    rows.append(["all", *(f"{each.total_mw:.3f}" for each in powers)])
    rows[-1] += [f"{PE.power_mw:.3f}"] if published else []
    rows.append(["leakage in it", *(f"{each.leakage_total_mw:.3f}" for each in powers)])
    rows[-1] += [""] if published else []
    heads = "".join(f"|{each.workload}, {each.temperature_k} K" for each in powers)
    heads = f"mW of a PE{heads}{'|paper' if published else ''}"
    runs = {each.workload: (each.inferences, each.mismatches) for each in powers}
    done, wrong = (sum(run[k] for run in runs.values()) for k in (0, 1))
    text = f"{done} inferences with a PE of gates, {wrong} of "
    text += "them with an output that is not the golden model's.\n"
    return [markdown_table(heads, rows), text]


def _totals(report: SynthReport) -> list[str]:
    powered = any(machine.power_w for machine in report.machines)
    rows = []
    for machine in report.machines:
        row = [machine.name, f"{machine.cells_mm2:.2f}", f"{machine.sram_mm2:.2f}"]
        row += [f"{machine.area_mm2:.2f}", _blank(machine.paper_mm2, ".3g")]
        row += [f"{1e-3 * machine.leakage_mw(kelvin):.3f}" for kelvin in _kelvins(machine)]
        if powered:
            row += [f"{watt:.3f}" for _, watt in sorted(machine.power_w.items())] or ["", ""]
        rows.append([*row, _blank(machine.paper_w, ".2g")])
    at = [f"{kelvin} K" for kelvin in _kelvins(report.machines[0])]
    heads = "machine|cells, mm2|SRAM, mm2|with allowance, mm2|published, mm2"
    heads += "".join(f"|leakage at {kelvin}, W" for kelvin in at)
    heads += "".join(f"|W at {kelvin}" for kelvin in at) if powered else ""
    names = {each.workload for each in report.machines if each.workload}
    power = _POWER.format(workload=" and ".join(sorted(names))) if powered else ""
    lines = [
        [
            machine.name,
            line.unit,
            str(line.count),
            f"{line.cells_um2:,.0f}",
            f"{line.sram_um2:,.0f}",
        ]
        for machine in report.machines
        for line in machine.lines
    ]
    return [
        "## Whole machines\n",
        _TOTALS.format(power=power),
        markdown_table(f"{heads}|published, W", rows),
        markdown_table("machine|unit|how many|cells of one, um2|SRAM of one, um2", lines, 2),
    ]


def _right_sized(result: RightSized) -> list[str]:
    rows = []
    for each in result.candidates:
        config = each.parameters
        row = [each.name, str(each.multipliers), f"{config.queue_depth}", f"{config.file_depth}"]
        row += [f"{8 * config.spmat_depth:,}", f"{2 * config.ptr_depth:,}"]
        row += [f"{each.memory_um2 / 1e6:.3f}", f"{each.event_us:.3f}"]
        row += [_blank(each.worst_us, ".3f"), _blank(each.real_us, ".3f")]
        area = result.areas_mm2.get(each.name) if each.fits else None
        rows.append([*row, _blank(area, ".3f")])
    heads = "size|multipliers|queue|file|weights, bytes a PE|pointers, bytes a PE|memories, mm2"
    heads += "|events, us|worst, us|real, us|all with allowance, mm2"
    machine = result.machine
    text = f"**{machine.name}**: {machine.area_mm2:.3f} mm2 with the allowance, "
    text += f"{result.worst_us:.3f} us at worst, {result.real_us:.3f} us on real requests."
    text += f"{_energy(result)}\n"
    lines = [
        [line.unit, str(line.count), f"{line.cells_um2:,.0f}", f"{line.sram_um2:,.0f}"]
        for line in machine.lines
    ]
    return [
        f"## Cut to {result.network}\n",
        _SIZED.format(network=result.network, bar=result.latency_bar_us),
        markdown_table(heads, rows),
        text,
        markdown_table("unit|how many|cells of one, um2|SRAM of one, um2", lines),
    ]


def _energy(result: RightSized) -> str:
    if not result.energy_uj:
        leakage = _each(result.machine.leakage_mw(kelvin) for kelvin in _kelvins(result.machine))
        return f" Leakage is {leakage} mW with SRAMs at {_each(_kelvins(result.machine))} K."
    energy, power = _sorted(result.energy_uj), _sorted(result.power_w)
    return (
        f" A prediction at worst takes {_each(energy)} uJ with SRAMs at "
        f"{_each(sorted(result.energy_uj))} K; at {result.rate:,.0f} a second, with the clock "
        f"stopped in between, that is {_each(power)} W, leakage included."
    )


def _sorted(by_kelvin: Mapping[int, float]) -> list[float]:
    return [value for _, value in sorted(by_kelvin.items())]


def _each(values: object) -> str:
    assert hasattr(values, "__iter__")
    return " and ".join(f"{value:.3g}" for value in values)


def _kelvins(machine: Machine) -> list[int]:
    return sorted(machine.element.leakage_mw)


def _blank(value: float | None, form: str) -> str:
    return "" if value is None else format(value, form)
