"""From a component to Verilog text and a manifest of its ports, memories and parameters."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass, is_dataclass
from enum import Enum
from functools import lru_cache
from itertools import count
from typing import Any

from amaranth.back import verilog
from amaranth.hdl import (
    ClockDomain,
    Fragment,
    Instance,
    MemoryInstance,
    Module,
    Shape,
    Signal,
)
from amaranth.hdl._ir import PortDirection
from amaranth.lib import wiring

from .hierarchy import flat_ports
from .memory import DualPortSram, Macro, MemoryMacros, Sram

__all__ = ["Emitted", "emit"]

_INITIAL = re.compile(r"  initial begin\n((?:    (?:\\\S+ |\w+)\[\d+\] = \S+;\n)+)  end\n")
_CONSTANT = re.compile(r"^  always @\*\n(?=    [^;\n]* = \d+'[bh][0-9a-f]+;$)", re.M)
_NO_BITS = re.compile(r"(?:  \(\*.*\*\)\n)*  (?:wire|reg) \[-1:0\] \S+ ?;\n")
_INITIAL_WORD = re.compile(r"    (\\\S+ |\w+)\[(\d+)\] = (\d+)'h([0-9a-f]+);\n")


@dataclass(frozen=True)
class Emitted:
    """
    Verilog of a component.

    Parameters
    ----------
    name : str
        Name of the top module.
    verilog : str
        Text, the same in every run for the same component.
    manifest : dict
        ``top``; ``ports``: name, direction (``"in"`` or ``"out"``), width and signed of each, clock
        and reset included; ``modules``: the same for each that :func:`hw.hierarchy.shared` made;
        ``memories``: path, depth, width and, for an SRAM, macro and latency; ``macros``: geometry
        of each SRAM macro by name; ``parameters``. Plain JSON types.
    """

    name: str
    verilog: str
    manifest: dict[str, Any]

    def port(self, name: str) -> dict[str, Any]:
        """The manifest's line of one port; ``KeyError`` naming it where there is none."""
        for port in self.manifest["ports"]:
            if port["name"] == name:
                return dict(port)
        raise KeyError(f"{self.name} has no port {name!r}")


def emit(
    component: wiring.Component,
    *,
    name: str = "top",
    platform: Any = None,
    parameters: Mapping[str, Any] | None = None,
) -> Emitted:
    """
    Verilog and manifest of a component.

    Without ``platform`` the text is complete: every geometry of :class:`hw.memory.Sram` and
    :class:`hw.memory.DualPortSram` that can be a macro becomes one module, made from the
    behavioural one without its reset and shared by all places that use it. With a
    :class:`hw.memory.MemoryMacros` platform these modules are left out, for a synthesis that treats
    them as macros. What :func:`hw.hierarchy.shared` made an instance follows as a module of its
    own. Ports of the signature that are constant (a stream that is always ready) or have no bits
    are left out, as is everything inside that has no bits.

    ``parameters`` goes into the manifest; by default it is what the component's ``config`` holds.
    """
    macros = MemoryMacros() if platform is None else platform
    fragments = {name: Fragment.get(component, macros)}
    ports = _directed_ports(component)
    text = _convert(fragments[name], ports, name)
    modules: Mapping[str, wiring.Component] = getattr(macros, "modules", {})
    while missing := [module for module in modules if module not in fragments]:
        for module in missing:
            fragments[module] = Fragment.get(modules[module], macros)
            text += _convert(fragments[module], _directed_ports(modules[module]), module)
    memories = list(_memories(fragments, name, macros))
    used: dict[str, Macro] = getattr(macros, "used", {})
    if platform is None:
        text += "".join(_macro_verilog(used[macro]) for macro in sorted(used))
    # Verilog never executes a process that reads nothing; SystemVerilog's always_comb does so once.
    text = _CONSTANT.sub("  always_comb\n", _shorten_initial(_NO_BITS.sub("", text)))
    manifest = {
        "top": name,
        "ports": _manifest_ports(text, name, ports),
        "modules": {
            module: _manifest_ports(text, module, _directed_ports(modules[module]))
            for module in modules
        },
        "memories": memories,
        "macros": {macro: used[macro]._asdict() for macro in sorted(used)},
        "parameters": _parameters(component) if parameters is None else dict(parameters),
    }
    return Emitted(name, text, manifest)


def _parameters(component: wiring.Component) -> dict[str, Any]:
    config = getattr(component, "config", None)
    if not is_dataclass(config) or isinstance(config, type):
        return {}
    return asdict(config, dict_factory=_plain_fields)


