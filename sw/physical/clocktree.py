"""
An estimate of a clock tree, for a netlist whose clock nets are ideal.

Every clock net (the clock port's, and that of each clock gate) gets a tree of CLKBUF_X3, built from
its sinks upwards: the clock pins of flip-flops, gates and memories, in the netlist's order, are
dealt to buffers until one has as much as it may drive; the buffers are the sinks of the next level,
until what is left is no more than the driver may have. The rule is that of electrical repair: a
driver has at most a share of the largest load of its cell; the clock port is taken to be driven by
one CLKBUF_X3 outside. A sink's load is its pin and the wire capacitance of one fan-out pin. There
is no placement in this: no balancing, and no wire beyond that.
"""

from __future__ import annotations

from dataclasses import dataclass

from .cells import Cell, CellLibrary
from .flat import FlatNetlist, Leaf
from .netlist import Net
from .pins import Pins

__all__ = ["BUFFER", "LOAD_SHARE", "ClockNet", "Tree", "clock_nets", "grow_tree"]

BUFFER = "CLKBUF_X3"
LOAD_SHARE = 0.33
"""Of the largest load of a cell, what it may drive."""


@dataclass(frozen=True)
class ClockNet:
    """A net with clock pins: the gate that drives it, None for the clock port, and its sinks with
    the capacitances of their pins, in fF."""

    net: Net
    gate: Leaf | None
    sinks: tuple[tuple[Leaf, float], ...]


@dataclass(frozen=True)
class Tree:
    """Buffers, and all capacitance that a transition of the clock moves, in fF: clock pins, inputs
    of the buffers, wires."""

    buffers: int
    capacitance: float


def clock_nets(netlist: FlatNetlist, cells: CellLibrary) -> list[ClockNet]:
    """All nets that reach a clock pin, in the netlist's order."""
    pins = Pins(cells)
    gates: dict[Net, Leaf] = {}
    sinks: dict[Net, list[tuple[Leaf, float]]] = {}
    for leaf in netlist.leaves:
        gating = pins.kind(leaf) == "clockgate"
        for pin, nets in leaf.pins.items():
            if pins.is_clock(leaf, pin):
                sinks.setdefault(nets[0], []).append((leaf, pins.capacitance(leaf, pin)))
            elif gating and pins.is_output(leaf, pin):
                gates[nets[0]] = leaf
    return [ClockNet(net, gates.get(net), tuple(found)) for net, found in sinks.items()]


def grow_tree(net: ClockNet, cells: CellLibrary) -> Tree:
    """The tree of one clock net."""
    wire = cells.conditions.wire_capacitance
    buffer = cells[BUFFER]
    (own,) = (pin.capacitance for pin in buffer.pins.values() if not pin.is_output)
    most = _largest_load(buffer)
    limit = _largest_load(buffer if net.gate is None else cells[net.gate.kind])
    level = [pin + wire for _, pin in net.sinks]
    total, buffers = sum(level), 0
    while sum(level) > limit and len(level) > 1:
        groups, load = 1, 0.0
        for sink in level:
            if load and load + sink > most:
                groups, load = groups + 1, 0.0
            load += sink
        level = [own + wire] * groups
        buffers += groups
        total += sum(level)
    return Tree(buffers, total)


def _largest_load(cell: Cell) -> float:
    (output,) = (pin for pin in cell.pins.values() if pin.is_output)
    return LOAD_SHARE * (output.max_load or 0.0)
