"""What the benchmark of students reports, as it is in the JSON file."""

from __future__ import annotations

from statistics import fmean
from typing import Literal

from pydantic import BaseModel, computed_field

from sim.bench.verdicts import Verdict
from sw.students.report import Facts

__all__ = [
    "Comparison",
    "EpochRow",
    "Golden",
    "MethodRow",
    "Run",
    "Shipped",
    "State",
    "StudentReport",
]

State = Literal["trained", "unfinished", "not trained", "other teacher", "no history"]


class EpochRow(BaseModel):
    """An epoch: its number among those of all trainings behind the teacher's, mean loss, accuracy
    on the validation images, and long skips open behind it (the sum of their gates)."""

    number: int
    loss: float
    validation: float
    skips: float


class Run(BaseModel):
    """
    A method with a seed.

    Parameters
    ----------
    seed : int
    state : State
        "other teacher" where it has another one than the comparison, or none is known; "no history"
        where its checkpoint is from before they kept it. Only what is trained counts.
    epochs : list of int
        Of each of its trainings behind the teacher's, as far as they have begun.
    features : float
        Weight of the distances of the blocks' outputs in its loss.
    history : list of EpochRow
    """

    seed: int
    state: State
    epochs: list[int]
    features: float
    history: list[EpochRow]

    @property
    def validation(self) -> float | None:
        """Accuracy behind the last epoch, if it is trained."""
        return self.history[-1].validation if self.state == "trained" else None


class MethodRow(BaseModel):
    """A method: what it is, and its runs."""

    method: str
    words: str
    runs: list[Run]

    @property
    def accuracies(self) -> list[float]:
        """Of all runs that are trained."""
        return [run.validation for run in self.runs if run.validation is not None]

    @computed_field  # type: ignore[prop-decorator]
    @property
    def mean(self) -> float | None:
        """Of the seeds' accuracies; None where none is trained."""
        return fmean(self.accuracies) if self.accuracies else None

    @computed_field  # type: ignore[prop-decorator]
    @property
    def spread(self) -> tuple[float, float] | None:
        """The least and the largest of them."""
        found = self.accuracies
        return (min(found), max(found)) if found else None

    def unlike(self, epochs: int) -> bool:
        """Whether a run that is trained has had more epochs or fewer, or has learnt from features
        too."""
        trained = [run for run in self.runs if run.state == "trained"]
        return any(sum(run.epochs) != epochs or run.features for run in trained)


class Comparison(BaseModel):
    """
    All methods on a set of images, from one teacher.

    ``skips`` is the number of blocks, each with a skip; ``images`` that of the validation images
    and ``teacher`` its accuracy on them, None where it is not known; ``epochs`` what each method is
    to have. ``missing`` are commands that are to do, in order.
    """

    data: str
    network: str
    width: int
    skips: int
    epochs: int
    teacher_seed: int
    images: int | None
    teacher: float | None
    methods: list[MethodRow]
    missing: list[str]

    @property
    def curves(self) -> list[tuple[str, list[EpochRow]]]:
        """Method and history of all runs that are trained."""
        return [
            (row.method, run.history)
            for row in self.methods
            for run in row.runs
            if run.state == "trained"
        ]


class Shipped(BaseModel):
    """A network in integers that comes with Kiln: its file's name, and how it was made."""

    name: str
    facts: Facts

    @property
    def data(self) -> str:
        """The images that it is for."""
        return self.name.split("_")[1]

    @property
    def shape(self) -> str:
        """Network and width."""
        return self.facts.network.rpartition(", ")[0]


class Golden(BaseModel):
    """The integer golden model on all test images, in this run: seconds on so many threads, and the
    share that is right."""

    name: str
    images: int
    seconds: float
    threads: int
    accuracy: float


class StudentReport(BaseModel):
    """A run of the benchmark: when, by which command, and what it found."""

    date: str
    command: str
    comparisons: list[Comparison] = []
    shipped: list[Shipped] = []
    golden: list[Golden] = []
    verdicts: list[Verdict] = []
