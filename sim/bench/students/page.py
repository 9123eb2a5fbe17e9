"""The benchmark of students as a page of Markdown."""

from __future__ import annotations

from collections.abc import Iterator

from sim.bench.students.plots import EPOCHS_PLOT, SKIPS_PLOT
from sim.bench.students.results import Comparison, MethodRow, Run, StudentReport
from sim.bench.tables import markdown_table
from sim.bench.verdicts import verdict_cells
from sw.students.report import Facts

__all__ = ["student_page"]

_HEAD = """\
# Networks of images without skips

`{command}`, {date}.

A residual network teaches one without skips, both become integers: how is in
[docs/students.md](../students.md). Networks are chosen by validation images, and judged once by
test images.
"""

_SHIPPED = """\
The networks that come with Kiln, on the test images: in float, and by the integer golden model, to
which hardware is equal. They were trained for so many epochs, each stage from the one before.
Commands that made them are in their JSON files in `sw/weights`.
"""

_COMPARISON = """\
{network}, width {width}, {skips} blocks with a skip each. All methods have the same teacher, and
with the same seed the same images in the same order. Accuracy is that on {images} validation
images behind the last epoch, not the best on the way{one}; the teacher's
(seed {seed}) is {teacher}.
"""

_MISSING = """\
Missing; `kiln bench student --train {data}` makes all of it, or one by one:
"""

_UNLIKE = """\
Not like the others, which have {epochs} epochs and learn from no features: {methods}.
"""

_PLOTS = """\
Every run by its epochs, and by the skips that it has removed. Those of *blocks* begin with the
epochs in which its blocks learn by themselves. Methods that start without skips are points at the
right.

![accuracy over epochs]({epochs})

![accuracy over skips removed]({skips})
"""

_NO_GOLDEN = """\
Not measured: that takes the images of CIFAR-10 (`CIFAR10_ROOT`) and a network for them that ships.
"""


def student_page(report: StudentReport) -> str:
    """The page."""
    return "\n".join(_parts(report))


def _parts(report: StudentReport) -> Iterator[str]:
    yield _HEAD.format(command=report.command, date=report.date)
    yield "## Bars\n"
    yield markdown_table("what|measured|bar|", map(verdict_cells, report.verdicts))
    yield "## Networks that ship\n"
    yield _SHIPPED
    yield markdown_table(
        "file|network|images|trained for|skips|weight bits|float|integers",
        (
            [
                f"`{each.name}`",
                each.facts.network,
                f"{each.data}, {each.facts.images['test']:,}",
                _trained(each.facts),
                "yes" if each.facts.skips else "no",
                str(each.facts.weight_bits),
                f"{each.facts.test_float:.2%}",
                f"{each.facts.test_integers:.2%}",
            ]
            for each in report.shipped
        ),
        left=4,
    )
    for comparison in report.comparisons:
        yield from _comparison(comparison)
    if any(comparison.curves for comparison in report.comparisons):
        yield "## On the way\n"
        yield _PLOTS.format(epochs=EPOCHS_PLOT, skips=SKIPS_PLOT)
    yield "## The golden model's time\n"
    if not report.golden:
        yield _NO_GOLDEN
        return
    yield markdown_table(
        "network|images|threads|seconds|right",
        (
            [
                f"`{each.name}`",
                f"{each.images:,}",
                str(each.threads),
                f"{each.seconds:.1f}",
                f"{each.accuracy:.2%}",
            ]
            for each in report.golden
        ),
    )


def _trained(facts: Facts) -> str:
    """Epochs, and seconds where they are known, training by training."""
    parts = []
    for name, epochs in facts.epochs.items():
        seconds = facts.seconds.get(name)
        took = "" if seconds is None else f" in {seconds:,.0f} s"
        parts.append(f"{name} {epochs}{took}")
    return ", ".join(parts)


def _comparison(comparison: Comparison) -> Iterator[str]:
    yield f"## Methods on {comparison.data}\n"
    images = "the" if comparison.images is None else f"{comparison.images:,}"
    teacher = "not measured" if comparison.teacher is None else f"{comparison.teacher:.2%}"
    yield _COMPARISON.format(
        network=comparison.network,
        width=comparison.width,
        skips=comparison.skips,
        images=images,
        one="" if comparison.images is None else f" (an image is {1 / comparison.images:.2%})",
        seed=comparison.teacher_seed,
        teacher=teacher,
    )
    seeds = [f"seed {run.seed}" for run in comparison.methods[0].runs]
    yield markdown_table(
        f"method|what it is|epochs|{'|'.join(seeds)}|mean|range|below the teacher",
        (_method(row, comparison.teacher) for row in comparison.methods),
        left=2,
    )
    unlike = [f"*{row.method}*" for row in comparison.methods if row.unlike(comparison.epochs)]
    if unlike:
        yield _UNLIKE.format(epochs=comparison.epochs, methods=", ".join(unlike))
    if comparison.missing:
        yield _MISSING.format(data=comparison.data)
        yield "\n".join(["```sh", *comparison.missing, "```\n"])


def _method(row: MethodRow, teacher: float | None) -> list[str]:
    trained = [run for run in row.runs if run.state == "trained"]
    epochs = dict.fromkeys(" + ".join(map(str, run.epochs)) for run in trained)
    mean, spread = row.mean, row.spread
    below = None if mean is None or teacher is None else teacher - mean
    return [
        row.method,
        row.words,
        ", ".join(epochs),
        *map(_run, row.runs),
        "" if mean is None else f"{mean:.2%}",
        "" if spread is None else f"{spread[0]:.2%} to {spread[1]:.2%}",
        "" if below is None else f"{below:.2%}",
    ]


def _run(run: Run) -> str:
    if run.state == "unfinished":
        return f"{len(run.history)} of {sum(run.epochs)} epochs"
    return run.state if run.validation is None else f"{run.validation:.2%}"
