"""What a comparison of students is made of: methods and seeds, with the same epochs each."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from sw.students.provenance import Training
from sw.students.stages import TEACHER, Place
from sw.students.study import BLOCKWISE, METHODS

__all__ = ["Plan"]


@dataclass(frozen=True)
class Plan:
    """
    All methods from one teacher.

    A seed draws the same images in the same order for every method. Where a method has a training
    of its blocks before its own, that takes a third of the epochs.

    Parameters
    ----------
    place : Place
    epochs : int
        Of each method, at least 2.
    seeds : tuple of int
    teacher_seed : int
    """

    place: Place
    epochs: int
    seeds: tuple[int, ...] = (1, 2)
    teacher_seed: int = 1

    def __post_init__(self) -> None:
        if self.epochs < 2:
            raise ValueError(f"epochs must be at least 2, not {self.epochs}")

    def trainings(self, method: str, seed: int) -> list[Training]:
        """Those of a method behind the teacher's, in order."""
        how = METHODS[method]
        stages = [name for name in how.stages if name != TEACHER]
        first = max(1, self.epochs // 3)
        epochs = {BLOCKWISE: first, method: self.epochs - first * (BLOCKWISE in stages)}
        taught_by = self.teacher_seed if how.needs_teacher else None
        return [Training(stage, seed, epochs[stage], taught_by) for stage in stages]

    def missing(self, method: str, seed: int) -> list[Training]:
        """Those that have not been done to their end."""
        return [
            each
            for each in self.trainings(method, seed)
            if not self.place.done(each.stage, each.seed)
        ]

    def all_missing(self) -> Iterator[Training]:
        """The teacher's and those of all methods and seeds, in an order in which they can be
        done."""
        if not self.place.done(TEACHER, self.teacher_seed):
            yield Training(TEACHER, self.teacher_seed, self.place.study.teacher.epochs)
        for seed in self.seeds:
            for method in METHODS:
                yield from self.missing(method, seed)
