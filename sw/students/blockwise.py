"""
Block by block: every block of a student learns its teacher's block, and nothing from the others.

In the first half of the steps a block reads what the teacher's block reads; in the second what the
student's blocks before it give, so that it learns to put right what they leave. Stem and linear
layer are the teacher's and stay so.
"""

from __future__ import annotations

import copy
from collections.abc import Callable, Sequence
from dataclasses import replace

import torch
from torch import Tensor

from sw.students.distil import distances, network_task
from sw.students.resnet import ResNet
from sw.students.training import Task

__all__ = ["OWN_INPUTS_FROM", "blockwise_of", "blockwise_task", "outputs"]

OWN_INPUTS_FROM = 0.5
"""Share of the training that is done when blocks begin to read the student's own inputs."""


def blockwise_of(teacher: ResNet) -> ResNet:
    """A copy of the teacher whose long skips are closed and whose short ones are open."""
    model = copy.deepcopy(teacher)
    blocks = len(model.blocks)
    model.set_gates([0.0] * blocks, [1.0] * blocks)
    return model


def outputs(model: ResNet, taught: Sequence[Tensor], own: bool) -> list[Tensor]:
    """
    What every block gives, cut off from the blocks before it: no gradient goes from one to another.

    Parameters
    ----------
    taught : sequence of Tensor
        What the teacher's stem and all its blocks give, float (n, channels, height, width).
    own : bool
        Whether blocks but the first read what the student's block before them gives; else what
        the teacher's does.
    """
    found: list[Tensor] = []
    for block, given in zip(model.blocks, taught[:-1], strict=True):
        found.append(block(found[-1].detach() if own and found else given))
    return found


def blockwise_task(model: ResNet, teacher: ResNet, compiled: bool = False) -> Task:
    """
    The sum over all blocks of the mean square distance from the teacher's block, over the mean
    square of what that gives; labels are not looked at.

    ``model`` is as :func:`blockwise_of` makes it, and its gates stay as they are. ``compiled``
    fuses a step's small operations.
    """
    teacher.eval()
    own = False

    def begin_step(progress: float) -> None:
        nonlocal own
        own = progress >= OWN_INPUTS_FROM

    def learn(taught: Sequence[Tensor], own: bool) -> list[Tensor]:
        return outputs(model, taught, own)

    features: Callable[[Tensor], list[Tensor]] = teacher.features
    if compiled:
        features, learn = torch.compile(features), torch.compile(learn)

    def loss(x: Tensor, labels: Tensor) -> Tensor:
        with torch.autocast(x.device.type, torch.bfloat16):
            with torch.no_grad():
                wanted = features(x)
            return distances(learn(wanted, own), wanted[1:]).sum()

    facts = {"own_inputs_from": OWN_INPUTS_FROM}
    task = network_task(model, loss, facts, begin_step, teacher)
    return replace(task, steady=False)
