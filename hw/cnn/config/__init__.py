"""Parameters of a streaming convolutional network: its units, and how they are joined."""

from .pipeline import INPUT, Node, PipelineConfig, Skip, SkipKind
from .streams import CHUNK_BITS, Number, chunks_of
from .units import (
    ACCUMULATOR_BITS,
    MAX_SCALED_SHIFT,
    MAX_SHIFT,
    SCALE_BITS,
    AddConfig,
    AveragePoolConfig,
    ConvConfig,
    MaxPoolConfig,
    UnitConfig,
)

__all__ = [
    "ACCUMULATOR_BITS",
    "CHUNK_BITS",
    "INPUT",
    "MAX_SCALED_SHIFT",
    "MAX_SHIFT",
    "SCALE_BITS",
    "AddConfig",
    "AveragePoolConfig",
    "ConvConfig",
    "MaxPoolConfig",
    "Node",
    "Number",
    "PipelineConfig",
    "Skip",
    "SkipKind",
    "UnitConfig",
    "chunks_of",
]
