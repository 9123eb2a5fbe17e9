"""Modules that are emitted once and instantiated many times."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from amaranth.hdl import (
    ClockSignal,
    Const,
    Elaboratable,
    Instance,
    ResetInserter,
    ResetSignal,
    Signal,
    Value,
    ValueLike,
)
from amaranth.lib import wiring

__all__ = ["SharedModules", "flat_ports", "shared"]


class SharedModules:
    """Platform that collects the components which :func:`shared` has turned into instances.

    ``modules`` maps a module's name to one component of its kind.
    """

    def __init__(self) -> None:
        self.modules: dict[str, wiring.Component] = {}


def flat_ports(component: Any) -> dict[str, tuple[Signal, bool]]:
    """Each port of a component or interface by its flat name: its signal, and if it is an input.

    Ports that are constant (a stream that is always ready) or have no bits are left out.
    """
    ports = {}
    for path, member, value in component.signature.flatten(component):
        signal = Value.cast(value)
        if not isinstance(signal, Const) and len(signal):
            ports["__".join(map(str, path))] = (signal, member.flow == wiring.In)
    return ports


def shared(
    make: Callable[[], wiring.Component], name: str, platform: object, reset: ValueLike = 0
) -> tuple[Elaboratable, Any]:
    """
    A submodule that ``make`` gives, which ``reset`` resets too, memories excepted; and its ports.

    On a :class:`SharedModules` platform the submodule is an instance of the module ``name``, which
    has to be the same for all components of that name; elsewhere it is the component itself.
    """
    reset = Value.cast(reset)
    if not isinstance(platform, SharedModules):
        component = make()
        return ResetInserter(reset)(component), component
    if name not in platform.modules:
        platform.modules[name] = make()
    ports = platform.modules[name].signature.create(path=(name,))
    connections = {
        ("i_" if is_input else "o_") + port: signal
        for port, (signal, is_input) in flat_ports(ports).items()
    }
    resets = ResetSignal() | reset
    return Instance(name, i_clk=ClockSignal(), i_rst=resets, **connections), ports
