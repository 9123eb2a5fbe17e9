"""What networks of images without skips must reach."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from sim.bench.students.results import Comparison, MethodRow, Shipped, StudentReport
from sim.bench.verdicts import Verdict

__all__ = ["GOLDEN_SECONDS", "LEAST_TEACHER", "verdicts"]

LEAST_TEACHER = {
    "cifar10": {"cpu": 0.89, "gpu": 0.905},
    "digits": {"cpu": 0.97, "gpu": 0.97},
}
"""Accuracy of a teacher on the test images, by where it was trained: a GPU has time for more."""
MOST_BELOW_TEACHER = {"cpu": 0.01, "gpu": 0.005}
"""Accuracy that a student may lose to its teacher, likewise."""
MOST_BELOW_FLOAT = 0.005
"""Accuracy that 8-bit integers may lose to float."""
DIGITS_SECONDS = 180.0
"""Of all trainings behind the digits' student, from nothing."""
OWN_METHOD = "fade"
JUDGED = ("cifar10",)
"""Images that methods are judged by: of the digits there are too few to tell them apart."""
GOLDEN_SECONDS = 300.0
"""Of the integer golden model on all test images of CIFAR-10."""


def verdicts(report: StudentReport) -> list[Verdict]:
    """All bars; those that nothing was measured for are in it too."""
    return [
        *(verdict for data in LEAST_TEACHER for verdict in _accuracies(report, data)),
        _digits_seconds(report),
        *_golden(report),
        *(
            verdict
            for comparison in report.comparisons
            if comparison.data in JUDGED
            for verdict in _methods(comparison)
        ),
    ]


def _accuracies(report: StudentReport, data: str) -> Iterator[Verdict]:
    eight = [each for each in report.shipped if each.data == data and each.facts.weight_bits == 8]
    for shape in dict.fromkeys(each.shape for each in eight) or [None]:
        mine = [each for each in eight if each.shape == shape]
        teacher, student = (_test(mine, skips) for skips in (True, False))
        where = data if shape is None else f"{data}, {shape}"
        device = _device(mine)
        yield Verdict(
            what=f"{where}: teacher, float, share of test images",
            value=None if teacher is None else teacher[0],
            bar=LEAST_TEACHER[data][device],
            at_least=True,
        )
        both = None if teacher is None or student is None else _less(teacher[0], student[0])
        yield Verdict(
            what=f"{where}: student below its teacher, float",
            value=both,
            bar=MOST_BELOW_TEACHER[device],
            at_least=False,
        )
        for name, found in (("teacher", teacher), ("student", student)):
            yield Verdict(
                what=f"{where}: {name} in 8-bit integers below float",
                value=None if found is None else _less(*found),
                bar=MOST_BELOW_FLOAT,
                at_least=False,
            )


def _device(networks: Sequence[Shipped]) -> str:
    """Where networks were trained: "gpu" if any part of them was, else "cpu"."""
    commands = [command for each in networks for command in each.facts.commands]
    return "gpu" if any("--device cuda" in command for command in commands) else "cpu"


def _digits_seconds(report: StudentReport) -> Verdict:
    """Where the seconds of all trainings of the digits' student are known."""
    students = (each.facts for each in report.shipped if each.data == "digits")
    student = next((facts for facts in students if not facts.skips), None)
    known = student is not None and student.seconds.keys() == student.epochs.keys()
    return Verdict(
        what="digits: teacher, student and integers from nothing, s",
        value=sum(student.seconds.values()) if student is not None and known else None,
        bar=DIGITS_SECONDS,
        at_least=False,
    )


def _test(networks: Sequence[Shipped], skips: bool) -> tuple[float, float] | None:
    """Accuracy on the test images in float and in integers, of the network with skips or that
    without."""
    for each in networks:
        if each.facts.skips == skips:
            return each.facts.test_float, each.facts.test_integers
    return None


def _less(whole: float, part: float) -> float:
    """Difference of two shares of images, without what floating point adds to it."""
    return round(whole - part, 9)


def _golden(report: StudentReport) -> Iterator[Verdict]:
    slowest = max((each.seconds for each in report.golden), default=None)
    yield Verdict(
        what="golden model on the test images of cifar10, s",
        value=slowest,
        bar=GOLDEN_SECONDS,
        at_least=False,
    )
    said = {each.name: each.facts.test_integers for each in report.shipped}
    apart = [abs(each.accuracy - said[each.name]) for each in report.golden]
    yield Verdict(
        what="its accuracy apart from what the files say",
        value=max(apart, default=None),
        bar=0.0,
        at_least=False,
    )


def _methods(comparison: Comparison) -> Iterator[Verdict]:
    """Kiln's own method beside each other one, where all runs of both are there and are alike."""
    means = {row.method: _mean(comparison, row) for row in comparison.methods}
    own = means.get(OWN_METHOD)
    for name, other in means.items():
        if name != OWN_METHOD and OWN_METHOD in means:
            where = f"{comparison.data}, {comparison.network}, width {comparison.width}"
            where += f", {comparison.epochs} epochs"
            yield Verdict(
                what=f"{where}: {OWN_METHOD} above {name}, mean of seeds",
                value=None if own is None or other is None else _less(own, other),
                bar=0.0,
                at_least=True,
            )


def _mean(comparison: Comparison, row: MethodRow) -> float | None:
    whole = len(row.accuracies) == len(row.runs)
    return row.mean if whole and not row.unlike(comparison.epochs) else None
