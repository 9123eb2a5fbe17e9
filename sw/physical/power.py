"""
Power of a mapped netlist from the transitions of its nets.

Every figure is from the tables in ``constraints/``:

- *Net*: C V^2 / 2 for each transition, C being the input pins on it and the wire capacitance of
  each of them. An output port has one pin's wire, and no load.
- *Cell*: for each transition of an output, the internal energy of its arcs, which is the mean over
  the inputs that they come from, each weighted by its own transitions; for each transition of an
  input that has an energy of its own (clock and data of a flip-flop, clock and enable of a clock
  gate), that.
- *Clock*: a clock net moves as the simulation says, a gated one only while its gate lets it. Its
  capacitance and buffers are those of the tree of :mod:`sw.physical.clocktree`.
- *Memory*: reads and writes, counted cycle by cycle, times the energy of the table of SRAMs, and
  its leakage, subthreshold and gate, at a flavour and temperature.
- *Leakage*: the mean of each cell, at the cells' own temperature whatever that of the memories.

Components are those by which synthesis tools report, and EIE's Table II: ``memory`` are the macros
and the nets that they drive; ``clock_network`` the tree, the clock gates, and what clock pins cost
inside flip-flops (some tools call that ``register``, so that it is told apart as well);
``register`` all else of flip-flops and the nets that they drive; ``combinational`` the gates, and
nets that come from outside.

The activity is of a simulation without delays. Hazards, where a gate's inputs arrive one after
another and its output moves in between, are not in it, so that ``combinational`` is a lower bound.
No allowance is made for them.
"""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass

from .activity import NetActivity
from .cells import Cell, CellLibrary
from .clocktree import BUFFER, ClockNet, clock_nets, grow_tree
from .flat import TOP_PART, FlatNetlist, Leaf
from .macros import macro_geometry
from .netlist import Net
from .pins import Pins
from .powerreport import Power, Share
from .sram import SramTable

__all__ = ["Corner", "netlist_power"]

_COMPONENT = {
    **{"flipflop": "register", "clockgate": "clock_network"},
    **{"gate": "combinational", "tie": "combinational"},
}


@dataclass(frozen=True)
class Corner:
    """Devices and temperature (K) of the memories, clock in MHz."""

    flavour: str = "itrs-lop"
    temperature: int = 300
    clock_mhz: float = 800.0


def netlist_power(
    netlist: FlatNetlist,
    activity: NetActivity,
    cells: CellLibrary,
    srams: SramTable,
    corner: Corner | None = None,
) -> Power:
    """Power of a netlist of the library's cells and of SRAM macros; ``ValueError`` names a cell
    that the library does not have, or says that nothing was simulated."""
    if activity.cycles < 1:
        raise ValueError("power needs the activity of at least one cycle")
    Pins(cells).check(netlist)
    return _Meter(netlist, activity, cells, srams, corner or Corner()).read()


