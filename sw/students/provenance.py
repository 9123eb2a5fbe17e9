"""Trainings that a network came from, and the command lines that do them again."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from sw.students.recipes import Recipe
from sw.students.stages import TEACHER, Place, Stage, blockwise_stage, student_stage, teacher_stage
from sw.students.study import BLOCKWISE, METHODS

__all__ = ["Training", "command", "integers_command", "stage_of", "trainings"]


@dataclass(frozen=True)
class Training:
    """
    A training with what its command line has to say.

    Parameters
    ----------
    stage : str
        "teacher", "blockwise", or a student's method.
    seed, epochs : int
    teacher_seed : int or None
        Of the teacher, where there is one.
    features : float
        As in :class:`sw.students.recipes.Recipe`.
    device : str
        Where its last epoch was.
    seconds : float or None
        That it took, where that is known.
    """

    stage: str
    seed: int
    epochs: int
    teacher_seed: int | None = None
    features: float = 0.0
    device: str = "cpu"
    seconds: float | None = field(default=None, compare=False)


def trainings(place: Place, stage: str, seed: int) -> list[Training]:
    """What a network came from, in order, itself the last; ``ValueError`` where a checkpoint is
    missing. One that does not name its teacher, from before they did, has that of its seed."""
    last = _training(place, stage, seed)
    found = []
    for name in METHODS[stage].stages[:-1] if stage in METHODS else ():
        taught_by = seed if last.teacher_seed is None else last.teacher_seed
        found.append(_training(place, name, taught_by if name == TEACHER else seed))
    return [*found, last]


def _training(place: Place, stage: str, seed: int) -> Training:
    note = place.note(stage, seed)
    teacher: dict[str, Any] | None = note.get("teacher")
    recipe = note["recipe"]
    taught_by = None if teacher is None else teacher["seed"]
    epochs, features = recipe["epochs"], recipe["features"]
    device, seconds = note.get("device", "cpu"), note.get("seconds")
    return Training(stage, seed, epochs, taught_by, features, device, seconds)


def stage_of(place: Place, training: Training, compiled: bool = False) -> Stage:
    """A training, ready to begin; ``ValueError`` as :func:`sw.students.stages.student_stage` has
    it."""
    seed, epochs = training.seed, training.epochs
    if training.stage == TEACHER:
        return teacher_stage(place, epochs, seed, compiled)
    teacher_seed = seed if training.teacher_seed is None else training.teacher_seed
    if training.stage == BLOCKWISE:
        return blockwise_stage(place, epochs, seed, teacher_seed, compiled)
    return student_stage(
        place, training.stage, epochs, seed, teacher_seed, training.features, compiled
    )


def command(place: Place, training: Training) -> str:
    """The command line of a training."""
    study, stage = place.study, training.stage
    verb, recipe, rest = "student", study.student, f" --method {stage}"
    if stage == TEACHER:
        verb, recipe, rest = "teacher", study.teacher, ""
    elif stage == BLOCKWISE:
        verb, recipe, rest = "blocks", study.blockwise, ""
    if training.features:
        rest += f" --features {training.features:g}"
    if training.teacher_seed not in (None, training.seed):
        rest += f" --teacher-seed {training.teacher_seed}"
    words = _words(place, training.seed, training.epochs, recipe, training.device)
    return f"kiln train {verb} {words}{rest}"


def integers_command(
    place: Place, of: str, seed: int, epochs: int, bits: int, device: str = "cpu"
) -> str:
    """The command line that makes a network's integers."""
    words = _words(place, seed, epochs, place.study.integers, device)
    return f"kiln train integers {words} --of {of} --bits {bits}"


def _words(place: Place, seed: int, epochs: int, recipe: Recipe, device: str) -> str:
    """What is not a default is said, and images, width and seed always."""
    words = f"--data {place.study.name}"
    words += "" if place.network == place.study.network else f" --network {place.network}"
    words += f" --width {place.width} --seed {seed}"
    words += "" if epochs == recipe.epochs else f" --epochs {epochs}"
    return words + ("" if device == "cpu" else f" --device {device}")
