"""What a pipeline stores: bits of its buffers, by kind."""

from __future__ import annotations

from dataclasses import dataclass

from hw.cnn.config import AveragePoolConfig, ConvConfig, MaxPoolConfig, PipelineConfig, UnitConfig

__all__ = ["Bits", "bits_of", "skip_bits"]

_ACTIVATION = 8


@dataclass(frozen=True)
class Bits:
    """
    Bits of storage, as allocated: depth times width, registers of windows and beats included.

    Parameters
    ----------
    lines : int
        Line buffers, with the word that was read last, and rows of pools.
    skips : int
    gathers : int
        Parts of beats that wait for the others.
    weights, parameters : int
    """

    lines: int = 0
    skips: int = 0
    gathers: int = 0
    weights: int = 0
    parameters: int = 0

    @property
    def activations(self) -> int:
        """What holds activations."""
        return self.lines + self.skips + self.gathers

    def by_kind(self) -> dict[str, int]:
        """By what reports call them."""
        return {_KINDS.get(name, name): getattr(self, name) for name in _NAMES}

    def __add__(self, other: Bits) -> Bits:
        return Bits(*(getattr(self, name) + getattr(other, name) for name in _NAMES))


_NAMES = tuple(Bits.__dataclass_fields__)
_KINDS = {"lines": "line buffers"}


def bits_of(config: PipelineConfig) -> dict[str, Bits]:
    """Of each node, what is before it included."""
    found = {}
    for node in config.nodes:
        mine = _unit_bits(node.unit)
        for source in node.sources:
            before, after = config.lanes(source), _lanes_in(node.unit)
            width = max(0, after - before) * config.number(source).bits
            mine += Bits(gathers=width)
        found[node.name] = mine
    for skip in config.skips:
        found[skip.reader] += Bits(skips=skip_bits(config)[skip.source])
    return found


def skip_bits(config: PipelineConfig) -> dict[str, int]:
    """Of each skip, by its source."""
    return {
        skip.source: skip.depth * config.lanes(skip.source) * _ACTIVATION for skip in config.skips
    }


def _lanes_in(unit: UnitConfig) -> int:
    return unit.simd if isinstance(unit, ConvConfig) else unit.lanes


def _unit_bits(unit: UnitConfig) -> Bits:
    match unit:
        case ConvConfig():
            lines = unit.ring_pixels * unit.inputs * _ACTIVATION + unit.simd * _ACTIVATION
            return Bits(
                lines=lines,
                weights=unit.weight_words * unit.weight_word,
                parameters=unit.parameter_words * unit.parameter_word,
            )
        case AveragePoolConfig():
            return Bits(lines=unit.channels * unit.sum_bits)
        case MaxPoolConfig():
            return Bits(lines=unit.width // unit.size * unit.channels * _ACTIVATION)
        case _:
            return Bits()
