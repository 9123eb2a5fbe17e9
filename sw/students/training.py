"""
The loop of a training on images, restartable: what is learnt depends on its inputs alone.

Order and augmentation of an epoch are drawn from ``(seed, epoch)``, so that a training that was cut
off goes on from its last whole epoch as if it had not been. On one thread of a CPU it comes to the
same network every time; a GPU adds up in an order of its own.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from math import cos, pi
from pathlib import Path
from time import perf_counter
from typing import Any

import torch
from torch import Tensor, nn

from sw import checkpoint
from sw.students.augment import erase, shift_and_flip
from sw.students.device import CPU, gradients_of
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
    teacher : Module or None
        Whom ``loss`` asks, which must be where the model is.
    steady : bool
        Whether every step is made of the same operations, so that a GPU can record them.
    """

    model: nn.Module
    loss: Callable[[Tensor, Tensor], Tensor]
    predict: Callable[[Tensor], Tensor]
    facts: dict[str, Any]
    open_skips: Callable[[], float]
    begin_step: Callable[[float], object] = lambda progress: None
    teacher: nn.Module | None = None
    steady: bool = True


def accuracy(
    network: Callable[[Tensor], Tensor], images: Images, device: torch.device = CPU
) -> float:
    """Share of images whose largest logit, the first of equal ones, is that of their label; the
    network is on ``device``."""
    right = 0
    with torch.no_grad():
        for first in range(0, len(images), _EVALUATED):
            rows = slice(first, first + _EVALUATED)
            found = network(images.real(rows).to(device)).argmax(dim=1).cpu().numpy()
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
    device: torch.device = CPU,
) -> Iterator[Epoch]:
    """
    Train a task's model in place, on ``device`` and at the end on the CPU again; yields after each
    epoch, once ``path`` (.safetensors) holds its state and what all epochs came to
    (:func:`history`).

    With ``resume`` the training goes on from ``path`` where that belongs to it; ``ValueError``
    where it belongs to another, or where there are fewer images than a batch has. ``step_done`` is
    called with steps done and all steps.
    """
    model = task.model
    per_epoch = len(split.train) // recipe.batch
    if not per_epoch:
        raise ValueError(f"{len(split.train)} images are fewer than a batch of {recipe.batch}")
    steps = recipe.epochs * per_epoch
    note = {"recipe": asdict(recipe), "data": split.name} | task.facts
    with _moved(task, device):
        groups = _groups(model, recipe.decay)
        optimizer = torch.optim.SGD(groups, recipe.rate, momentum=recipe.momentum, nesterov=True)
        first, before = 0, 0.0
        done: list[Epoch] = []
        if resume and path.exists():
            first, done, before = _resumed(path, model, optimizer, note)
        started = perf_counter()
        batches = _Batches(split.train, recipe, device)
        gradients = gradients_of(model, task.loss, device, task.steady)
        for epoch in range(first, recipe.epochs):
            model.train()
            losses = []
            for k, (x, labels) in enumerate(batches.epoch(epoch), epoch * per_epoch):
                for group in optimizer.param_groups:
                    group["lr"] = recipe.rate * _rate(k / steps, recipe.warm)
                task.begin_step(k / steps)
                losses.append(gradients(x, labels))
                optimizer.step()
                step_done(k + 1, steps)
            task.begin_step((epoch + 1) / recipe.epochs)
            model.eval()
            right = accuracy(task.predict, split.validation, device)
            mean = float(torch.stack(losses).double().mean())
            done.append(Epoch(epoch + 1, recipe.epochs, mean, right, task.open_skips()))
            state = {
                "epochs": epoch + 1,
                "history": [asdict(each) for each in done],
                "device": device.type,
                "seconds": before + perf_counter() - started,
            }
            checkpoint.save(path, model, optimizer, note | state)
            yield done[-1]


class _Batches:
    """Images that are learnt from, in an order and augmented as chance has it."""

    def __init__(self, images: Images, recipe: Recipe, device: torch.device) -> None:
        self.pixels = torch.from_numpy(images.pixels).to(device)
        self.labels = torch.from_numpy(images.labels).to(device)
        self.frac, self.recipe = images.frac, recipe

    def epoch(self, number: int) -> Iterator[tuple[Tensor, Tensor]]:
        """What networks see of a batch, and its labels; those that fill no batch are left out."""
        recipe = self.recipe
        generator = torch.Generator().manual_seed(recipe.seed * 1_000_003 + number)
        order = torch.randperm(len(self.labels), generator=generator).to(self.labels.device)
        for rows in order.split(recipe.batch)[: len(order) // recipe.batch]:
            x = shift_and_flip(self.pixels[rows], generator, recipe.reach, recipe.flip)
            if recipe.hole:
                x = erase(x, generator, recipe.hole)
            real = x.float() * 2.0**-self.frac
            yield real.to(memory_format=torch.channels_last), self.labels[rows]


@contextmanager
def _moved(task: Task, device: torch.device) -> Iterator[None]:
    """Model and teacher on a device, and then back on the CPU."""
    modules = [task.model] + ([] if task.teacher is None else [task.teacher])
    for module in modules:
        module.to(device)
    try:
        yield
    finally:
        for module in modules:
            module.to(CPU)


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
) -> tuple[int, list[Epoch], float]:
    """How many epochs the checkpoint, which is loaded, has done, what they came to, and seconds
    they took."""
    state, moments, found = checkpoint.load(path)
    epochs, done, seconds = int(found.pop("epochs")), history(found), found.get("seconds", 0.0)
    for name in ("history", "device", "seconds"):
        found.pop(name, None)
    if "teacher" in note:  # which checkpoints did not always name
        found.setdefault("teacher", note["teacher"])
    if found != note:
        raise ValueError(f"{path} belongs to another training; give another folder, or remove it")
    model.load_state_dict(state)
    optimizer.load_state_dict(optimizer.state_dict() | {"state": moments})
    return epochs, done, seconds


def _rate(progress: float, warm: float) -> float:
    """Learning rate over its peak: a rise along a line, then down along a cosine."""
    if progress < warm:
        return max(progress / warm, 0.02)
    return (1 + cos(pi * (progress - warm) / (1 - warm))) / 2