def _plain_fields(fields: list[tuple[str, Any]]) -> dict[str, Any]:
    return {name: value.value if isinstance(value, Enum) else value for name, value in fields}


def _directed_ports(component: wiring.Component) -> dict[str, tuple[Signal, PortDirection]]:
    return {
        name: (signal, PortDirection.Input if is_input else PortDirection.Output)
        for name, (signal, is_input) in flat_ports(component).items()
    }


def _manifest_ports(
    text: str, name: str, ports: Mapping[str, tuple[Signal, PortDirection]]
) -> list[dict[str, Any]]:
    """Ports in order of name, clocks and resets too, from the head of the top module."""
    start = text.index(f"\nmodule {name}(")
    body = text[start : text.index("\nendmodule", start)]
    found = []
    for kind, high, port in re.findall(r"^  (input|output) (?:\[(\d+):0\] )?(\w+);$", body, re.M):
        signal = ports.get(port, (None, None))[0]
        found.append(
            {
                "name": port,
                "direction": "in" if kind == "input" else "out",
                "width": int(high or 0) + 1,
                "signed": signal is not None and signal.shape().signed,
            }
        )
    return sorted(found, key=lambda port: str(port["name"]))


def _convert(
    fragment: Fragment, ports: Mapping[str, tuple[Signal, PortDirection]], name: str
) -> str:
    return verilog.convert_fragment(
        fragment, ports, name, emit_src=False, strip_internal_attrs=True
    )[0]


def _memories(
    fragments: Mapping[str, Fragment], module: str, macros: Any
) -> Iterator[dict[str, Any]]:
    """Memories of a module, those of the shared modules inside it once for each instance."""

    def walk(fragment: Fragment, path: tuple[str, ...]) -> Iterator[dict[str, Any]]:
        for number, (child, name, _) in enumerate(fragment.subfragments):
            here = (*path, name if name is not None else f"U${number}")
            if isinstance(child, MemoryInstance):
                data = child._data
                width = Shape.cast(data.shape).width
                yield {"path": ".".join(here), "depth": data.depth, "width": width}
            elif isinstance(child, Instance) and child.type in fragments:
                yield from walk(fragments[child.type], here)
            elif isinstance(child, Instance):
                geometry = getattr(macros, "used", {}).get(child.type)
                if geometry is not None:
                    yield {
                        "path": ".".join(here),
                        "depth": geometry.depth,
                        "width": geometry.width,
                        "macro": child.type,
                        "latency": geometry.latency,
                    }
            else:
                yield from walk(child, here)

    yield from walk(fragments[module], ())


@lru_cache(maxsize=16)
def _macro_verilog(macro: Macro) -> str:
    """The module behind a macro: the SRAM itself in a clock domain without reset."""
    m = Module()
    m.domains.sync = domain = ClockDomain(reset_less=True)
    if macro.ports == "1rw":
        m.submodules.sram = sram = Sram(macro.depth, macro.width, macro.latency)
        names = ("en", "write", "addr", "wdata")
        inputs = {name: getattr(sram.port, name) for name in names}
        rdata = sram.port.rdata
    else:
        m.submodules.sram = sram = DualPortSram(macro.depth, macro.width)
        inputs = {f"w{name}": getattr(sram.write, name) for name in ("en", "addr", "data")}
        inputs |= {f"r{name}": getattr(sram.read, name) for name in ("en", "addr")}
        rdata = sram.read.data
    ports = {key: (value, PortDirection.Input) for key, value in inputs.items() if len(value)}
    ports["clk"] = (domain.clk, PortDirection.Input)
    ports["rdata"] = (rdata, PortDirection.Output)
    fragment = Fragment.get(m, None)
    return verilog.convert_fragment(
        fragment, ports, macro.name, emit_src=False, strip_internal_attrs=True
    )[0]


def _shorten_initial(text: str) -> str:
    """Initial blocks that clear a whole memory word by word, as one loop each."""
    number = count()

    def shorten(match: re.Match[str]) -> str:
        words = _INITIAL_WORD.findall(match[1])
        if not words:
            return match[0]
        memory, _, width, _ = words[0]
        whole = [(memory, str(k), width) for k in range(len(words))]
        if len(words) < 4 or [word[:3] for word in words] != whole:
            return match[0]
        if any(value.strip("0") for *_, value in words):
            return match[0]
        return (
            f"  initial begin : clear_{next(number)}\n    integer word;\n"
            f"    for (word = 0; word < {len(words)}; word = word + 1)\n"
            f"      {memory}[word] = {width}'h0;\n  end\n"
        )

    return _INITIAL.sub(shorten, text)
