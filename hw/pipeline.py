"""Pipelines that move only what is there: registers whose clock a synthesiser can gate."""

from __future__ import annotations

from typing import Any

from amaranth.hdl import Module, Signal, Value

__all__ = ["delay"]


def delay(m: Module, valid: Value, payload: Any, cycles: int, name: str) -> tuple[Value, Any]:
    """
    ``valid`` and ``payload`` ``cycles`` cycles later. A stage takes a payload only together with
    ``valid``, and keeps the one before otherwise.

    Parameters
    ----------
    m : :class:`Module`
    valid : :class:`Value`
    payload : :class:`Value` or view
    cycles : :class:`int`
        Stages; none gives back what came.
    name : :class:`str`
        Stage k's signals are ``{name}_k`` and ``{name}_valid_k``, from 1 on.
    """
    for k in range(1, cycles + 1):
        next_valid = Signal(name=f"{name}_valid_{k}")
        following = Signal.like(payload, name=f"{name}_{k}")
        m.d.sync += next_valid.eq(valid)
        with m.If(valid):
            m.d.sync += following.eq(payload)
        valid, payload = next_valid, following
    return valid, payload
