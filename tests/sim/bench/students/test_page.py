"""Bars, page and plots of made-up results."""

import pytest
from matplotlib.figure import Figure

from sim.bench.students.bars import verdicts
from sim.bench.students.page import student_page
from sim.bench.students.plots import plot_epochs, plot_skips
from sim.bench.students.results import (
    Comparison,
    EpochRow,
    Golden,
    MethodRow,
    Run,
    Shipped,
    StudentReport,
)
from sim.bench.verdicts import verdict_cells
from sw.students.report import Facts


def network(data, skips, right, integers, bits=8, device="", seconds=None):
    facts = Facts(
        network=f"resnet33, width 16, {'teacher' if skips else 'fade'}",
        commands=["kiln train integers", f"kiln train teacher{device}"],
        data="drawn",
        seed=1,
        epochs={"teacher": 1, "integers": 2},
        seconds=seconds or {},
        weight_bits=bits,
        skips=skips,
        images={"train": 10, "validation": 10, "test": 1000},
        validation_float=0.1,
        validation_integers=0.1,
        test_float=right,
        test_integers=integers,
        versions={},
    )
    return Shipped(name=f"cnn_{data}_{'residual' if skips else 'skipfree'}_{bits}", facts=facts)


def ran(seed, accuracies, state="trained", epochs=None, features=0.0, skips=2):
    history = [
        EpochRow(number=k + 1, loss=1.0, validation=value, skips=0 if k else skips)
        for k, value in enumerate(accuracies)
    ]
    return Run(
        seed=seed,
        state=state,
        epochs=epochs or [len(accuracies)],
        features=features,
        history=history,
    )


def comparison(*methods, teacher=0.9, missing=()):
    return Comparison(
        data="cifar10",
        network="resnet33",
        width=8,
        skips=2,
        epochs=3,
        teacher_seed=1,
        images=5000,
        teacher=teacher,
        methods=[MethodRow(method=name, words="so", runs=runs) for name, runs in methods],
        missing=list(missing),
    )


def report(**given):
    return StudentReport(date="2026-01-01", command="kiln bench student", **given)


def passed(found):
    return {verdict.what: verdict.passed for verdict in verdicts(found)}


def test_bars_of_nothing_are_not_measured():
    found = verdicts(report())
    assert len(found) == 11
    assert {verdict.passed for verdict in found} == {None}
    assert verdict_cells(found[0])[1:] == ["not measured", ">= 0.89", ""]


@pytest.mark.parametrize(
    ("teacher", "student", "wanted"),
    [
        ((0.92, 0.918), (0.915, 0.911), [True, True, True, True]),
        ((0.88, 0.88), (0.9, 0.9), [False, True, True, True]),
        ((0.92, 0.92), (0.905, 0.905), [True, False, True, True]),
        ((0.92, 0.91), (0.92, 0.91), [True, True, False, False]),
        ((0.92, 0.93), (0.91, 0.9), [True, True, True, False]),
    ],
)
def test_bars_of_accuracies(teacher, student, wanted):
    networks = [
        network("cifar10", True, 0.5, 0.1, bits=4),
        network("cifar10", True, *teacher),
        network("cifar10", False, *student),
    ]
    found = list(passed(report(shipped=networks)).items())
    assert found[0][0] == "cifar10, resnet33, width 16: teacher, float, share of test images"
    assert [met for _, met in found[:4]] == wanted
    assert {met for _, met in found[4:]} == {None}


def test_bars_are_higher_on_a_gpu():
    networks = [
        network("cifar10", True, 0.9, 0.9, device=" --device cuda"),
        network("cifar10", False, 0.894, 0.894),
    ]
    assert list(passed(report(shipped=networks)).values())[:2] == [False, False]
    networks = [network("cifar10", True, 0.9, 0.9), network("cifar10", False, 0.894, 0.894)]
    assert list(passed(report(shipped=networks)).values())[:2] == [True, True]


@pytest.mark.parametrize(
    ("seconds", "wanted"),
    [
        ({}, None),
        ({"teacher": 1.0}, None),
        ({"teacher": 100.0, "integers": 80.0}, True),
        ({"teacher": 100.0, "integers": 80.1}, False),
    ],
)
def test_seconds_of_the_digits(seconds, wanted):
    networks = [
        network("digits", True, 0.9, 0.9, seconds={"teacher": 1.0, "integers": 1.0}),
        network("digits", False, 0.9, 0.9, seconds=seconds),
    ]
    found = passed(report(shipped=networks))
    assert found["digits: teacher, student and integers from nothing, s"] is wanted
    page = student_page(report(shipped=networks))
    words = "teacher 1 in 100 s, integers 2 in 80 s" if len(seconds) == 2 else "integers 2 |"
    assert words in page


def test_a_teacher_alone():
    found = passed(report(shipped=[network("digits", True, 0.98, 0.98)]))
    mine = [met for what, met in found.items() if what.startswith("digits")]
    assert mine == [True, None, True, None, None]


