"""What is synthesised: units of a configuration by name, and what each of them is timed against."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from math import sqrt
from typing import Protocol

from hw.eie.config import PRESETS, EieConfig
from hw.eie.units import units
from hw.unit import Unit
from sw.physical.cells import read_cells
from sw.physical.timing import Budget
from sw.physical.wires import repeated_wire

__all__ = ["Job", "SynthJob", "budget_of", "jobs_of", "unit_names"]

_PREFIX = "eie."

FARTHEST_PE_MM = 4.0
"""From a relay of the broadcast to the farthest of its PEs, among 64."""
FLIP_FLOP_NS = 0.1
"""Clock to output of the flip-flop before a long wire."""
ROOM_NS = 0.2
"""What a PE needs to tell the room of its queue from its level."""
ARITHMETIC_NS = 0.2
"""From a clock edge to the inputs of the arithmetic, which come from flip-flops and SRAMs."""
ALL_OF_16_NS = 0.13
"""What a relay needs to find out if 16 PEs have room, set-up included."""


class Job(Protocol):
    """A unit to synthesise, of whatever machine."""

    @property
    def name(self) -> str:
        """What reports call it."""
        ...

    @property
    def label(self) -> str:
        """Unit and machine, for people."""
        ...

    @property
    def unit(self) -> Unit:
        """The unit itself."""
        ...

    @property
    def budget(self) -> Budget:
        """What it is timed against."""
        ...

    @property
    def what(self) -> str:
        """All that its Verilog depends on besides the source code."""
        ...


@dataclass(frozen=True)
class SynthJob:
    """
    A unit of an EIE to synthesise.

    Parameters
    ----------
    machine : str
        What the configuration is called: a preset, or a name of one's own.
    config : EieConfig
    name : str
        Of the unit, as ``kiln synth`` takes it: ``"eie.queue"``.
    """

    machine: str
    config: EieConfig
    name: str

    @property
    def label(self) -> str:
        """Unit and machine: ``"eie.queue of paper64"``."""
        return f"{self.name} of {self.machine}"

    @property
    def unit(self) -> Unit:
        """The unit itself."""
        return units(self.config)[self.name.removeprefix(_PREFIX)]

    @property
    def budget(self) -> Budget:
        """What it is timed against."""
        return budget_of(self.name, self.config.n_pe)

    @property
    def what(self) -> str:
        """All that its Verilog depends on besides the source code."""
        return f"{self.name} of {self.config}"


def budget_of(name: str, n_pe: int = 64) -> Budget:
    """
    The clock of a unit, and the shares of it that its neighbours have on either side.

    A unit inside a PE has neighbours in the PE, and the PE itself shows whether they fit together.
    The wires of the broadcast are those of 64 PEs on 6.4 mm x 6.4 mm, 0.8 mm apart: from the root
    in the middle to a relay are 1.6 mm, from there to the middle of the farthest of its PEs 4.0 mm.
    Fewer PEs are closer together, by the root of their number; that their memories may be smaller
    is not counted. To the PEs and back a signal has a clock period, less the flip-flop that it
    comes from and the gates at the other end.
    """
    wire = repeated_wire(read_cells(), FARTHEST_PE_MM * sqrt(n_pe / 64))
    if name == f"{_PREFIX}pe":
        return Budget(input_delay=FLIP_FLOP_NS + wire, output_delay=wire + ALL_OF_16_NS)
    if name == f"{_PREFIX}relay":
        return Budget(input_delay=FLIP_FLOP_NS + ROOM_NS + wire, output_delay=wire)
    if name == f"{_PREFIX}arith":
        return Budget(input_delay=ARITHMETIC_NS)
    return Budget()


def unit_names(config: EieConfig) -> list[str]:
    """Names of all units of a configuration."""
    return [_PREFIX + name for name in units(config)]


def jobs_of(
    machine: str, names: Sequence[str] = (), config: EieConfig | None = None
) -> list[SynthJob]:
    """
    Units of a preset, or of a configuration that is called ``machine``; all without names.

    ``ValueError`` says which preset or unit there is not, and which there are.
    """
    if config is None:
        if machine not in PRESETS:
            raise ValueError(f"no preset {machine!r}; there are {', '.join(PRESETS)}")
        config = PRESETS[machine]
    known = unit_names(config)
    for name in names:
        if name not in known:
            raise ValueError(f"no unit {name!r} in {machine}; there are {', '.join(known)}")
    return [SynthJob(machine, config, name) for name in names or known]
