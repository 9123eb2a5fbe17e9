"""Weights and parameters of a network as the pipeline's memories hold them."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from hw.cnn.config import CHUNK_BITS, ConvConfig, UnitConfig, chunks_of
from sw.golden.cnn_graph import QAdd, QConv, QLinear, QMaxPool, QNode, QPool

__all__ = ["parameter_chunks", "weight_chunks"]

_LIFT_BITS = 4


def weight_chunks(node: QConv | QLinear, unit: ConvConfig) -> NDArray[np.uint64]:
    """Chunks, uint64 (n,), of a unit's weights: words in the order of
    :attr:`hw.cnn.config.ConvConfig.weight_words`, of each output channel in turn its ``simd``
    weights, the lowest bits first."""
    weight = node.weight.numpy().astype(np.int64)
    taps = weight.reshape(unit.folds, unit.pe, unit.groups, unit.simd, -1)
    # By folds, taps, groups; then by output and input channel.
    words = taps.transpose(0, 4, 2, 1, 3).reshape(unit.weight_words, unit.pe * unit.simd)
    return _chunks(words, [unit.weight_bits] * words.shape[1])


def parameter_chunks(node: QNode, unit: UnitConfig) -> NDArray[np.uint64]:
    """Chunks, uint64 (n,), of a unit's parameters; none for a pool of the largest."""
    match node:
        case QConv() | QLinear():
            assert isinstance(unit, ConvConfig)
            return _chunks(*_channels(node, unit))
        case QAdd():
            return np.array([node.lift | node.shift << _LIFT_BITS], np.uint64)
        case QPool():
            return np.array([node.shift], np.uint64)
        case QMaxPool():
            return np.zeros(0, np.uint64)


def _channels(node: QConv | QLinear, unit: ConvConfig) -> tuple[NDArray[np.int64], list[int]]:
    """Fields of ``lanes`` channels in a row, int64 (words, fields), and their bits."""
    bias = node.bias.numpy().astype(np.int64)
    columns = {"bias": bias}
    if isinstance(node, QConv):
        shift = node.shift.numpy().astype(np.int64)
        columns["shift"] = shift
        if node.multiplier is None:
            columns["bias"] = bias + (np.left_shift(1, shift) >> 1)
        else:
            columns["scale"] = node.multiplier.numpy().astype(np.int64)
    fields = np.stack([columns[name] for name, _ in unit.parameter_fields], axis=1)
    bits = [width for _, width in unit.parameter_fields] * unit.lanes
    return fields.reshape(unit.parameter_words, -1), bits


def _chunks(fields: NDArray[np.int64], bits: Sequence[int]) -> NDArray[np.uint64]:
    """Words of fields side by side, each cut into chunks."""
    count = chunks_of(sum(bits))
    places = np.cumsum([0, *bits[:-1]])
    found = np.zeros((len(fields), count * CHUNK_BITS), np.uint8)
    for column, (place, width) in enumerate(zip(places, bits, strict=True)):
        for bit in range(width):
            found[:, place + bit] = fields[:, column] >> bit & 1
    return np.packbits(found, axis=1, bitorder="little").view("<u8").reshape(-1)
