"""
Buffers for nets with a large load, in a mapped netlist of Yosys (``write_json``).

ABC gives a net that leaves its logic one load, however many flip-flops it ends at; behind a clock
gate a whole file of registers may share their data that way. Here each net gets the load of its
pins and wires, and where that is more than a share of the largest that its driver may have a tree
of buffers, whose own loads stay below a quarter of theirs. Clock nets stay as they are: no clock
tree is built here.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from .cells import Cell, CellLibrary

__all__ = ["BUFFER", "Buffered", "buffer_netlist"]

BUFFER = "BUF_X4"
"""The cell of the trees. An input of the netlist counts as driven by one, and an input of a cell
that is not in the library has the capacitance of one."""
_BUFFER_SHARE = 0.25
_CLOCKS = ("clk", "clock")


@dataclass(frozen=True)
class Buffered:
    """What was added to a netlist: nets that got buffers, buffers, and their area in um2."""

    nets: int
    buffers: int
    area: float


@dataclass(frozen=True)
class _Sink:
    """An input pin at a net; its load in fF with the wire to it."""

    bits: list[Any]
    index: int
    load: float


class _Module:
    """One module of the netlist, while buffers are put in."""

    def __init__(self, module: dict[str, Any], library: CellLibrary, share: float):
        self.cells: dict[str, dict[str, Any]] = module["cells"]
        self.library = library
        self.share = share
        self.buffer: Cell = library[BUFFER]
        self.wire = library.conditions.wire_capacitance
        self.pin = self.buffer.pins["A"].capacitance
        self.largest = self.buffer.pins["Z"].max_load or 0.0
        self.sinks: dict[int, list[_Sink]] = {}
        self.limits: dict[int, float] = {}
        self.clocks: set[int] = set()
        self.next_bit = 2
        self.added = 0
        for port in module["ports"].values():
            for bit in port["bits"]:
                self._see(bit)
                if isinstance(bit, int) and port["direction"] == "input":
                    self.limits[bit] = self.largest * self.share
        for net in module.get("netnames", {}).values():
            for bit in net["bits"]:
                self._see(bit)
        for cell in self.cells.values():
            self._connect(cell)

    def _see(self, bit: Any) -> None:
        if isinstance(bit, int):
            self.next_bit = max(self.next_bit, bit + 1)

    def _connect(self, cell: dict[str, Any]) -> None:
        known = self.library.cells.get(cell["type"])
        for name, bits in cell["connections"].items():
            pin = known.pins[name] if known else None
            output = pin.is_output if pin else cell["port_directions"][name] == "output"
            clock = pin.is_clock if pin else name in _CLOCKS
            for index, bit in enumerate(bits):
                self._see(bit)
                if not isinstance(bit, int):
                    continue
                if output:
                    largest = pin.max_load if pin else self.largest
                    if largest is not None:
                        self.limits[bit] = largest * self.share
                elif clock:
                    self.clocks.add(bit)
                else:
                    load = (pin.capacitance if pin else self.pin) + self.wire
                    self.sinks.setdefault(bit, []).append(_Sink(bits, index, load))

    def _insert(self, sinks: list[_Sink]) -> _Sink:
        """A buffer in front of the sinks; its own input, still open."""
        bit, self.next_bit = self.next_bit, self.next_bit + 1
        for sink in sinks:
            sink.bits[sink.index] = bit
        pins: dict[str, list[Any]] = {"A": ["x"], "Z": [bit]}
        self.cells[f"fanout_{self.added}"] = {
            "hide_name": 0,
            "type": BUFFER,
            "parameters": {},
            "attributes": {},
            "port_directions": {"A": "input", "Z": "output"},
            "connections": pins,
        }
        self.added += 1
        return _Sink(pins["A"], 0, self.pin + self.wire)

    def _layer(self, sinks: list[_Sink]) -> list[_Sink]:
        """Buffers with even shares of the sinks."""
        total = sum(sink.load for sink in sinks)
        count = int(total // (self.largest * _BUFFER_SHARE)) + 1
        groups: list[list[_Sink]] = [[] for _ in range(count)]
        before = 0.0
        for sink in sinks:
            groups[min(int(before / total * count), count - 1)].append(sink)
            before += sink.load
        return [self._insert(group) for group in groups if group]

    def run(self) -> int:
        """Put buffers in; how many nets got some."""
        nets = 0
        for bit, sinks in self.sinks.items():
            limit = self.limits.get(bit)
            if limit is None or bit in self.clocks:
                continue
            layer = sinks
            while sum(sink.load for sink in layer) > limit and len(layer) > 1:
                layer = self._layer(layer)
            if layer is not sinks:
                nets += 1
                for sink in layer:
                    sink.bits[sink.index] = bit
        return nets


def buffer_netlist(
    netlist: Mapping[str, Any], library: CellLibrary, share: float = 0.35
) -> Buffered:
    """Put buffers into every module of a mapped netlist, as ``json.load`` reads it, in place.

    ``share`` is the part of a driver's largest load above which its net gets some; up to 0.5 the
    delays of the library hold (:mod:`sw.physical.cells`), and drivers are faster with less.
    """
    if not 0.0 < share <= 1.0:
        raise ValueError(f"share must be above 0 and at most 1, not {share}")
    nets = buffers = 0
    for module in netlist["modules"].values():
        if int(module.get("attributes", {}).get("blackbox", "0"), 2):
            continue
        work = _Module(module, library, share)
        nets += work.run()
        buffers += work.added
    return Buffered(nets, buffers, buffers * library[BUFFER].area)
