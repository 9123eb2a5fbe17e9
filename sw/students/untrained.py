"""Networks in integers that were never trained, for where weights do not count: sizes, timing."""

from __future__ import annotations

import torch

from sw.golden.cnn_graph import QuantisedGraph
from sw.students.fold import fold
from sw.students.qat import QatNetwork
from sw.students.resnet import ResNet, Shape
from sw.students.scales import calibrate

__all__ = ["untrained"]

_IMAGES = 8
_FRAC = 8


def untrained(shape: Shape, *, skips: bool, seed: int = 1, weight_bits: int = 8) -> QuantisedGraph:
    """A network of initial weights with all its skips or without any, calibrated on noise, uint8
    images with 8 fraction bits."""
    model = ResNet(shape, seed).eval()
    if not skips:
        blocks = len(model.blocks)
        model.set_gates([0.0] * blocks, [1.0] * blocks)
    graph = fold(model).single()
    size = (_IMAGES, shape.channels, shape.side, shape.side)
    images = torch.rand(size, generator=torch.Generator().manual_seed(seed))
    return QatNetwork(graph, calibrate(graph, images, _FRAC), weight_bits).integers(_FRAC)
