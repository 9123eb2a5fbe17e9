"""The units of an EIE that are synthesised one by one, by name."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

from amaranth.lib import wiring

from ..stream import Queue
from ..unit import Unit
from .activation import AccumulatorFile, Requantise, SourceFile
from .arith import Arithmetic
from .broadcast import Broadcast, BroadcastRelay, flight
from .config import EieConfig
from .control import Control
from .counters import PerformanceCounters
from .lnzd import LnzdNode
from .loader import Loader
from .pe import ProcessingElement
from .pointer import PointerRead
from .readout import Readout
from .registers import Registers
from .source import ActivationSource
from .spmat import SpmatRead
from .tokens import pass_slot_layout, token_layout
from .wide.arith import WideArithmetic
from .wide.block import VectorBlock
from .wide.pe import WideProcessingElement
from .wide.pointer import SpanRead
from .wide.queue import GroupQueue
from .wide.reduce import PartialSum
from .wide.requantise import WideRequantise
from .wide.source import WideSource
from .wide.spmat import WideSpmatRead

__all__ = ["pe_parts", "shown_early", "units"]


def shown_early(config: EieConfig) -> tuple[str, ...]:
    """Bits of a port ``slots`` that come a cycle before the marks of a pass count, as
    :func:`hw.eie.tokens.registered_slots` has it."""
    slot = pass_slot_layout(config)
    marks = {
        bit
        for mark in ("valid", "halt", "ticket")
        for bit in range(slot[mark].offset, slot[mark].offset + slot[mark].width)
    }
    return tuple(
        f"slots[{number * slot.size + bit}]"
        for number in range(2)
        for bit in range(slot.size)
        if bit not in marks
    )


def arith_parts(config: EieConfig) -> tuple[str, ...]:
    """Units of a wide PE's arithmetic."""
    return ("accumulators", "combine", "row_sum", *(f"multiplier_{k}" for k in range(config.lanes)))


def pe_parts(config: EieConfig) -> tuple[str, ...]:
    """Units of a processing element, by the names of its submodules."""
    counters = ("counters",) if config.counters else ()
    if config.is_wide:
        inner = tuple(f"arith/{part}" for part in arith_parts(config))
        units = ("queue", "pointer", "spmat", "arith", *inner, "requantise", "source")
        return (*units, *counters)
    activations = ("accumulators", "requantise", "file", "source")
    return ("queue", "pointer", "spmat", "arith", *activations, *counters)


def units(config: EieConfig) -> dict[str, Unit]:
    """All units of a configuration: those of a PE, the PE, and those that an array has once or a
    few times."""
    inside: dict[str, Callable[[], wiring.Component]] = {
        "counters": PerformanceCounters,
    }
    outside: dict[str, Callable[[], wiring.Component]] = {
        "lnzd": lambda: LnzdNode(config),
        "broadcast": lambda: Broadcast(config),
        "relay": lambda: BroadcastRelay(config),
        "control": lambda: Control(config),
        "loader": lambda: Loader(config),
        "readout": lambda: Readout(config),
        "registers": lambda: Registers(config),
    }
    if config.is_wide:
        inside |= {
            "queue": lambda: GroupQueue(config),
            "pointer": lambda: SpanRead(config),
            "spmat": lambda: WideSpmatRead(config),
            "arith": lambda: WideArithmetic(config),
            "requantise": lambda: WideRequantise(config),
            "source": lambda: WideSource(config),
        }
        outside |= {
            "block": lambda: VectorBlock(config, 0),
            "sums": lambda: PartialSum(config),
        }
        element = Unit("pe", lambda: WideProcessingElement(config), pe_parts(config))
    else:
        inside |= {
            "queue": lambda: Queue(token_layout(config), config.queue_depth + flight(config)),
            "pointer": lambda: PointerRead(config),
            "spmat": lambda: SpmatRead(config),
            "arith": lambda: Arithmetic(config),
            "accumulators": lambda: AccumulatorFile(config),
            "requantise": lambda: Requantise(config),
            "file": lambda: SourceFile(config),
            "source": lambda: ActivationSource(config),
        }
        element = Unit("pe", lambda: ProcessingElement(config), pe_parts(config))
    found = [
        Unit(name, make, arith_parts(config) if name == "arith" and config.is_wide else ())
        for name, make in (inside | outside).items()
    ]
    shown = ("pe", "requantise", "spmat", "source", "block")
    numbered = ("pe",) if config.is_wide else ("pe", "source")
    return {
        unit.name: replace(
            unit,
            quasi_static=shown_early(config) if unit.name in shown else (),
            constant=("index",) if unit.name in numbered else (),
        )
        for unit in (element, *found)
    }
