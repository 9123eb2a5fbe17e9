"""Area, clock, power and energy of streaming networks, on the benchmark's page."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from sim.bench.tables import markdown_table
from sim.synth.cnn import MemoryKind
from sim.synth.cnn_power import MachinePower
from sw.physical.sram import TEMPERATURES

from .costs import CostRow, Costs

__all__ = ["costs_parts"]

_HEAD = """\
The three machines through the flow of [docs/synth.md](../synth.md), as the array's units go: cells
of Kiln's own library unless the command names another, SRAMs of CACTI's table. Nothing is placed or
routed. Logic is synthesised, small memories of flip-flops included, clock trees not. SRAMs smaller
or narrower than the table's are extrapolated from it. A path is *worst* among all units, each timed
alone at 800 MHz; the clock is what it allows.
"""

_POWER = """\
Power is measured as that of the array's PEs: in the RTL of the machine one of each distinct unit is
replaced by its netlist, and counts as often as the machine has such a unit; shipped weights, test
images, every logit compared. Transitions of all nets and accesses of all SRAMs, from the first
result to a later one, while every unit has work, times the energies of the tables, and leakage: at
800 MHz, whether or not the worst path allows it. Estimated are clock trees and wires, a capacitance
for each pin. Gates are simulated without delays and have no hazards, so that *combinational* is a
lower bound. SRAMs are at the temperature that is named, cells at the library's own. What an SRAM
takes has the nets in it that it drives.
"""

_MISSING = """\
{network}: not synthesised. `{command}` does it, and this page has its costs when it is made again.
"""

_NO_POWER = """\
Power of {network} is not measured in that report; `{command}` does it.
"""


def costs_parts(costs: Sequence[Costs]) -> Iterator[str]:
    """Text and tables, network by network."""
    yield "## Area, clock and energy at 45 nm\n"
    yield _HEAD
    if any(row.power for each in costs for row in each.machines):
        yield _POWER
    for each in costs:
        if not each.machines:
            yield _MISSING.format(network=each.network, command=each.command)
            continue
        yield f"### {each.network}\n"
        yield f"`{each.command}`, {each.date}.\n"
        yield _table(each.machines, _areas(each))
        powers = [row.power for row in each.machines if row.power is not None]
        if len(powers) < len(each.machines):
            command = f"kiln synth cnn --network {each.network}"
            yield _NO_POWER.format(network=each.network, command=command)
            continue
        yield _table(each.machines, _powers(powers))


def _table(rows: Sequence[CostRow], lines: Iterator[tuple[str, list[str]]]) -> str:
    head = "|".join(["", *(row.machine for row in rows)])
    return markdown_table(head, ([what, *cells] for what, cells in lines))


def _areas(costs: Costs) -> Iterator[tuple[str, list[str]]]:
    rows = costs.machines
    yield "logic, mm2", [f"{row.logic_mm2:.4f}" for row in rows]
    for kind in (each.value for each in MemoryKind):
        if any(row.sram_mm2[kind] for row in rows):
            yield f"SRAM, {kind}, mm2", [f"{row.sram_mm2[kind]:.4f}" for row in rows]
    yield "of SRAMs extrapolated, mm2", [f"{row.extrapolated_mm2:.4f}" for row in rows]
    what = f"all, with {costs.allowance:.0%} for placement, mm2"
    yield what, [f"{row.area_mm2:.4f}" for row in rows]
    yield "cells", [f"{row.cells:,}" for row in rows]
    yield "flip-flops", [f"{row.flip_flops:,}" for row in rows]
    yield "worst path, ns", [f"{row.critical_path_ns:.3f}" for row in rows]
    yield "clock, MHz", [f"{row.mhz:,.0f}" for row in rows]
    yield "slowest unit", [row.slowest_unit for row in rows]


def _powers(powers: Sequence[MachinePower]) -> Iterator[tuple[str, list[str]]]:
    yield "results counted", [str(power.frames) for power in powers]
    yield "cycles a frame", [f"{power.cycles / power.frames:,.0f}" for power in powers]
    yield "flip-flops clocked in a cycle", [f"{power.clocked:.1%}" for power in powers]
    for kelvin in TEMPERATURES:
        mw = [f"{power.total_mw[kelvin]:,.1f}" for power in powers]
        yield f"power at {kelvin} K, mW", mw
    for kelvin in TEMPERATURES:
        uj = [f"{power.energy_uj[kelvin]:,.3f}" for power in powers]
        yield f"**energy a frame at {kelvin} K, uJ**", uj
    kinds = [each.value for each in MemoryKind]
    for what in dict.fromkeys([*kinds, *(name for power in powers for name in power.dynamic_mw)]):
        moving = [power.frame_uj(power.dynamic_mw.get(what, 0.0)) for power in powers]
        if any(moving):
            name = f"SRAM, {what}" if what in kinds else what
            yield f"of it {name}, uJ", [f"{uj:,.3f}" for uj in moving]
    for kelvin in TEMPERATURES:
        leaking = [power.frame_uj(sum(power.leakage_mw[kelvin].values())) for power in powers]
        yield f"of it leakage at {kelvin} K, uJ", [f"{uj:,.3f}" for uj in leaking]
    for what in kinds:
        for way in ("reads", "writes"):
            counts = [getattr(power, way).get(what, 0.0) for power in powers]
            if any(counts):
                yield f"{way} of {what} a frame", [f"{count:,.0f}" for count in counts]
