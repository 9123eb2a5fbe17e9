"""Parameters that a unit keeps in a register."""

from __future__ import annotations

from typing import Any

from amaranth.hdl import Module, Signal

__all__ = ["loaded"]


def loaded(m: Module, load: Any, index: int, layout: Any) -> Any:
    """
    The lowest bits of the last parameters that were written to a unit. Like weights in a memory
    they outlive a reset.

    Parameters
    ----------
    m : :class:`Module`
    load : interface object of :class:`~hw.cnn.streams.LoadWrite`
    index : :class:`int`
        Of the unit.
    layout : :class:`ShapeLike`
        Of the parameters.
    """
    parameters = Signal(layout, name="parameters", reset_less=True)
    with m.If(load.valid & load.parameters & (load.unit == index)):
        m.d.sync += parameters.eq(load.data)
    return parameters
