"""
Stream frames of ``hw.cnn.format``: what goes into a streaming network and what comes back.
Words are uint64, little endian.
"""

from __future__ import annotations

from collections.abc import Mapping
from math import prod

import numpy as np
from numpy.typing import ArrayLike, NDArray

from hw.cnn.config import PipelineConfig
from hw.cnn.format import (
    NETWORK,
    Memory,
    SectionKind,
    memories,
    network_fields,
)
from sw.frame import Section, layout_words, sections_to_words

__all__ = ["image_frames", "network_frame", "network_sections", "results"]

_PIXELS = 8  # bytes to a word
_LOGITS = 2


def network_sections(
    config: PipelineConfig,
    weights: Mapping[str, NDArray[np.uint64]],
    parameters: Mapping[str, NDArray[np.uint64]],
) -> list[Section]:
    """
    The sections of the frame that loads a network.

    Parameters
    ----------
    config : PipelineConfig
        The pipeline that it was compiled for.
    weights, parameters : mapping
        By name of the node, chunks uint64 (chunks,) as the memory has them: each word in
        :func:`hw.cnn.config.chunks_of` of them, the lowest bits first.
    """
    given = {SectionKind.WEIGHTS: weights, SectionKind.PARAMETERS: parameters}
    needed = memories(config)
    for kind, chunks in given.items():
        names = {config.nodes[memory.unit].name for memory in needed if memory.kind is kind}
        if set(chunks) != names:
            raise ValueError(
                f"{kind.name.lower()} must be of {sorted(names)}, not of {sorted(chunks)}"
            )
    return [
        Section(SectionKind.NETWORK, layout_words(NETWORK, network_fields(config))),
        *(
            _section(config.nodes[memory.unit].name, memory, given[memory.kind])
            for memory in needed
        ),
    ]


def _section(name: str, memory: Memory, given: Mapping[str, NDArray[np.uint64]]) -> Section:
    chunks = given[name]
    if chunks.dtype != np.uint64 or chunks.shape != (memory.chunks,):
        raise ValueError(
            f"{memory.kind.name.lower()} of {name} must be uint64 ({memory.chunks},), not "
            f"{chunks.dtype} {chunks.shape}"
        )
    return Section(memory.kind, chunks, memory.unit)


def network_frame(
    config: PipelineConfig,
    weights: Mapping[str, NDArray[np.uint64]],
    parameters: Mapping[str, NDArray[np.uint64]],
) -> NDArray[np.uint64]:
    """The words that load a network, uint64; arguments as of :func:`network_sections`."""
    return sections_to_words(network_sections(config, weights, parameters))


def image_frames(pixels: NDArray[np.uint8]) -> NDArray[np.uint64]:
    """Images uint8 (n, channels, height, width) as packets, uint64 (n, words)."""
    if pixels.dtype != np.uint8 or pixels.ndim != 4:
        raise TypeError(
            f"pixels must be uint8 (n, channels, height, width), not {pixels.dtype} {pixels.shape}"
        )
    values = pixels.transpose(0, 2, 3, 1).reshape(len(pixels), prod(pixels.shape[1:]))
    padded = np.zeros((len(values), -(-values.shape[1] // _PIXELS) * _PIXELS), np.uint8)
    padded[:, : values.shape[1]] = values
    return padded.view("<u8").astype(np.uint64)


def results(words: ArrayLike, classes: int) -> tuple[NDArray[np.int32], NDArray[np.int64]]:
    """
    Logits int32 (n, classes) and the class of each, int64 (n,), of the words of n results, (n,
    words). ``ValueError`` where the number of words is wrong, the upper half of an odd last logit's
    word is not zero, or there is no such class, as in a result that STOP has cut off.
    """
    packed = np.ascontiguousarray(np.asarray(words, dtype=np.uint64).astype("<u8"))
    need = -(-classes // _LOGITS) + 1
    if packed.ndim != 2 or packed.shape[1] != need:
        raise ValueError(f"results of {classes} classes are (n, {need}) words, not {packed.shape}")
    logits, places = packed[:, :-1].copy().view("<i4"), packed[:, -1]
    if logits[:, classes:].any():
        raise ValueError("the half word after the last logit is not zero")
    if (places >= classes).any():
        raise ValueError(f"there is no class {places.max()}")
    return logits[:, :classes].astype(np.int32), places.astype(np.int64)