@pytest.mark.parametrize(
    ("seconds", "accuracy", "wanted"), [(300, 0.9, (True, True)), (301, 0.91, (False, False))]
)
def test_bars_of_the_golden_model(seconds, accuracy, wanted):
    name = "cnn_cifar10_residual_8"
    golden = [
        Golden(name=name, images=9, seconds=each, threads=2, accuracy=right)
        for each, right in ((seconds, accuracy), (20, 0.9))
    ]
    found = passed(report(shipped=[network("cifar10", True, 0.92, 0.9)], golden=golden))
    assert tuple(found.values())[-2:] == wanted


def test_bars_of_methods():
    mine = comparison(
        ("fade", [ran(1, [0.5] * 2 + [0.8]), ran(2, [0.7] * 3)]),
        ("tailor", [ran(1, [0.7] * 3), ran(2, [0.7] * 3)]),
        ("blocks", [ran(1, [0.9] * 3, epochs=[1, 2]), ran(2, [0.7] * 3)]),
        ("logits", [ran(1, [0.5] * 3, features=0.1), ran(2, [0.5] * 3)]),
        ("scratch", [ran(1, [0.5] * 3), ran(2, [], "not trained")]),
    )
    found = {v.what.split("fade above ")[1]: v for v in verdicts(report(comparisons=[mine]))[11:]}
    assert found["tailor, mean of seeds"].value == pytest.approx(0.05)
    digits = mine.model_copy(update={"data": "digits"})
    assert len(verdicts(report(comparisons=[digits]))) == 11
    values = {name.partition(",")[0]: verdict.passed for name, verdict in found.items()}
    assert values == {"tailor": True, "blocks": False, "logits": None, "scratch": None}


def test_the_page():
    mine = comparison(
        ("fade", [ran(1, [0.5, 0.6, 0.8]), ran(2, [0.9, 0.9, 0.7])]),
        ("blocks", [ran(1, [0.5] * 4, epochs=[1, 3]), ran(2, [0.1], "unfinished", epochs=[3])]),
        ("logits", [ran(1, [0.5] * 3, features=0.1), ran(2, [0.5] * 3, "other teacher")]),
        ("scratch", [ran(1, [], "not trained") for _ in range(2)]),
        missing=["kiln train x", "kiln train y"],
    )
    page = student_page(report(comparisons=[mine], verdicts=verdicts(report())))
    for line in (
        "| fade | so | 3 | 80.00% | 70.00% | 75.00% | 70.00% to 80.00% | 15.00% |",
        "| blocks | so | 1 + 3 | 50.00% | 1 of 3 epochs | 50.00% | 50.00% to 50.00% | 40.00% |",
        "| logits | so | 3 | 50.00% | other teacher | 50.00% | 50.00% to 50.00% | 40.00% |",
        "| scratch | so |  | not trained | not trained |  |  |  |",
        "| cifar10: teacher, float, share of test images | not measured | >= 0.89 |  |",
    ):
        assert line in page.splitlines()
    assert (
        "5,000 validation" in page
        and "(an image is 0.02%)" in page
        and "(seed 1) is 90.00%" in page
    )
    assert "which have 3 epochs and learn from no features: *blocks*, *logits*." in page
    assert "```sh\nkiln train x\nkiln train y\n```" in page
    assert "student_epochs.png" in page and "Not measured: that takes" in page


def drawn(plot, monkeypatch, *comparisons):
    """For each panel, label, x and y of each line."""
    figures = []
    monkeypatch.setattr(Figure, "savefig", lambda figure, path, **_: figures.append(figure))
    plot(comparisons, None)
    return [
        [(line.get_label(), [*line.get_xdata()], [*line.get_ydata()]) for line in axes.lines]
        for axes in figures[0].axes
    ]


def test_plots(monkeypatch):
    first = comparison(
        ("fade", [ran(1, [0.5, 0.6, 0.8]), ran(2, [0.9, 0.9, 0.7])]),
        ("logits", [ran(1, [0.5, 0.4], skips=0)]),
        ("scratch", [ran(1, [], "not trained")]),
    )
    second = comparison(("fade", [ran(1, [0.5])]), teacher=None)
    teacher = ("teacher", [0, 1], [0.9, 0.9])
    panels = drawn(plot_epochs, monkeypatch, first, second)
    assert [(line[1], line[2]) for line in panels[0]] == [
        teacher[1:],
        ([1, 2, 3], [0.5, 0.6, 0.8]),
        ([1, 2, 3], [0.9, 0.9, 0.7]),
        ([1, 2], [0.5, 0.4]),
    ]
    labels = [line[0] for line in panels[0] if not line[0].startswith("_")]
    assert labels == ["teacher", "fade", "logits"]
    assert len(panels[1]) == 1
    [panel] = drawn(plot_skips, monkeypatch, first)
    assert [line[1:] for line in panel] == [
        teacher[1:],
        ([0, 2, 2], [0.5, 0.6, 0.8]),
        ([0, 2, 2], [0.9, 0.9, 0.7]),
        ([2], [0.4]),
    ]


def test_a_page_without_anything_trained():
    nothing = comparison(("fade", [ran(1, [], "not trained")]), teacher=None)
    page = student_page(report(comparisons=[nothing]))
    assert "png" not in page and "(seed 1) is not measured" in page