class _Meter:
    """Energies in fJ over all cycles and leakage in mW, by part and component."""

    def __init__(
        self,
        netlist: FlatNetlist,
        activity: NetActivity,
        cells: CellLibrary,
        srams: SramTable,
        corner: Corner,
    ):
        self.netlist = netlist
        self.activity = activity
        self.cells = cells
        self.srams = srams
        self.corner = corner
        self.pins = Pins(cells)
        self.clocks = clock_nets(netlist, cells)
        self.half_v2 = cells.conditions.voltage**2 / 2
        self.energy: dict[tuple[str, str], float] = defaultdict(float)
        self.leakage: dict[tuple[str, str], float] = defaultdict(float)
        self.clock_pins = 0.0
        self.buffers = 0
        self.loads = self._loads()

    def read(self) -> Power:
        """Counts everything."""
        for leaf in self.netlist.leaves:
            cell = self.pins.cell(leaf)
            if cell is None:
                self._macro(leaf)
            else:
                self._cell(leaf, cell)
        for direction, nets in self.netlist.ports.values():
            for net in nets if direction == "input" else ():
                self._net((TOP_PART, "combinational"), net)
        for clock in self.clocks:
            self._tree(clock)
        cycles = self.activity.cycles
        to_mw = 1e-12 * self.corner.clock_mhz * 1e6 / cycles
        parts: dict[str, dict[str, Share]] = {}
        for part, component in sorted({*self.energy, *self.leakage}):
            place = part, component
            parts.setdefault(part, {})[component] = Share(
                dynamic_mw=self.energy[place] * to_mw, leakage_mw=self.leakage[place]
            )
        accesses = self.activity.accesses.items()
        ungated, clocked = self._clocked()
        return Power(
            flavour=self.corner.flavour,
            temperature_k=self.corner.temperature,
            clock_mhz=self.corner.clock_mhz,
            cycles=cycles,
            parts=parts,
            clock_pins_mw=self.clock_pins * to_mw,
            reads={name: reads / cycles for name, (reads, _) in accesses},
            writes={name: writes / cycles for name, (_, writes) in accesses},
            clock_buffers=self.buffers,
            clock_buffer_area_um2=self.buffers * self.cells[BUFFER].area,
            ungated=ungated,
            clocked=clocked,
        )

    def _loads(self) -> dict[Net, float]:
        """What each net drives, clock pins apart, in fF."""
        wire = self.cells.conditions.wire_capacitance
        loads: dict[Net, float] = defaultdict(float)
        for leaf in self.netlist.leaves:
            for pin, nets in leaf.pins.items():
                if self.pins.is_output(leaf, pin) or self.pins.is_clock(leaf, pin):
                    continue
                for net in nets:
                    loads[net] += self.pins.capacitance(leaf, pin) + wire
        for direction, nets in self.netlist.ports.values():
            for net in nets if direction == "output" else ():
                loads[net] += wire
        return loads

    def _toggles(self, net: Net) -> int:
        return int(self.activity.toggles[net]) if isinstance(net, int) else 0

    def _net(self, place: tuple[str, str], net: Net) -> None:
        self.energy[place] += self.loads.get(net, 0.0) * self.half_v2 * self._toggles(net)

    def _macro(self, leaf: Leaf) -> None:
        geometry = macro_geometry(leaf.kind)
        assert geometry is not None
        figures = geometry.price(
            self.srams, flavour=self.corner.flavour, temperature=self.corner.temperature
        )
        reads, writes = self.activity.accesses[leaf.name]
        place = leaf.part, "memory"
        self.energy[place] += 1000 * (reads * figures.read_pJ + writes * figures.write_pJ)
        self.leakage[place] += figures.leakage_mW + figures.gate_leakage_mW
        for net in leaf.pins["rdata"]:
            self._net(place, net)

    def _cell(self, leaf: Leaf, cell: Cell) -> None:
        place = leaf.part, _COMPONENT[cell.kind]
        self.leakage[place] += cell.leakage * 1e-6
        for pin, nets in leaf.pins.items():
            toggles = self._toggles(nets[0])
            if cell.pins[pin].is_output:
                self.energy[place] += toggles * self._output_energy(leaf, cell, pin)
                self._net(place, nets[0])
                continue
            inside = toggles * sum(
                arc.energy or 0.0
                for arc in cell.arcs
                if arc.pin == pin and arc.timing_type == "internal_power"
            )
            if cell.kind == "flipflop" and cell.pins[pin].is_clock:
                self.energy[leaf.part, "clock_network"] += inside
                self.clock_pins += inside
            else:
                self.energy[place] += inside

    def _output_energy(self, leaf: Leaf, cell: Cell, pin: str) -> float:
        """fJ of a transition of an output."""
        related: dict[str, list[float]] = defaultdict(list)
        for arc in cell.arcs:
            if arc.pin == pin and arc.is_delay:
                related[arc.related_pin].append(arc.energy or 0.0)
        means = {name: sum(values) / len(values) for name, values in related.items()}
        weights = {name: self._toggles(leaf.pins[name][0]) for name in means}
        if not any(weights.values()):
            weights = dict.fromkeys(means, 1)
        total = sum(weights.values()) or 1
        return sum(means[name] * weight for name, weight in weights.items()) / total

    def _tree(self, clock: ClockNet) -> None:
        buffer = self.cells[BUFFER]
        (inside,) = (arc.energy or 0.0 for arc in buffer.arcs if arc.is_delay)
        place = TOP_PART if clock.gate is None else clock.gate.part, "clock_network"
        tree = grow_tree(clock, self.cells)
        spent = tree.buffers * inside + tree.capacitance * self.half_v2
        self.energy[place] += spent * self._toggles(clock.net)
        self.leakage[place] += tree.buffers * buffer.leakage * 1e-6
        self.buffers += tree.buffers

    def _clocked(self) -> tuple[float, float]:
        """Shares of flip-flops without a clock gate, and of those that a cycle clocks."""
        flops = ungated = ticks = 0
        for clock in self.clocks:
            count = sum(self.pins.kind(leaf) == "flipflop" for leaf, _ in clock.sinks)
            flops += count
            ungated += count if clock.gate is None else 0
            ticks += count * self._toggles(clock.net)
        return ungated / (flops or 1), ticks / (2 * self.activity.cycles * (flops or 1))
