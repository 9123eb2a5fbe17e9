"""
Physical synthesis of one unit: mapping, repair, timing, until the clock is met.

Every part of a unit (a module that stays one) is mapped by the recipe for area first. As long as a
path is too slow, parts that it runs through are mapped again by the next faster recipe; of the
worst path the one that takes most of its time. What the report says is of the netlist that it
leaves, cell by cell.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from pydantic import BaseModel, ConfigDict

from .cells import read_cells
from .library import WIRE_LOAD, CellFile
from .macros import MacroGeometry, macro_liberty
from .mapping import (
    CELLS,
    CLOCK_GATE,
    MACROS,
    MAPPING,
    RECIPES,
    heavier_inputs,
    map_logic,
    prepare,
    read_library,
)
from .netlist import LibraryView, Netlist
from .repair import RepairRule, repair
from .sram import SramTable
from .timing import Budget, Exceptions, TimingReport, analyse

__all__ = ["CellCount", "PartReport", "Stage", "UnitReport", "UnitSource", "synthesise"]

LOAD_SHARE = 0.33
"""Of the largest load of a cell, what repair leaves it with: slews stay near 0.1 ns."""

_MARGIN_PS = 250
"""Of the period, what the mapper is not given: flip-flops, and what repair adds."""


class _Report(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class CellCount(_Report):
    """Cells of one kind: how many, and their area in um2."""

    count: int
    area_um2: float


class PartReport(_Report):
    """A part of a unit; areas in um2, macros not included."""

    area_um2: float
    flip_flops: int
    clock_gates: int
    recipe: str


class Stage(_Report):
    """A pin on the critical path: its cell, and the time since the clock edge, in ns."""

    pin: str
    cell: str
    time_ns: float


class UnitReport(_Report):
    """
    What a unit costs.

    ``area_um2`` is that of its cells, ``macro_area_um2`` that of its SRAMs. ``slack_ns`` is the
    worst one at ``period_ns``, ``None`` where no path is constrained, and belongs to the path from
    ``start`` to ``end``. ``loops`` counts combinational loops.
    """

    name: str
    period_ns: float
    area_um2: float
    macro_area_um2: float
    cells: dict[str, CellCount]
    macros: dict[str, int]
    flip_flops: int
    clock_gates: int
    repair_buffers: int
    parts: dict[str, PartReport]
    slack_ns: float | None
    start: str
    end: str
    critical_path: list[Stage]
    loops: int


@dataclass(frozen=True)
class UnitSource:
    """
    A unit as :func:`hw.emit.emit` gives it.

    Parameters
    ----------
    name : str
        For reports.
    verilog : str
    manifest : mapping
        Its ``top`` and ``macros`` count.
    parts : sequence of str
        Instances that stay modules, by path from the top module; a part may be inside another,
        and is counted in both.
    exceptions : Exceptions
        Inputs that the budget does not hold for.
    """

    name: str
    verilog: str
    manifest: Mapping[str, Any]
    parts: Sequence[str] = ()
    exceptions: Exceptions = field(default_factory=Exceptions)


def synthesise(
    source: UnitSource,
    directory: Path,
    library: CellFile,
    srams: SramTable,
    budget: Budget,
    *,
    flavour: str = "itrs-lop",
) -> UnitReport:
    """Maps and times a unit in ``directory``, where ``netlist.v`` and ``netlist.json`` remain."""
    directory.mkdir(parents=True, exist_ok=True)
    top = str(source.manifest["top"])
    macros = list(source.manifest["macros"])
    _write_inputs(source, directory, library, srams, budget, flavour)
    view = read_library(directory)
    modules = _part_modules(source.verilog, top, source.parts)
    prepare(directory, directory / "unit.v", top, list(modules))
    rule = RepairRule(
        share=LOAD_SHARE,
        wire=library.conditions.wire_capacitance,
        buffer=library.buffer,
        clock_pins=library.clock_pins | dict.fromkeys(macros, "clk"),
        clock_gates=library.clock_gates,
    )
    recipes = dict.fromkeys([top, *modules], RECIPES[0])
    done: dict[str, str] = {}
    while True:
        mapped = map_logic(
            directory,
            recipes,
            done,
            target_ps=round(1000 * budget.period) - _MARGIN_PS,
            ties=library.ties,
        )
        done = dict(recipes)
        netlist = Netlist.read(mapped, top, view)
        buffers = repair(netlist, view, rule)
        (directory / "netlist.v").write_text(netlist.verilog())
        timing = analyse(directory, "netlist.v", top, budget, WIRE_LOAD, source.exceptions)
        slow = _slow_modules(timing, modules, top, recipes)
        if not slow:
            break
        recipes.update({module: _next_recipe(recipes[module]) for module in slow})
    report = _report(source, netlist, view, timing, budget, rule, modules, recipes, buffers)
    netlist.write(directory / "netlist.json")
    return report


def _write_inputs(
    source: UnitSource,
    directory: Path,
    library: CellFile,
    srams: SramTable,
    budget: Budget,
    flavour: str,
) -> None:
    geometries = {name: MacroGeometry(**g) for name, g in source.manifest["macros"].items()}
    texts = {
        "unit.v": source.verilog,
        CELLS: library.text,
        CLOCK_GATE: library.clock_gate,
        MAPPING: heavier_inputs(library.text, library.conditions.wire_capacitance),
        MACROS: macro_liberty(
            geometries, srams, budget.period, cells=read_cells(), flavour=flavour
        ),
        "abc.constr": f"set_driving_cell {library.buffer}\nset_load {budget.output_load}\n",
    }
    for name, text in texts.items():
        (directory / name).write_text(text)


def _part_modules(verilog: str, top: str, parts: Sequence[str]) -> dict[str, str]:
    """Module of each part, by the name of the module."""
    inside: dict[str, dict[str, str]] = {}
    current: dict[str, str] = {}
    for line in verilog.splitlines():
        words = line.replace("\\", " ").replace("(", " ( ").split()
        if words[:1] == ["module"]:
            current = inside.setdefault(words[1], {})
        elif len(words) == 3 and words[2] == "(":
            current[words[1]] = words[0]
    found = {}
    for part in parts:
        module = top
        for name in part.split("/"):
            if name not in inside.get(module, {}):
                raise ValueError(f"{top} has no part {part}: there is no {name} in {module}")
            module = inside[module][name]
        found[module] = part
    return found


def _slow_modules(
    timing: TimingReport, modules: Mapping[str, str], top: str, recipes: Mapping[str, str]
) -> set[str]:
    """Modules to map by a faster recipe: of those on the worst path the one that takes most of its
    time, and those where slow paths start that do not touch it, or else end; none that is mapped
    for speed already."""
    late = [path for path in timing.paths if path.slack < 0]
    if not late:
        return set()
    by_part = {part: module for module, part in modules.items()}

    def module_of(pin: str) -> str:
        return by_part.get(_part_of(pin, by_part), top)

    spent: dict[str, float] = {}
    before = 0.0
    for pin, _, time in timing.stages:
        module = module_of(pin)
        spent[module] = spent.get(module, 0.0) + max(0.0, time - before)
        before = time
    can_be = {module for module in recipes if recipes[module] != RECIPES[-1]}
    first = set(sorted(can_be & set(spent), key=lambda module: spent[module])[-1:])
    raised = set(first)
    for path in late:
        ends = [module_of(path.start), module_of(path.end)]
        if not first & set(ends):
            raised.update([module for module in ends if module in can_be][:1])
    return raised


def _part_of(pin: str, parts: Mapping[str, str]) -> str:
    """The innermost part that a pin, named by its path, is in; "" where it is in none."""
    names = pin.split("/")
    paths = ("/".join(names[:depth]) for depth in range(len(names), 0, -1))
    return next((path for path in paths if path in parts), "")


def _next_recipe(recipe: str) -> str:
    return RECIPES[RECIPES.index(recipe) + 1]


def _report(
    source: UnitSource,
    netlist: Netlist,
    view: LibraryView,
    timing: TimingReport,
    budget: Budget,
    rule: RepairRule,
    modules: Mapping[str, str],
    recipes: Mapping[str, str],
    buffers: int,
) -> UnitReport:
    geometries = source.manifest["macros"]
    counts = netlist.count()
    cells = {
        kind: CellCount(count=count, area_um2=round(count * view[kind].area, 3))
        for kind, count in counts.items()
        if kind not in geometries
    }
    macros = {kind: count for kind, count in counts.items() if kind in geometries}

    def part(module: str, own: Mapping[str, int]) -> PartReport:
        area = sum(count * view[kind].area for kind, count in own.items() if kind not in geometries)
        return PartReport(
            area_um2=round(area, 3),
            flip_flops=_flip_flops(own, rule, geometries),
            clock_gates=sum(own.get(kind, 0) for kind in rule.clock_gates),
            recipe=recipes[module],
        )

    parts = {name: part(module, netlist.count(module)) for module, name in modules.items()}
    glue: dict[str, int] = {}
    for leaf in netlist.modules[netlist.top].instances.values():
        if leaf.kind not in netlist.modules:
            glue[leaf.kind] = glue.get(leaf.kind, 0) + 1
    parts["(top)"] = part(netlist.top, glue)
    worst = timing.paths[0] if timing.paths else None
    return UnitReport(
        name=source.name,
        period_ns=budget.period,
        area_um2=round(sum(cell.area_um2 for cell in cells.values()), 3),
        macro_area_um2=round(sum(view[kind].area * count for kind, count in macros.items()), 3),
        cells=cells,
        macros=macros,
        flip_flops=_flip_flops(counts, rule, geometries),
        clock_gates=sum(counts.get(kind, 0) for kind in rule.clock_gates),
        repair_buffers=buffers,
        parts=parts,
        slack_ns=None if worst is None else round(worst.slack, 6),
        start="" if worst is None else worst.start,
        end="" if worst is None else worst.end,
        critical_path=[Stage(pin=p, cell=c, time_ns=t) for p, c, t in timing.stages],
        loops=timing.loops,
    )


def _flip_flops(counts: Mapping[str, int], rule: RepairRule, macros: Mapping[str, Any]) -> int:
    return sum(
        count
        for kind, count in counts.items()
        if kind in rule.clock_pins and kind not in rule.clock_gates and kind not in macros
    )
