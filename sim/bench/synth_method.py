"""What the figures of synthesis rest on: constants, tools, and prices of SRAMs."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import asdict

from sim.synth.jobs import budget_of
from sim.synth.run import FLAVOUR, Setting, SynthRun
from sw.physical.library import WIRE_LOAD, load_library
from sw.physical.macros import MacroGeometry, macro_geometry
from sw.physical.placement import read_placement_allowance
from sw.physical.sram import TEMPERATURES, SramTable
from sw.physical.synthesis import LOAD_SHARE
from sw.physical.timing import Budget

from .synth_results import Method, SramPrice

__all__ = ["geometry_of", "method_of", "prices_of"]

_TOOLS, _VERSION = ("Yosys", "OpenSTA"), r"\d+(\.\d+)+"


def geometry_of(macro: str) -> MacroGeometry:
    """What an SRAM is, by its name."""
    geometry = macro_geometry(macro)
    assert geometry is not None, macro
    return geometry


def prices_of(runs: Sequence[SynthRun], srams: SramTable) -> list[SramPrice]:
    """Every SRAM in use, the smallest first."""
    prices = []
    for macro in sorted({macro for run in runs for macro in run.report.macros}, key=geometry_of):
        price = geometry_of(macro).price(srams, flavour=FLAVOUR)
        at = {
            kelvin: geometry_of(macro).price(srams, flavour=FLAVOUR, temperature=kelvin)
            for kelvin in TEMPERATURES
        }
        prices.append(
            SramPrice(
                macro=macro,
                area_um2=price.area_um2,
                access_ns=price.access_ns,
                cycle_ns=price.cycle_ns,
                read_pj=price.read_pJ,
                write_pj=price.write_pJ,
                leakage_mw={k: each.leakage_mW + each.gate_leakage_mW for k, each in at.items()},
                extrapolated=price.extrapolated,
                how=price.how,
            )
        )
    return sorted(prices, key=lambda price: price.area_um2)


def method_of(setting: Setting, runs: Sequence[SynthRun]) -> Method:
    """What the run rests on."""
    library, usual = load_library(setting.liberty), Budget()
    budgets: Mapping[str, Budget] = {
        run.job.name: budget_of(run.job.name, run.job.config.n_pe) for run in runs
    }
    return Method(
        library=library.name,
        library_source=library.source if setting.liberty is None else setting.liberty.name,
        library_digest=library.key,
        period_ns=usual.period,
        input_delay_ns=usual.input_delay,
        output_delay_ns=usual.output_delay,
        driver=usual.driver,
        output_load_ff=usual.output_load,
        budgets={name: asdict(each) for name, each in budgets.items() if each != usual},
        exceptions=_exceptions(runs),
        wire_load=WIRE_LOAD,
        wire_ff=library.conditions.wire_capacitance,
        load_share=LOAD_SHARE,
        flavour=FLAVOUR,
        placement_allowance=read_placement_allowance(),
        tools=[
            f"{name} {number[0] if (number := re.search(_VERSION, text)) else text}"
            for name, text in zip(_TOOLS, setting.tools, strict=True)
        ],
    )


def _exceptions(runs: Sequence[SynthRun]) -> dict[str, list[str]]:
    """Ports that are not timed as the budget says, by unit."""
    found = {}
    for run in runs:
        unit = run.job.unit
        ports = {bit.split("[")[0]: None for bit in (*unit.quasi_static, *unit.constant)}
        if ports:
            found[run.job.name] = list(ports)
    return found
