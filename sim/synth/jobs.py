"""What is synthesised: units of a configuration by name, and what each of them is timed against."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from hw.eie.config import PRESETS, EieConfig
from hw.eie.units import Unit, units
from sw.physical.timing import Budget

__all__ = ["SynthJob", "budget_of", "jobs_of", "unit_names"]

_PREFIX = "eie."


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
    """The clock of a unit, and the shares of it that its neighbours have on either side."""
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
