"""
Trainings by name, each with its recipe and its checkpoint: a teacher, and students of all methods.

What a training depends on beside its recipe is in its checkpoint's note, the teacher by a digest of
its weights.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from sw import checkpoint
from sw.students.blockwise import blockwise_of, blockwise_task
from sw.students.device import CPU
from sw.students.distil import student_of, student_task, teacher_task
from sw.students.images import Split
from sw.students.recipes import Recipe
from sw.students.resnet import ResNet
from sw.students.study import BLOCKWISE, METHODS, Start, Study
from sw.students.training import Epoch, Task, train

__all__ = [
    "TEACHER",
    "Place",
    "Stage",
    "blockwise_stage",
    "digest",
    "recipe_of",
    "student_stage",
    "teacher_stage",
]

TEACHER = "teacher"
"""Name of the training of a residual network."""
_VERBS = {TEACHER: "teacher", BLOCKWISE: "blocks"}


@dataclass(frozen=True)
class Place:
    """
    Where networks of one shape learn from one set of images.

    Parameters
    ----------
    root : Path
        Folder of all such places.
    study : Study
    network : str
        Of :data:`sw.students.resnet.FAMILY`.
    width : int
        Channels of the first stage.

    ``ValueError`` where there is no such network.
    """

    root: Path
    study: Study
    network: str
    width: int

    def __post_init__(self) -> None:
        self.study.shape(self.network, self.width)

    @property
    def folder(self) -> Path:
        """Where the checkpoints are."""
        return self.root / f"{self.study.name}_{self.network}_w{self.width}"

    def checkpoint(self, stage: str, seed: int) -> Path:
        """File of a training's checkpoint."""
        return self.folder / f"{stage}_{seed}.safetensors"

    def note(self, stage: str, seed: int) -> dict[str, Any]:
        """What a checkpoint says of its training; ``ValueError`` where it is missing."""
        return self._loaded(stage, seed)[1]

    def done(self, stage: str, seed: int) -> bool:
        """Whether a training is there and has had all its epochs."""
        if not self.checkpoint(stage, seed).exists():
            return False
        note = self.note(stage, seed)
        return bool(note["epochs"] == note["recipe"]["epochs"])

    def new(self, seed: int) -> ResNet:
        """A network with new weights, all its long skips open."""
        model = ResNet(self.study.shape(self.network, self.width), seed)
        return model.to(memory_format=torch.channels_last)  # type: ignore[call-overload]

    def trained(self, stage: str, seed: int) -> ResNet:
        """The network of a training that is done, to be evaluated; ``ValueError`` where it is
        missing or is not done."""
        state, note = self._loaded(stage, seed)
        done, planned = note["epochs"], note["recipe"]["epochs"]
        if done != planned:
            raise ValueError(
                f"{self.checkpoint(stage, seed)} has {done} of {planned} epochs: --resume it first"
            )
        model = self.new(seed)
        model.load_state_dict(state)
        return model.eval()

    def _loaded(self, stage: str, seed: int) -> tuple[dict[str, Tensor], dict[str, Any]]:
        path = self.checkpoint(stage, seed)
        if not path.exists():
            verb = _VERBS.get(stage, f"student --method {stage}")
            raise ValueError(f"{path} is missing: train it first, with kiln train {verb}")
        state, _, note = checkpoint.load(path)
        return state, note


@dataclass(frozen=True, eq=False)
class Stage:
    """A training that is ready to begin, or to go on: task, recipe and checkpoint."""

    task: Task
    recipe: Recipe
    path: Path

    def train(
        self,
        split: Split,
        *,
        resume: bool = False,
        step_done: Callable[[int, int], object] = lambda step, steps: None,
        device: torch.device = CPU,
    ) -> Iterator[Epoch]:
        """As :func:`sw.students.training.train`."""
        return train(
            self.task,
            split,
            self.recipe,
            self.path,
            resume=resume,
            step_done=step_done,
            device=device,
        )


def teacher_stage(place: Place, epochs: int | None, seed: int, compiled: bool = False) -> Stage:
    """A residual network from labels; without ``epochs`` as many as the recipe says."""
    recipe = recipe_of(place.study.teacher, epochs, seed)
    task = teacher_task(place.new(seed), recipe, compiled)
    return Stage(task, recipe, place.checkpoint(TEACHER, seed))


def blockwise_stage(
    place: Place,
    epochs: int | None,
    seed: int,
    teacher_seed: int,
    compiled: bool = False,
) -> Stage:
    """A student's blocks, each by itself; ``ValueError`` where the teacher is missing or is not
    done."""
    teacher = place.trained(TEACHER, teacher_seed)
    recipe = recipe_of(place.study.blockwise, epochs, seed)
    task = blockwise_task(blockwise_of(teacher), teacher, compiled)
    named = _naming_teacher(task, teacher_seed, teacher)
    return Stage(named, recipe, place.checkpoint(BLOCKWISE, seed))


def student_stage(
    place: Place,
    method: str,
    epochs: int | None,
    seed: int,
    teacher_seed: int,
    features: float = 0.0,
    compiled: bool = False,
) -> Stage:
    """
    A student by one of :data:`sw.students.study.METHODS`, ``features`` as the recipe has them.

    ``ValueError`` where the method is unknown or learns from labels alone, beside which there are
    no features; where what it starts from is missing, is not done, or has another teacher.
    """
    if method not in METHODS:
        raise ValueError(f"no method {method!r}; there are {', '.join(METHODS)}")
    how = METHODS[method]
    if features and not how.taught:
        raise ValueError(f"{method} learns from labels alone, so that features must be 0")
    recipe = recipe_of(place.study.student, epochs, seed)
    recipe = replace(recipe, features=features, taught=recipe.taught if how.taught else 0.0)
    teacher = place.trained(TEACHER, teacher_seed) if how.needs_teacher else None
    match how.start:
        case Start.TEACHER:
            assert teacher is not None
            model = student_of(teacher)
        case Start.BLOCKWISE:
            assert teacher is not None
            model = _blockwise_student(place, seed, teacher)
        case Start.NEW:
            recipe = replace(recipe, rate=place.study.teacher.rate)
            model = place.new(seed)
            blocks = len(model.blocks)
            model.set_gates([0.0] * blocks, [0.0] * blocks)
    task = student_task(model, teacher, recipe, how.fade, compiled)
    named = _naming_teacher(task, teacher_seed, teacher)
    return Stage(named, recipe, place.checkpoint(method, seed))


def recipe_of(recipe: Recipe, epochs: int | None, seed: int) -> Recipe:
    """The recipe with that seed and, if given, so many epochs."""
    return replace(recipe, epochs=recipe.epochs if epochs is None else epochs, seed=seed)


def digest(model: ResNet) -> str:
    """16 hexadecimal digits that tell a network's weights, statistics and gates from others."""
    found = hashlib.sha256()
    for name, tensor in model.state_dict().items():
        found.update(name.encode())
        found.update(tensor.detach().contiguous().numpy().tobytes())
    return found.hexdigest()[:16]


def _blockwise_student(place: Place, seed: int, teacher: ResNet) -> ResNet:
    if place.note(BLOCKWISE, seed)["teacher"]["digest"] != digest(teacher):
        raise ValueError(f"{place.checkpoint(BLOCKWISE, seed)} has learnt from another teacher")
    return place.trained(BLOCKWISE, seed)


def _naming_teacher(task: Task, seed: int, teacher: ResNet | None) -> Task:
    """The task with its teacher, if it has one, among its facts."""
    named = None if teacher is None else {"seed": seed, "digest": digest(teacher)}
    return replace(task, facts=task.facts | {"teacher": named})
