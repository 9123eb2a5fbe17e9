"""
The loop of a training on images, restartable: what is learnt depends on its inputs alone.

Order and augmentation of an epoch are drawn from ``(seed, epoch)``, so that a training that was cut
off goes on from its last whole epoch as if it had not been.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass
from math import cos, pi
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

from sw import checkpoint
from sw.students.augment import erase, shift_and_flip
from sw.students.images import Images, Split
from sw.students.recipes import Recipe

__all__ = ["Epoch", "Task", "accuracy", "history", "train"]

_EVALUATED = 500
"""Images at a time."""


@dataclass(frozen=True)
class Epoch:
    """What an epoch came to: its number, of how many, mean loss, accuracy on the validation images,
    and long skips that are open behind it, the sum of their gates."""

    number: int
    epochs: int
    loss: float
    validation: float
    skips: float


@dataclass(frozen=True, eq=False)
class Task:
    """
    What is trained, and towards what.

    Parameters
    ----------
    model : Module
    loss : callable
        Of images, float32 (n, channels, height, width), and labels, int64 (n,).
    predict : callable
        Images to logits, to judge by.
    facts : dict
        What tells this task from others, beside the recipe: JSON values.
    open_skips : callable
        Gives the sum of the long skips' gates.
    begin_step : callable
        Called with the share of the training that is done, 0 to 1, before each step, and with that
        after each epoch.
    """

    model: nn.Module
    loss: Callable[[Tensor, Tensor], Tensor]
    predict: Callable[[Tensor], Tensor]
    facts: dict[str, Any]
    open_skips: Callable[[], float]
    begin_step: Callable[[float], object] = lambda progress: None


def accuracy(network: Callable[[Tensor], Tensor], images: Images) -> float:
    """Share of images whose largest logit, the first of equal ones, is that of their label."""
    right = 0
    with torch.no_grad():
        for first in range(0, len(images), _EVALUATED):
            rows = slice(first, first + _EVALUATED)
            found = network(images.real(rows)).argmax(dim=1).numpy()
            right += int((found == images.labels[rows]).sum())
    return right / len(images)


def train(
    task: Task,
    split: Split,
    recipe: Recipe,
    path: Path,
    *,
    resume: bool = False,
    step_done: Callable[[int, int], object] = lambda step, steps: None,
) -> Iterator[Epoch]:
    """
    Train a task's model in place; yields after each epoch, once ``path`` (.safetensors) holds its
    state and what all epochs came to (:func:`history`).

    With ``resume`` the training goes on from ``path`` where that belongs to it; ``ValueError``
    where it belongs to another, or where there are fewer images than a batch has. ``step_done`` is
    called with steps done and all steps.
    """
    model = task.model
    groups = _groups(model, recipe.decay)
    optimizer = torch.optim.SGD(groups, recipe.rate, momentum=recipe.momentum, nesterov=True)
    note = {"recipe": asdict(recipe), "data": split.name} | task.facts
    per_epoch = len(split.train) // recipe.batch
    if not per_epoch:
        raise ValueError(f"{len(split.train)} images are fewer than a batch of {recipe.batch}")
    done: list[Epoch] = []
    first = 0
    if resume and path.exists():
        first, done = _resumed(path, model, optimizer, note)
    steps = recipe.epochs * per_epoch
    pixels = torch.from_numpy(split.train.pixels)
    labels = torch.from_numpy(split.train.labels)
    for epoch in range(first, recipe.epochs):
        model.train()
        generator = torch.Generator().manual_seed(recipe.seed * 1_000_003 + epoch)
        order = torch.randperm(len(labels), generator=generator)
        losses = []
        for k in range(per_epoch):
            step = epoch * per_epoch + k
            for group in optimizer.param_groups:
                group["lr"] = recipe.rate * _rate(step / steps, recipe.warm)
            task.begin_step(step / steps)
            rows = order[k * recipe.batch : (k + 1) * recipe.batch]
            x = shift_and_flip(pixels[rows], generator, recipe.reach, recipe.flip)
            if recipe.hole:
                x = erase(x, generator, recipe.hole)
            x = (x.float() * 2.0**-split.train.frac).to(memory_format=torch.channels_last)
            loss = task.loss(x, labels[rows])
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
            losses.append(float(loss.detach()))
            step_done(step + 1, steps)
        task.begin_step((epoch + 1) / recipe.epochs)
        model.eval()
        right, loss_mean = accuracy(task.predict, split.validation), float(np.mean(losses))
        done.append(Epoch(epoch + 1, recipe.epochs, loss_mean, right, task.open_skips()))
        state = {"epochs": epoch + 1, "history": [asdict(each) for each in done]}
        checkpoint.save(path, model, optimizer, note | state)
        yield done[-1]


def history(note: dict[str, Any]) -> list[Epoch]:
    """Epochs of a training out of its checkpoint's note; those from before checkpoints kept them
    are missing."""
    return [Epoch(**each) for each in note.get("history", [])]


def _groups(model: nn.Module, decay: float) -> list[dict[str, Any]]:
    """Parameters that decay, and those that do not."""
    heavy = [p for p in model.parameters() if p.ndim > 1]
    light = [p for p in model.parameters() if p.ndim <= 1]
    return [{"params": heavy, "weight_decay": decay}, {"params": light, "weight_decay": 0.0}]


def _resumed(
    path: Path, model: nn.Module, optimizer: torch.optim.Optimizer, note: dict[str, Any]
) -> tuple[int, list[Epoch]]:
    """How many epochs the checkpoint, which is loaded, has done, and what they came to."""
    state, moments, found = checkpoint.load(path)
    epochs, done = int(found.pop("epochs")), history(found)
    found.pop("history", None)
    if "teacher" in note:  # which checkpoints did not always name
        found.setdefault("teacher", note["teacher"])
    if found != note:
        raise ValueError(f"{path} belongs to another training; give another folder, or remove it")
    model.load_state_dict(state)
    optimizer.load_state_dict(optimizer.state_dict() | {"state": moments})
    return epochs, done


def _rate(progress: float, warm: float) -> float:
    """Learning rate over its peak: a rise along a line, then down along a cosine."""
    if progress < warm:
        return max(progress / warm, 0.02)
    return (1 + cos(pi * (progress - warm) / (1 - warm))) / 2
