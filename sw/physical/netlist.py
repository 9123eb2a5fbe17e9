"""
Mapped netlists: read from Yosys's JSON, measured, and written as structural Verilog.

A net is an integer, or one of the constants ``"0"``, ``"1"`` and ``"x"``; every module numbers its
nets for itself. Capacitances are in fF, areas in um2.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path

__all__ = [
    *("CellView", "Instance", "LibraryView", "Module", "Net", "Netlist"),
    *("read_library_view", "verilog_name"),
]

Net = int | str


@dataclass(frozen=True)
class CellView:
    """What a netlist needs to know of a library cell: area, inputs with capacitances, outputs, the
    largest load of an output (0 where the library does not say)."""

    name: str
    area: float
    inputs: Mapping[str, float]
    outputs: tuple[str, ...]
    max_load: float = 0.0


class LibraryView(dict[str, CellView]):
    """Library cells by name."""

    def sizes(self, name: str) -> list[str]:
        """The cells that differ from this one only in their drive, weakest first: those with the
        same name up to the number behind ``_X``, and the same pins."""
        stem, mark, _ = name.rpartition("_X")
        if not mark:
            return [name]
        mine = self[name]
        family = []
        for other, cell in self.items():
            head, mark, drive = other.rpartition("_X")
            same_pins = cell.outputs == mine.outputs and set(cell.inputs) == set(mine.inputs)
            if head == stem and mark and drive.isdigit() and same_pins:
                family.append((int(drive), other))
        return [other for _, other in sorted(family)]


def read_library_view(path: Path, max_loads: Mapping[str, float]) -> LibraryView:
    """The cells of JSON that Yosys wrote of libraries read with ``read_liberty -lib``, with the
    largest loads (fF), which it does not tell."""
    view = LibraryView()
    for name, module in json.loads(path.read_text())["modules"].items():
        inputs: dict[str, float] = {}
        outputs = []
        for pin, port in module["ports"].items():
            attributes = module["netnames"].get(pin, {}).get("attributes", {})
            if port["direction"] == "output":
                outputs.append(pin)
            else:
                inputs[pin] = float(attributes.get("capacitance", 0.0))
        area = float(module["attributes"].get("area", 0.0))
        view[name] = CellView(name, area, inputs, tuple(outputs), max_loads.get(name, 0.0))
    return view


@dataclass
class Instance:
    """A cell, macro or module inside a module; every pin is a list of nets, lowest bit first."""

    kind: str
    pins: dict[str, list[Net]]


@dataclass
class Module:
    """Ports with direction (``"input"`` or ``"output"``) and nets, and instances by name."""

    name: str
    ports: dict[str, tuple[str, list[Net]]]
    instances: dict[str, Instance]
    next_net: int = 0
    clock_nets: set[Net] = field(default_factory=set)

    def new_net(self) -> int:
        """A net that is not in use."""
        self.next_net += 1
        return self.next_net - 1


class Netlist:
    """
    A mapped design.

    Parameters
    ----------
    top : str
        Name of the top module.
    modules : mapping
        All modules by name.
    """

    def __init__(self, top: str, modules: Mapping[str, Module]):
        self.top = top
        self.modules = dict(modules)

    @classmethod
    def read(cls, path: Path, top: str, library: LibraryView) -> Netlist:
        """From JSON of Yosys; library cells that it holds are left out."""
        modules = {}
        for name, found in json.loads(path.read_text())["modules"].items():
            if name in library:
                continue
            ports = {
                port: (str(value["direction"]), list(value["bits"]))
                for port, value in found["ports"].items()
            }
            instances = {
                cell: Instance(str(value["type"]), {p: list(n) for p, n in _pins(value)})
                for cell, value in found["cells"].items()
            }
            module = Module(name, ports, instances)
            nets = [net for _, bits in ports.values() for net in bits]
            nets += [
                net for inst in instances.values() for bits in inst.pins.values() for net in bits
            ]
            module.next_net = 1 + max((net for net in nets if isinstance(net, int)), default=0)
            modules[name] = module
        return cls(top, modules)

    def write(self, path: Path) -> None:
        """As JSON that :meth:`read` takes."""
        modules = {
            module.name: {
                "ports": {
                    port: {"direction": way, "bits": nets}
                    for port, (way, nets) in module.ports.items()
                },
                "cells": {
                    name: {"type": instance.kind, "connections": instance.pins}
                    for name, instance in module.instances.items()
                },
            }
            for module in self.modules.values()
        }
        path.write_text(json.dumps({"modules": modules}))

    def instances(self, module: str | None = None) -> Iterator[tuple[str, Instance]]:
        """Every leaf (cell or macro) below a module, by hierarchical name (parts joined by /)."""
        for name, instance in self.modules[module or self.top].instances.items():
            if instance.kind in self.modules:
                for below, leaf in self.instances(instance.kind):
                    yield f"{name}/{below}", leaf
            else:
                yield name, instance

    def count(self, module: str | None = None) -> dict[str, int]:
        """Leaves below a module by kind, in order of name."""
        counts: dict[str, int] = {}
        for _, leaf in self.instances(module):
            counts[leaf.kind] = counts.get(leaf.kind, 0) + 1
        return dict(sorted(counts.items()))

    def verilog(self) -> str:
        """Structural Verilog: the modules below the top before it."""
        order: list[str] = []

        def visit(name: str) -> None:
            if name in order:
                return
            for instance in self.modules[name].instances.values():
                if instance.kind in self.modules:
                    visit(instance.kind)
            order.append(name)

        visit(self.top)
        return "\n".join(_module_verilog(self.modules[name], self) for name in order)


def _pins(value: Mapping[str, Mapping[str, list[Net]]]) -> Iterator[tuple[str, list[Net]]]:
    yield from value["connections"].items()


def verilog_name(name: str) -> str:
    """A Verilog identifier, escaped where it has to be."""
    plain = name.replace("_", "a").replace("$", "a")
    if plain.isalnum() and plain.isascii() and not name[0].isdigit() and name[0] != "$":
        return name
    return f"\\{name} "


def _module_verilog(module: Module, netlist: Netlist) -> str:
    names: dict[Net, str] = {"0": "1'b0", "1": "1'b1", "x": "1'b0"}
    assigns = []
    # Inputs first: an output may be one of them.
    for port, (direction, nets) in sorted(
        module.ports.items(), key=lambda item: item[1][0] != "input"
    ):
        for bit, net in enumerate(nets):
            text = verilog_name(port) + (f"[{bit}]" if len(nets) > 1 else "")
            if net in names:
                if direction == "input":
                    raise ValueError(f"input {text} of {module.name} is a net of another port")
                assigns.append(f"  assign {text} = {names[net]};")
            else:
                names[net] = text
    lines = [f"module {verilog_name(module.name)}({', '.join(map(verilog_name, module.ports))});"]
    for port, (direction, nets) in module.ports.items():
        width = f"[{len(nets) - 1}:0] " if len(nets) > 1 else ""
        lines.append(f"  {direction} {width}{verilog_name(port)};")
    body = []
    for name, instance in module.instances.items():
        pins = []
        for pin, nets in instance.pins.items():
            for net in nets:
                if net not in names:
                    names[net] = f"n{net}"
                    lines.append(f"  wire n{net};")
            texts = [names[net] for net in reversed(nets)]
            value = texts[0] if len(texts) == 1 else "{" + ", ".join(texts) + "}"
            pins.append(f".{verilog_name(pin)}({value})")
        body.append(f"  {verilog_name(instance.kind)} {verilog_name(name)} ({', '.join(pins)});")
    return "\n".join([*lines, *body, *assigns, "endmodule", ""])
