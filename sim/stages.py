"""Units of a streaming network, one by one: what each takes, and how a run went for it."""

from __future__ import annotations

from pydantic import BaseModel

from hw.cnn.config import (
    AddConfig,
    AveragePoolConfig,
    ConvConfig,
    MaxPoolConfig,
    PipelineConfig,
    UnitConfig,
)
from sw.dataflow.memory import Bits, bits_of

from .cnn import UnitCycles

__all__ = ["Stage", "StageReport", "run_stages", "stages_of", "total_bits"]

_KINDS: dict[type[UnitConfig], str] = {
    ConvConfig: "convolution",
    AddConfig: "sum",
    AveragePoolConfig: "mean",
    MaxPoolConfig: "largest",
}


class Stage(BaseModel):
    """
    A unit as it is built. ``cycles`` are those of a frame if nothing holds the unit up. ``simd``
    and ``pe`` are channels that a convolution or linear layer takes and gives in a cycle; other
    units have neither. Bits are those of :class:`sw.dataflow.memory.Bits`: a skip's are with the
    unit that reads it.
    """

    kind: str
    cycles: int
    simd: int | None
    pe: int | None
    multipliers: int
    bits: dict[str, int]


class StageReport(Stage):
    """A unit after a run, with the shares of its cycles in which it worked, waited for input,
    waited for output."""

    busy: float
    starved: float
    blocked: float


def stages_of(config: PipelineConfig) -> dict[str, Stage]:
    """Of each node, in order."""
    bits = bits_of(config)
    return {node.name: _stage(node.unit, bits[node.name]) for node in config.nodes}


def run_stages(
    config: PipelineConfig, counted: dict[str, UnitCycles], cycles: int
) -> dict[str, StageReport]:
    """Of each node, with what its unit did in a run of so many cycles."""
    return {
        name: StageReport(
            **stage.model_dump(),
            busy=counted[name].busy / cycles,
            starved=counted[name].starved / cycles,
            blocked=counted[name].blocked / cycles,
        )
        for name, stage in stages_of(config).items()
    }


def total_bits(config: PipelineConfig) -> dict[str, int]:
    """Of all units together."""
    return sum(bits_of(config).values(), Bits()).by_kind()


def _stage(unit: UnitConfig, bits: Bits) -> Stage:
    folding = (unit.simd, unit.pe) if isinstance(unit, ConvConfig) else (None, None)
    return Stage(
        kind=_KINDS[type(unit)],
        cycles=unit.cycles,
        simd=folding[0],
        pe=folding[1],
        multipliers=unit.multipliers,
        bits=bits.by_kind(),
    )
