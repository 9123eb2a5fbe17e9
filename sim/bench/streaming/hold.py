"""What holding whole frames costs a block, by the width of its image."""

from __future__ import annotations

from hw.cnn.config import ConvConfig, PipelineConfig

from .results import Hold

__all__ = ["worst_hold"]


def worst_hold(config: PipelineConfig) -> Hold:
    """The block of a pipeline that takes the most intervals for a frame."""
    blocks = []
    for skip in config.skips:
        for reader in set(config.readers(skip.source)) - {skip.reader}:
            unit = config.node(reader).unit
            assert isinstance(unit, ConvConfig)
            blocks.append(Hold(width=unit.out_width, stride=unit.stride))
    return max(blocks, key=lambda block: block.ratio)
