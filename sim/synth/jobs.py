"""What is synthesised: units of a configuration by name, and what each of them is timed against."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from hw.eie.config import PRESETS, EieConfig
from hw.eie.units import Unit, units
from sw.physical.cells import read_cells
from sw.physical.timing import Budget
from sw.physical.wires import repeated_wire

__all__ = ["SynthJob", "budget_of", "jobs_of", "unit_names"]

_PREFIX = "eie."

FARTHEST_PE_MM = 4.8
"""From a relay of the broadcast to its farthest PE."""
FLIP_FLOP_NS = 0.1
"""Clock to output of the flip-flop before a long wire."""
ROOM_NS = 0.2
"""What a PE needs to tell the room of its queue from its level."""
ALL_OF_16_NS = 0.13
"""What a relay needs to find out if 16 PEs have room, set-up included."""


@dataclass(frozen=True)
class SynthJob:
    """
    A unit to synthesise.

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


def budget_of(name: str) -> Budget:
    """
    The clock of a unit, and the shares of it that its neighbours have on either side.

    A unit inside a PE has neighbours in the PE, and the PE itself shows whether they fit together.
    The wires of the broadcast are those of 64 PEs on 6.4 mm x 6.4 mm: a relay is 1.6 mm from the
    root in the middle, and at most 4.8 mm from its PEs. To these and back a signal has a clock
    period, less the flip-flop that it comes from and the gates at the other end.
    """
    wire = repeated_wire(read_cells(), FARTHEST_PE_MM)
    if name == f"{_PREFIX}pe":
        return Budget(input_delay=FLIP_FLOP_NS + wire, output_delay=wire + ALL_OF_16_NS)
    if name == f"{_PREFIX}relay":
        return Budget(input_delay=FLIP_FLOP_NS + ROOM_NS + wire, output_delay=wire)
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
