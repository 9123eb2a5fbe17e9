"""
Logic synthesis with Yosys and ABC: from a unit's Verilog to cells of a library.

The design is prepared once (elaboration, clock gates, flip-flops); its combinational logic can then
be mapped again and again, each part by a recipe of its own: an ABC script in ``constraints/yosys``.
"""

from __future__ import annotations

import re
import shutil
from collections.abc import Mapping, Sequence
from pathlib import Path

from .netlist import LibraryView, read_library_view
from .tables import CONSTRAINTS
from .tools import run_tool

__all__ = [
    "CELLS",
    "CLOCK_GATE",
    "MACROS",
    "MAPPING",
    "RECIPES",
    "heavier_inputs",
    "load_unit",
    "map_logic",
    "prepare",
    "read_library",
]

RECIPES = ("area", "balanced", "speed")
"""Recipes, the smallest results first."""

CELLS, MAPPING, MACROS = "cells.lib", "mapping.lib", "macros.lib"
CLOCK_GATE = "clockgate.v"
"""Module ``kiln_clock_gate`` of register files, as a cell of the library."""
_GATED_FLIPFLOPS = 4
"""Flip-flops that share an enable, from which on a clock gate takes its place."""

_PREPARE = """\
read_verilog -sv {verilog}
read_liberty -lib {macros}
read_verilog -lib {gate}
hierarchy -check -top {top}
{keep}
synth -flatten -noabc -nordff -top {top} -run begin:fine
techmap -autoproc -map regfile.v
opt
synth -flatten -noabc -top {top} -run fine:check
opt -full
dfflegalize -cell $_DFF_P_ 01 -cell $_DFFE_PP_ 01 -cell $_SDFF_PP?_ 01 -cell $_SDFFCE_PP?P_ 01
dffunmap -srst-only
opt_merge
opt_clean
clockgate -liberty {cells} -min_net_size {gated}
techmap -map {gate}
techmap
dfflibmap -liberty {cells}
opt
{parts}
"""

_MAP = """\
{read}
read_liberty -lib -ignore_miss_func {cells}
read_liberty -lib {macros}
{map}
write_rtlil mapped.il
setundef -zero
hilomap -singleton -hicell {high} -locell {low}
splitnets
opt_clean -purge
check -assert
write_json mapped.json
"""


def _yosys(script: str, directory: Path, name: str) -> None:
    (directory / f"{name}.ys").write_text(script)
    run_tool("yosys", ["-Q", "-q", "-l", f"{name}.log", f"{name}.ys"], directory, f"{name}.out")


def read_library(directory: Path) -> LibraryView:
    """What Yosys reads in the libraries of a run: ``cells.lib`` and ``macros.lib``."""
    view = LibraryView()
    for library in (CELLS, MACROS):
        _yosys(f"read_liberty -lib {library}\nwrite_json {library}.json\n", directory, library)
        text = (directory / library).read_text()
        view.update(read_library_view(directory / f"{library}.json", max_loads(text)))
    return view


def load_unit(liberty: str) -> float:
    """fF of a library's unit of capacitance; 1 pF where it does not say, as Liberty has it."""
    unit = re.search(r"capacitive_load_unit\s*\(\s*([\d.]+)\s*,\s*\"?(\w+)\"?\s*\)", liberty)
    if unit is None:
        return 1000.0
    return float(unit[1]) * {"ff": 1.0, "pf": 1000.0}[unit[2].lower()]


def max_loads(liberty: str) -> dict[str, float]:
    """The smallest ``max_capacitance`` of each cell's outputs, in fF."""
    scale = load_unit(liberty)
    loads: dict[str, float] = {}
    cell = ""
    pattern = r"\bcell\s*\(\s*\"?([\w$]+)\"?\s*\)|\bmax_capacitance\s*:\s*\"?([\d.eE+-]+)"
    for match in re.finditer(pattern, liberty):
        if match[1]:
            cell = match[1]
        elif cell:
            load = scale * float(match[2])
            loads[cell] = min(load, loads.get(cell, load))
    return loads


def heavier_inputs(liberty: str, wire: float) -> str:
    """The library with ``wire`` fF more at every input: so the mapper sees wires, as it has no
    model of them."""
    scale = load_unit(liberty)

    def add(match: re.Match[str]) -> str:
        value = float(match[2])
        return f"{match[1]}{value + wire / scale if value > 0 else value:.9g}"

    return re.sub(r"(\bcapacitance\s*:\s*\"?)([\d.eE+-]+)", add, liberty)


def prepare(directory: Path, verilog: Path, top: str, parts: Sequence[str]) -> None:
    """Writes ``part_*.il``, the top module before the parts: cells for flip-flops and clock gates,
    generic gates for the rest.

    ``parts`` are the modules that stay modules; what is below them is flattened.
    """
    shutil.copy(CONSTRAINTS / "yosys" / "regfile.v", directory)
    keep = "\n".join(f"setattr -mod -set keep_hierarchy 1 {part}" for part in parts)
    _yosys(
        _PREPARE.format(
            verilog=verilog.name,
            macros=MACROS,
            cells=CELLS,
            gate=CLOCK_GATE,
            top=top,
            keep=keep,
            gated=_GATED_FLIPFLOPS,
            parts="\n".join(
                f"select {module}\nwrite_rtlil -selected part_{number}.il\nselect -clear"
                for number, module in enumerate([top, *parts])
            ),
        ),
        directory,
        "prepare",
    )


def map_logic(
    directory: Path,
    recipes: Mapping[str, str],
    mapped: Mapping[str, str],
    *,
    target_ps: int,
    ties: tuple[str, str],
) -> Path:
    """
    Maps the logic of a prepared design; returns the mapped design as JSON.

    Parameters
    ----------
    recipes : mapping
        Recipe of each module: the top module and the parts, in the order of :func:`prepare`.
    mapped : mapping
        Recipes of the call before in this directory; what has not changed is not mapped again.
    target_ps : int
        Delay between flip-flops that the mapper aims at, in ps.
    ties : tuple of str
        Cell and pin of the constants 1 and 0, as Yosys's ``hilomap`` takes them.
    """
    changed = {module for module in recipes if recipes[module] != mapped.get(module)}
    read = ["read_rtlil mapped.il"] if mapped else []
    for number, module in enumerate(recipes):
        if module in changed:
            read.append(f"read_rtlil -overwrite part_{number}.il")
    commands = []
    for recipe in RECIPES:
        modules = [module for module in recipes if module in changed and recipes[module] == recipe]
        if modules:
            script = (CONSTRAINTS / "yosys" / f"{recipe}.abc").read_text()
            (directory / f"{recipe}.abc").write_text(script.replace("{D}", str(target_ps)))
            commands.append(
                f"abc -liberty {MAPPING} -constr abc.constr -script {recipe}.abc "
                + " ".join(modules)
            )
    high, low = ties
    _yosys(
        _MAP.format(
            read="\n".join(read),
            map="\n".join(commands),
            cells=CELLS,
            macros=MACROS,
            high=high,
            low=low,
        ),
        directory,
        "map",
    )
    return directory / "mapped.json"
