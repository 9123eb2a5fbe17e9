"""``kiln bench student`` on digits, in a few epochs."""

import json

import pytest
from typer.testing import CliRunner

from kiln.cli import app
from kiln.commands import bench_student

EPOCHS = 2


def run(*arguments):
    return CliRunner().invoke(app, list(map(str, arguments)))


def judged(result, out):
    """The report of a run, whose exit code says whether a bar of it is missed."""
    report = json.loads((out / "student.json").read_text())
    missed = any(verdict["passed"] is False for verdict in report["verdicts"])
    assert result.exit_code == int(missed), result.output
    return report


@pytest.fixture
def bench(tmp_path, monkeypatch):
    monkeypatch.delenv("CIFAR10_ROOT", raising=False)
    monkeypatch.setattr(bench_student, "WIDTHS", {"cifar10": 8, "digits": 4})
    monkeypatch.setattr(bench_student, "EPOCHS", {"cifar10": 12, "digits": EPOCHS})
    place = ("--folder", tmp_path / "nets")
    out = tmp_path / "results"
    return place, out, lambda *more: run("bench", "student", *place, "--out", out, *more)


def test_nothing_is_trained(bench):
    _, out, student = bench
    report = judged(student("--threads", 1), out)
    assert {path.name for path in out.iterdir()} == {"student.json", "student.md"}
    assert report["command"] == "kiln bench student --threads 1"
    assert [each["data"] for each in report["comparisons"]] == ["cifar10", "digits"]
    assert report["golden"] == []
    by_name = {each["what"]: each["passed"] for each in report["verdicts"]}
    assert by_name["golden model on the test images of cifar10, s"] is None
    assert by_name["digits, resnet8, width 16: teacher, float, share of test images"] is True


@pytest.mark.slow
def test_what_is_missing_is_trained(bench):
    place, out, student = bench
    words = ("--width", 4, *place, "--epochs", 1)
    assert run("train", "teacher", *words).exit_code == 0
    report = judged(student("--train", "digits"), out)
    names = {"student.json", "student.md", "student_epochs.png", "student_skips.png"}
    assert {path.name for path in out.iterdir()} == names
    assert report["command"] == "kiln bench student --train digits"
    digits = report["comparisons"][1]
    for row in digits["methods"]:
        assert [run["state"] for run in row["runs"]] == ["trained"] * 2
        assert row["mean"] is not None
    again = student("--train", "digits")
    assert judged(again, out) and "  loss " not in again.output


def test_a_bar_that_is_missed_ends_with_one(bench, monkeypatch):
    shipped = bench_student.shipped(bench_student.WEIGHTS)
    for right in (0.9, 1.0):
        networks = [
            each.model_copy(
                update={
                    "facts": each.facts.model_copy(
                        update={"test_float": right, "test_integers": right}
                    )
                }
            )
            for each in shipped
        ]
        monkeypatch.setattr(bench_student, "shipped", lambda folder, found=networks: found)
        assert bench[2]().exit_code == (1 if right == 0.9 else 0)


@pytest.mark.parametrize(
    ("data", "message"),
    [
        ("x", "no comparison on 'x'; there are cifar10, digits"),
        ("cifar10", "CIFAR-10 is needed: let CIFAR10_ROOT name a folder"),
    ],
)
def test_refused(bench, data, message):
    result = bench[2]("--train", data)
    assert result.exit_code == 1
    assert message in result.output.replace("\n", " ")
