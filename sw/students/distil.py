"""
Tasks of training: a residual teacher from labels, and a student from its teacher.

A student starts from the teacher's own weights and computes, before its first step, what the
teacher computes; then long skips fade, head to tail, while short ones that fold into convolutions
take over (:class:`sw.students.recipes.Fade`).
"""

from __future__ import annotations

import copy
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict
from functools import partial
from types import MappingProxyType

import torch
from torch import Tensor, nn
from torch.nn import functional

from sw.students.recipes import Fade, Recipe, gates
from sw.students.resnet import ResNet
from sw.students.training import Task

__all__ = [
    "distances",
    "divergence",
    "network_task",
    "student_of",
    "student_task",
    "teacher_task",
]

_Pass = Callable[[Tensor], tuple[list[Tensor], Tensor]]


def teacher_task(model: ResNet, recipe: Recipe, compiled: bool = False) -> Task:
    """Labels alone; the gates stay as they are. ``compiled`` fuses a step's small operations, which
    takes a C++ compiler and a minute, and then two thirds of the time."""
    loss = partial(_loss, _pass(model, compiled), None, recipe)
    return network_task(model, loss)


def student_of(teacher: ResNet) -> ResNet:
    """A copy of the teacher, all its skips open."""
    return copy.deepcopy(teacher)


def student_task(
    model: ResNet,
    teacher: ResNet | None,
    recipe: Recipe,
    fade: Fade | None = None,
    compiled: bool = False,
) -> Task:
    """Labels, the teacher's logits and, with ``recipe.features``, its blocks' outputs, or labels
    alone where there is no teacher; with ``fade`` skips come and go, without it the gates stay as
    they are."""

    def begin_step(progress: float) -> None:
        if fade is not None:
            model.set_gates(*gates(fade, len(model.blocks), progress))

    facts = {"fade": None if fade is None else asdict(fade)}
    taught = None if teacher is None else _pass(teacher.eval(), compiled)
    loss = partial(_loss, _pass(model, compiled), taught, recipe)
    return network_task(model, loss, facts, begin_step, teacher)


def _pass(model: ResNet, compiled: bool) -> _Pass:
    """The features of every block, and the logits."""

    def run(x: Tensor) -> tuple[list[Tensor], Tensor]:
        with torch.autocast(x.device.type, torch.bfloat16):
            features = model.features(x)
            return features, model.head(features[-1])

    return torch.compile(run) if compiled else run


def network_task(
    model: ResNet,
    loss: Callable[[Tensor, Tensor], Tensor],
    facts: Mapping[str, object] = MappingProxyType({}),
    begin_step: Callable[[float], object] = lambda progress: None,
    teacher: nn.Module | None = None,
) -> Task:
    """A task that is judged by the network's logits, its shape among the facts; the rest as
    :class:`sw.students.training.Task` has it."""
    shape = asdict(model.shape) | {"blocks": list(model.shape.blocks)}
    predict = partial(_logits, model)
    named = {"shape": shape} | dict(facts)
    return Task(model, loss, predict, named, lambda: model.open_skips, begin_step, teacher)


def _logits(model: ResNet, x: Tensor) -> Tensor:
    """In bfloat16, as the model is trained."""
    with torch.autocast(x.device.type, torch.bfloat16):
        found: Tensor = model(x.to(memory_format=torch.channels_last))
    return found.float()


def _loss(model: _Pass, teacher: _Pass | None, recipe: Recipe, x: Tensor, labels: Tensor) -> Tensor:
    features, logits = model(x)
    logits = logits.float()
    loss = functional.cross_entropy(logits, labels, label_smoothing=recipe.smoothing)
    if teacher is None:
        return loss
    with torch.no_grad():
        wanted, target = teacher(x)
        target = target.float()
    total = (1 - recipe.taught) * loss
    total = total + recipe.taught * divergence(logits, target, recipe.temperature)
    if recipe.features:
        total = total + recipe.features * distances(features, wanted).mean()
    return total


def distances(features: Sequence[Tensor], wanted: Sequence[Tensor]) -> Tensor:
    """Mean square of the difference over the mean square of what is wanted, float32 (n,), of n
    pairs of tensors."""
    return torch.stack(
        [
            functional.mse_loss(mine.float(), theirs.float()) / theirs.float().square().mean()
            for mine, theirs in zip(features, wanted, strict=True)
        ]
    )


def divergence(logits: Tensor, target: Tensor, temperature: float) -> Tensor:
    """Mean Kullback-Leibler divergence of softened logits from the target's, (n, classes) each,
    times the square of the temperature, which keeps its gradient as large as the labels'."""
    found = functional.kl_div(
        functional.log_softmax(logits / temperature, dim=1),
        functional.log_softmax(target / temperature, dim=1),
        reduction="batchmean",
        log_target=True,
    )
    return found * temperature**2
