"""What the bulk engines of all machines share: how they are made, and STATUS and ERROR."""

from __future__ import annotations

from collections.abc import Callable
from enum import IntFlag
from pathlib import Path
from typing import Generic, TypeVar

from amaranth.lib import wiring

from hw.emit import Emitted

from .build import Model
from .emitted import emit_once
from .top import LIMIT, VerilatedTop

__all__ = ["MachineEngine", "MachineError"]

_ConfigT = TypeVar("_ConfigT")
_StatusT = TypeVar("_StatusT", bound=IntFlag)
_ErrorT = TypeVar("_ErrorT", bound=IntFlag)


class MachineError(RuntimeError):
    """The machine refused something or stopped; ``errors`` are the bits of its ERROR register."""

    def __init__(self, what: str, errors: IntFlag) -> None:
        names = ", ".join(str(flag.name) for flag in errors) or "none"
        super().__init__(f"{what}; error bits: {names}")
        self.errors = errors


class MachineEngine(VerilatedTop, Generic[_ConfigT, _StatusT, _ErrorT]):
    """
    A machine that has STATUS and ERROR registers; each kind says what it is made of.

    Parameters
    ----------
    config : _ConfigT
    trace : Path, optional
        FST file for waves.
    limit : int
        Cycles after which a wait gives up.
    build : callable, optional
        Makes the model of the machine's Verilog.
    """

    _component: type[wiring.Component]
    """Made of a configuration; its repr is to say all that the component depends on."""
    _status: tuple[int, type[_StatusT]]
    _error: tuple[int, type[_ErrorT]]
    """Addresses of registers, and their bits."""

    def __init__(
        self,
        config: _ConfigT,
        *,
        trace: str | Path | None = None,
        limit: int = LIMIT,
        build: Callable[[Emitted], Model] | None = None,
    ) -> None:
        made, label = self._component, self._label(config)
        emitted = emit_once(lambda: made(config), f"{made.__name__} {config}", label=label)
        component = emitted if build is None else build(emitted)
        super().__init__(component, trace=trace, limit=limit, label=label)
        self.config = config

    @staticmethod
    def _label(config: _ConfigT) -> str:
        """What to call it while it is built."""
        raise NotImplementedError

    @property
    def status(self) -> _StatusT:
        """The STATUS register."""
        address, bits = self._status
        return bits(self.read_register(address))

    @property
    def errors(self) -> _ErrorT:
        """The ERROR register."""
        address, bits = self._error
        return bits(self.read_register(address))

    def clear_errors(self) -> None:
        """Clear all bits of the ERROR register."""
        self.write_register(self._error[0], 0xFFFF_FFFF)
