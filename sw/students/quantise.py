"""From a trained network to integers: folded, calibrated, trained with its rounding."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

import torch
from torch import Tensor
from torch.nn import functional

from sw.golden.cnn import GoldenCnn
from sw.golden.cnn_graph import QuantisedGraph
from sw.students.distil import divergence
from sw.students.fold import fold
from sw.students.images import Images, Split
from sw.students.qat import QatNetwork
from sw.students.recipes import Recipe
from sw.students.resnet import ResNet
from sw.students.scales import calibrate
from sw.students.training import Task

__all__ = ["golden_accuracy", "integer_task", "with_rounding"]

CALIBRATION_IMAGES = 512
_EVALUATED = 500


def with_rounding(model: ResNet, split: Split, weight_bits: int = 8) -> QatNetwork:
    """The folded network as its integers compute it, calibrated on held-out training images; what
    comes out before any training is post-training quantisation."""
    graph = fold(model).single()
    images = split.validation.real(slice(0, CALIBRATION_IMAGES))
    return QatNetwork(graph, calibrate(graph, images, split.train.frac), weight_bits)


def integer_task(
    network: QatNetwork, model: ResNet, recipe: Recipe, compiled: bool = False
) -> Task:
    """Train integers towards the labels and the logits of the float network that they came from."""
    first = next(iter(set(network.bits.values()) - {8}), 8)
    facts = {"weight_bits": first, "fracs": network.fracs}
    forward = torch.compile(network) if compiled else network
    loss = partial(_loss, forward, model.eval(), recipe)
    return Task(network, loss, network, facts, lambda: model.open_skips, teacher=model)


def golden_accuracy(graph: QuantisedGraph, images: Images) -> float:
    """Share of images that the integer golden model classifies as their label says."""
    golden, right = GoldenCnn(graph), 0
    for first in range(0, len(images), _EVALUATED):
        some = images.part(slice(first, first + _EVALUATED))
        right += int((golden.classes(some.pixels).numpy() == some.labels).sum())
    return right / len(images)


def _loss(
    network: Callable[[Tensor], Tensor], model: ResNet, recipe: Recipe, x: Tensor, labels: Tensor
) -> Tensor:
    logits = network(x)
    loss = (1 - recipe.taught) * functional.cross_entropy(logits, labels)
    if not recipe.taught:
        return loss
    with torch.no_grad(), torch.autocast(x.device.type, torch.bfloat16):
        target = model(x).float()
    return loss + recipe.taught * divergence(logits, target, recipe.temperature)
