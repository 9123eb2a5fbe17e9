"""
Electrical repair of a mapped netlist: larger drivers, then buffers, for nets that are too heavy.

The mapper sees neither flip-flops nor the borders of modules: to it a net into 64 flip-flops is one
output. After it, every driver whose load (input capacitances, and a wire capacitance for each of
them) is more than a share of the largest load that its cell may drive, is replaced by the next
larger one of its family that is fit; where none is, its sinks are dealt to buffers, in as many
levels as it takes. Clock nets are left alone: they are the clock tree's (:mod:`sw.physical.clock`).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from .netlist import Instance, LibraryView, Module, Net, Netlist

__all__ = ["RepairRule", "repair"]

Sink = tuple[float, list[Net], int]
"""Capacitance of an input, and the place of its net: a list and an index into it."""


@dataclass(frozen=True)
class RepairRule:
    """
    Parameters
    ----------
    share : float
        Of the largest load of a cell, what its net may have.
    wire : float
        fF of wire for each input that a net drives.
    buffer : str
        The cell to insert; an input of the design is taken to be driven by one of its size.
    clock_pins : mapping
        Clock input of each cell and macro that has one.
    clock_gates : frozenset
        Cells whose output is a clock.
    """

    share: float
    wire: float
    buffer: str
    clock_pins: Mapping[str, str]
    clock_gates: frozenset[str]


def repair(netlist: Netlist, library: LibraryView, rule: RepairRule) -> int:
    """Repairs all modules in place; returns the number of buffers inserted."""
    inputs: dict[str, dict[tuple[str, int], float]] = {}
    order = _children_first(netlist)
    buffers = 0
    for name in order:
        worker = _ModuleRepair(netlist, netlist.modules[name], library, rule, inputs)
        if name != netlist.top:
            buffers += worker.isolate_inputs()
        inputs[name] = worker.input_loads()
    outside: dict[str, dict[tuple[str, int], float]] = {}
    for name in reversed(order):
        worker = _ModuleRepair(netlist, netlist.modules[name], library, rule, inputs)
        buffers += worker.run(outside.get(name, {}))
        for kind, place, load in worker.output_loads():
            loads = outside.setdefault(kind, {})
            loads[place] = max(loads.get(place, 0.0), load)
    return buffers


def _children_first(netlist: Netlist) -> list[str]:
    order: list[str] = []

    def visit(name: str) -> None:
        for instance in netlist.modules[name].instances.values():
            if instance.kind in netlist.modules and instance.kind not in order:
                visit(instance.kind)
        order.append(name)

    visit(netlist.top)
    return order


class _ModuleRepair:
    """One module: who drives each net, and what each net drives."""

    def __init__(
        self,
        netlist: Netlist,
        module: Module,
        library: LibraryView,
        rule: RepairRule,
        inputs: Mapping[str, Mapping[tuple[str, int], float]],
    ):
        self.netlist = netlist
        self.module = module
        self.library = library
        self.rule = rule
        self.inputs = inputs
        self.inserted = 0
        self.drivers: dict[Net, tuple[str, str]] = {}
        self.clocks: set[Net] = set()
        for name, instance in module.instances.items():
            for pin in self._outputs(instance):
                for net in instance.pins[pin]:
                    self.drivers[net] = (name, pin)
        self._find_clocks()
        self.sinks: dict[Net, list[Sink]] = {}
        for instance in module.instances.values():
            self._add_sinks(instance)

    def _outputs(self, instance: Instance) -> list[str]:
        child = self.netlist.modules.get(instance.kind)
        if child is not None:
            ports = child.ports.items()
            return [port for port, (way, _) in ports if way == "output" and port in instance.pins]
        return [pin for pin in self.library[instance.kind].outputs if pin in instance.pins]

    def _find_clocks(self) -> None:
        """Nets that reach a clock pin, here or in a module below."""
        for instance in self.module.instances.values():
            child = self.netlist.modules.get(instance.kind)
            if child is not None:
                for port, nets in instance.pins.items():
                    if all(net in child.clock_nets for net in child.ports[port][1]):
                        self.clocks.update(nets)
            elif instance.kind in self.rule.clock_pins:
                self.clocks.update(instance.pins[self.rule.clock_pins[instance.kind]])
            if instance.kind in self.rule.clock_gates:
                for pin in self._outputs(instance):
                    self.clocks.update(instance.pins[pin])
        self.module.clock_nets = self.clocks

    def _add_sinks(self, instance: Instance) -> None:
        child = self.netlist.modules.get(instance.kind)
        outputs = set(self._outputs(instance))
        for pin, nets in instance.pins.items():
            if pin in outputs:
                continue
            for bit, net in enumerate(nets):
                if net in self.clocks or isinstance(net, str):
                    continue
                if child is not None:
                    load = self.inputs[instance.kind].get((pin, bit), 0.0)
                else:
                    load = self.library[instance.kind].inputs[pin]
                self.sinks.setdefault(net, []).append((load + self.rule.wire, nets, bit))

    def _limit(self, kind: str) -> float:
        return self.rule.share * self.library[kind].max_load

    def _load(self, net: Net) -> float:
        return sum(load for load, _, _ in self.sinks.get(net, ()))

    def input_loads(self) -> dict[tuple[str, int], float]:
        """fF behind each input of the module, without the wire to it."""
        return {
            (port, bit): max(0.0, self._load(net) - self.rule.wire)
            for port, (way, nets) in self.module.ports.items()
            if way == "input"
            for bit, net in enumerate(nets)
        }

    def output_loads(self) -> list[tuple[str, tuple[str, int], float]]:
        """fF that every output of a module below has to drive outside of it."""
        found = []
        for instance in self.module.instances.values():
            if instance.kind in self.netlist.modules:
                for pin in self._outputs(instance):
                    for bit, net in enumerate(instance.pins[pin]):
                        found.append((instance.kind, (pin, bit), self._load(net)))
        return found

    def isolate_inputs(self) -> int:
        """Buffers behind inputs that are heavier than a buffer may drive."""
        for way, nets in list(self.module.ports.values()):
            if way == "input":
                for net in nets:
                    if self._load(net) > self._limit(self.rule.buffer):
                        self._split(net, self._limit(self.rule.buffer))
        return self.inserted

    def run(self, outside: Mapping[tuple[str, int], float]) -> int:
        """Repairs every net, with loads outside of the module at its outputs."""
        for port, (way, nets) in self.module.ports.items():
            if way == "output":
                for bit, net in enumerate(nets):
                    load = outside.get((port, bit), self.rule.wire)
                    self.sinks.setdefault(net, []).append((load, nets, bit))
        for net in list(self.sinks):
            self._repair_net(net)
        return self.inserted

    def _repair_net(self, net: Net) -> None:
        load = self._load(net)
        name, _ = self.drivers.get(net, ("", ""))
        if not name or self.module.instances[name].kind in self.netlist.modules:
            limit = self._limit(self.rule.buffer)
        else:
            limit = self._enlarge(self.module.instances[name], load)
        if load > limit:
            self._split(net, limit)

    def _enlarge(self, instance: Instance, load: float) -> float:
        """Takes the smallest cell of the family that can drive the load, or the largest; returns
        what it may drive."""
        family = self.library.sizes(instance.kind)
        for kind in family[family.index(instance.kind) :]:
            if self._limit(kind) >= load:
                break
        instance.kind = kind
        return self._limit(kind)

    def _split(self, net: Net, limit: float) -> None:
        """Deals the sinks of a net to buffers, so that it drives no more than the limit."""
        buffer = self.library[self.rule.buffer]
        (pin,), (out,) = buffer.inputs, buffer.outputs
        capacity = self._limit(self.rule.buffer)
        groups: list[list[Sink]] = [[]]
        filled = 0.0
        for sink in self.sinks[net]:
            if groups[-1] and filled + sink[0] > capacity:
                groups.append([])
                filled = 0.0
            groups[-1].append(sink)
            filled += sink[0]
        if len(groups[0]) == len(groups) == 1 and groups[0][0][0] <= buffer.inputs[pin]:
            return
        self.sinks[net] = []
        for group in groups:
            branch = self.module.new_net()
            for _, nets, bit in group:
                nets[bit] = branch
            instance = Instance(self.rule.buffer, {pin: [net], out: [branch]})
            self.module.instances[f"repair_{branch}"] = instance
            self.inserted += 1
            self.sinks[branch] = group
            self.sinks[net].append((buffer.inputs[pin] + self.rule.wire, instance.pins[pin], 0))
        if self._load(net) > limit and len(groups) > 1:
            self._split(net, limit)
