"""
A mapped netlist without hierarchy: every net once, however many borders of modules it crosses.

Power is counted per net, and a net that leaves a module loads its driver with what hangs on it
outside. Nets are integers, or the constants ``"0"`` and ``"1"``; what the netlist leaves open
(``"x"``) is 0, as in its Verilog.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from .netlist import Net, Netlist, verilog_name

__all__ = ["TOP_PART", "FlatNetlist", "Leaf", "flatten"]

TOP_PART = "(top)"
"""The part of what lies in no module below the top."""


@dataclass(frozen=True)
class Leaf:
    """A cell or macro: hierarchical name (joined by /), kind, the part of the top that it lies in,
    and the nets of every pin, lowest bit first."""

    name: str
    kind: str
    part: str
    pins: Mapping[str, tuple[Net, ...]]


@dataclass(frozen=True)
class FlatNetlist:
    """Ports with direction (``"input"`` or ``"output"``) and nets, and all leaves."""

    ports: Mapping[str, tuple[str, tuple[Net, ...]]]
    leaves: tuple[Leaf, ...]

    def nets(self) -> list[int]:
        """All nets, constants not among them, in ascending order."""
        pins = [nets for leaf in self.leaves for nets in leaf.pins.values()]
        pins += [nets for _, nets in self.ports.values()]
        return sorted({net for nets in pins for net in nets if isinstance(net, int)})

    def verilog(self, name: str, extra: Sequence[str] = ()) -> str:
        """Structural Verilog of one module; net k is ``n{k}``. ``extra`` lines stand at its end."""
        heads, assigns = [], []
        for port, (direction, nets) in self.ports.items():
            width = f"[{len(nets) - 1}:0] " if len(nets) > 1 else ""
            heads.append(f"  {direction} {width}{verilog_name(port)};")
            for bit, net in enumerate(nets):
                text = verilog_name(port) + (f"[{bit}]" if len(nets) > 1 else "")
                left, right = (_text(net), text) if direction == "input" else (text, _text(net))
                assigns.append(f"  assign {left} = {right};")
        wires = [f"  wire n{net};" for net in self.nets()]
        body = []
        for number, leaf in enumerate(self.leaves):
            pins = [f".{verilog_name(pin)}({_vector(nets)})" for pin, nets in leaf.pins.items()]
            body.append(f"  {verilog_name(leaf.kind)} u{number} ({', '.join(pins)});")
        head = f"module {verilog_name(name)}({', '.join(map(verilog_name, self.ports))});"
        return "\n".join([head, *heads, *wires, *assigns, *body, *extra, "endmodule", ""])


def flatten(netlist: Netlist) -> FlatNetlist:
    """The top with everything below it dissolved; modules right below it become parts."""
    worker = _Flattener(netlist)
    top = netlist.modules[netlist.top]
    outside = {net: worker.new() for _, nets in top.ports.values() for net in nets}
    worker.dissolve(netlist.top, "", TOP_PART, {k: v for k, v in outside.items() if _is_net(k)})
    ports = {
        port: (direction, tuple(worker.find(outside[n] if _is_net(n) else n) for n in nets))
        for port, (direction, nets) in top.ports.items()
    }
    leaves = tuple(
        Leaf(
            leaf.name,
            leaf.kind,
            leaf.part,
            {pin: tuple(map(worker.find, nets)) for pin, nets in leaf.pins.items()},
        )
        for leaf in worker.leaves
    )
    return FlatNetlist(ports, leaves)


class _Flattener:
    """Nets under construction: those that turn out to be one are joined."""

    def __init__(self, netlist: Netlist):
        self.netlist = netlist
        self.leaves: list[Leaf] = []
        self._joined: dict[Net, Net] = {}
        self._next = 0

    def new(self) -> int:
        """A net that is not in use."""
        self._next += 1
        return self._next - 1

    def find(self, net: Net) -> Net:
        """The one that stands for all it was joined with."""
        while net in self._joined:
            net = self._joined[net]
        return "0" if net == "x" else net

    def join(self, one: Net, other: Net) -> None:
        """Makes two nets one; a constant stands for both."""
        one, other = self.find(one), self.find(other)
        if one != other:
            if isinstance(one, str):
                one, other = other, one
            self._joined[one] = other

    def dissolve(self, name: str, path: str, part: str, nets: Mapping[Net, Net]) -> None:
        """Adds the leaves below an instance of a module, whose nets at ports are known."""
        module = self.netlist.modules[name]
        known = dict(nets)

        def outer(net: Net) -> Net:
            if not _is_net(net):
                return net
            if net not in known:
                known[net] = self.new()
            return known[net]

        for child, instance in module.instances.items():
            below = self.netlist.modules.get(instance.kind)
            if below is None:
                pins = {pin: tuple(map(outer, bits)) for pin, bits in instance.pins.items()}
                self.leaves.append(Leaf(f"{path}{child}", instance.kind, part, pins))
                continue
            inner: dict[Net, Net] = {}
            for port, (_, bits) in below.ports.items():
                for bit, net in enumerate(bits):
                    place = outer(instance.pins[port][bit]) if port in instance.pins else self.new()
                    if not _is_net(net):
                        self.join(place, net)
                    elif net in inner:
                        self.join(inner[net], place)
                    else:
                        inner[net] = place
            self.dissolve(
                instance.kind, f"{path}{child}/", child if part == TOP_PART else part, inner
            )


def _is_net(net: Net) -> bool:
    return isinstance(net, int)


def _text(net: Net) -> str:
    return f"n{net}" if isinstance(net, int) else f"1'b{net}"


def _vector(nets: Sequence[Net]) -> str:
    texts = [_text(net) for net in reversed(nets)]
    return texts[0] if len(texts) == 1 else "{" + ", ".join(texts) + "}"
