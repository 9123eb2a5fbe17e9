"""A unit of a machine, as it is synthesised by itself."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from amaranth.lib import wiring

__all__ = ["Unit"]


@dataclass(frozen=True)
class Unit:
    """
    A unit of a configuration.

    Parameters
    ----------
    name : str
    make : callable
        Gives the component.
    parts : tuple of str
        Submodules that are reported one by one.
    quasi_static : tuple of str
        Bits of input ports that are there a cycle before anything looks at them.
    constant : tuple of str
        Input ports that never change.
    """

    name: str
    make: Callable[[], wiring.Component]
    parts: tuple[str, ...] = ()
    quasi_static: tuple[str, ...] = ()
    constant: tuple[str, ...] = ()
