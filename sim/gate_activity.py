"""
Mapped netlists inside a machine's RTL, and what SAIF says of their nets.

Verilator writes SAIF for windows that the harness opens and closes (``sim/harness/machine.h``),
each in a file of its own. The simulation is without delays: every net moves at most once for each
edge of the clock, and there are no glitches.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Mapping

import numpy as np

from sw.physical.activity import NetActivity
from sw.physical.flat import FlatNetlist
from sw.physical.macros import macro_geometry
from sw.physical.saif import Net, Saif

__all__ = ["activities_of", "gates_verilog", "tracing"]

_PAUSE = 1 << 40  # kPause of the harness


def gates_verilog(netlist: FlatNetlist, name: str) -> str:
    """A netlist as a module with wires that tell of its memories' accesses."""
    return netlist.verilog(name, _probes(netlist))


def tracing(instance: str) -> tuple[str, ...]:
    """Lines of a control file by which the activity is that of netlists alone: instances of such a
    name, which can have wildcards, with the cells in a file of their own."""
    return (
        'tracing_off -file "*cells.v"',
        'tracing_off -scope "*"',
        f'tracing_on -scope "*.{instance}"',
    )


def activities_of(saif: Saif, netlists: Mapping[str, FlatNetlist]) -> dict[str, NetActivity]:
    """What each instance of a netlist did in a window, by the instance's name."""
    found = _by_instance(saif, netlists)
    cycles = saif.duration % _PAUSE // 2
    return {name: _activity(found[name], cycles, netlist) for name, netlist in netlists.items()}


def _by_instance(saif: Saif, names: Collection[str]) -> dict[str, dict[str, Net]]:
    """Nets right inside the instances of these names."""
    found: dict[str, dict[str, Net]] = defaultdict(dict)
    for path, net in saif.nets.items():
        scope, _, name = path.rpartition("/")
        instance = scope.rpartition("/")[2]
        if instance in names:
            found[instance][name] = net
    return found


def _macros(netlist: FlatNetlist) -> list[str]:
    return [leaf.name for leaf in netlist.leaves if macro_geometry(leaf.kind) is not None]


def _probes(netlist: FlatNetlist) -> list[str]:
    """Wires that are high in cycles with an access: ``read_k`` and ``write_k`` of macro k."""
    lines = []
    by_name = {leaf.name: leaf.pins for leaf in netlist.leaves}
    for k, name in enumerate(_macros(netlist)):
        pins = {
            pin: f"n{nets[0]}" if isinstance(nets[0], int) else f"1'b{nets[0]}"
            for pin, nets in by_name[name].items()
        }
        if "ren" in pins:
            read, write = pins["ren"], pins["wen"]
        else:
            read, write = (f"{pins['en']} & {sign}{pins['write']}" for sign in ("~", ""))
        lines += [f"  wire read_{k} = {read};", f"  wire write_{k} = {write};"]
    return lines


def _activity(nets: Mapping[str, Net], cycles: int, netlist: FlatNetlist) -> NetActivity:
    """Of a window: a net's first value is how often its time high holds the pause, and was counted
    as a transition; two units of time are a cycle."""
    toggles = np.zeros(1 + max(netlist.nets()), np.int64)
    for number in netlist.nets():
        net = nets[f"n{number}"]
        toggles[number] = net.toggles - net.high // _PAUSE
    accesses = {
        name: (nets[f"read_{k}"].high % _PAUSE // 2, nets[f"write_{k}"].high % _PAUSE // 2)
        for k, name in enumerate(_macros(netlist))
    }
    return NetActivity(cycles, toggles, accesses)
