"""Verbs of ``kiln train`` for networks of images, on digits, from nothing, in a few epochs."""

import pytest
from typer.testing import CliRunner

from kiln.cli import app
from sw.golden.cnn_file import read_graph
from sw.students.digits import digits
from sw.students.quantise import golden_accuracy
from sw.students.report import Facts

EPOCHS = {"teacher": 6, "student": 8, "integers": 1}


def run(verb, folder, *arguments):
    words = ["train", verb, "--folder", str(folder), *map(str, arguments)]
    return CliRunner().invoke(app, words)


def validation(result):
    """Accuracy after the last epoch, in percent."""
    assert result.exit_code == 0, result.output
    line = [line for line in result.output.splitlines() if line.startswith("epoch")][-1]
    return float(line.rpartition("validation ")[2].rstrip("%"))


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    place = tmp_path_factory.mktemp("students")
    assert validation(run("teacher", place, "--epochs", EPOCHS["teacher"])) > 90
    return place


@pytest.mark.slow
def test_from_nothing_to_integers_without_skips(folder):
    assert validation(run("student", folder, "--epochs", EPOCHS["student"])) > 90
    out = folder / "net.safetensors"
    result = run("integers", folder, "--epochs", EPOCHS["integers"], "--out", out)
    assert "without training: validation 9" in result.output
    assert validation(result) > 90
    facts = Facts.model_validate_json(out.with_suffix(".json").read_text())
    assert facts.epochs == {"teacher": 6, "fade": 8, "integers": 1}
    assert not facts.skips and facts.weight_bits == 8
    assert facts.commands[1] == (
        "kiln train student --data digits --width 16 --seed 1 --epochs 8 --method fade"
    )
    graph, provenance = read_graph(out)
    assert provenance == facts.model_dump()
    assert golden_accuracy(graph, digits().test) == facts.test_integers > 0.9
    assert set(graph.readers().values()) == {1}


def test_block_by_block_from_the_teacher_of_another_seed(folder):
    of_two = ("--seed", 2, "--teacher-seed", 1)
    assert validation(run("blocks", folder, *of_two, "--epochs", 1)) > 70
    result = run("student", folder, *of_two, "--method", "blocks", "--epochs", 1, "--features", 0.1)
    assert validation(result) > 90
    out = folder / "blocks.safetensors"
    result = run("integers", folder, "--of", "blocks", "--seed", 2, "--epochs", 1, "--out", out)
    assert result.exit_code == 0, result.output
    facts = Facts.model_validate_json(out.with_suffix(".json").read_text())
    assert facts.epochs == {"teacher": 6, "blockwise": 1, "blocks": 1, "integers": 1}
    words, rest = "--data digits --width 16 --seed", "--teacher-seed 1"
    assert facts.commands == [
        f"kiln train teacher {words} 1 --epochs 6",
        f"kiln train blocks {words} 2 --epochs 1 {rest}",
        f"kiln train student {words} 2 --epochs 1 --method blocks --features 0.1 {rest}",
        f"kiln train integers {words} 2 --epochs 1 --of blocks --bits 8",
    ]


def test_a_stage_that_is_done_has_nothing_left(folder):
    result = run("teacher", folder, "--epochs", EPOCHS["teacher"], "--resume")
    assert result.exit_code == 0, result.output
    assert "epoch" not in result.output


@pytest.mark.parametrize(
    ("verb", "arguments", "message"),
    [
        ("teacher", ("--data", "x"), "no images 'x'; there are digits, cifar10"),
        ("teacher", ("--network", "x"), "no network 'x'; there are resnet8, resnet20, resnet33"),
        (
            "student",
            ("--method", "x"),
            "no method 'x'; there are fade, tailor, blocks, logits, scratch",
        ),
        ("student", ("--seed", 9), "teacher_9.safetensors is missing: train it first"),
        ("student", ("--network", "x"), "no network 'x'; there are resnet8, resnet20, resnet33"),
        ("blocks", ("--teacher-seed", 9), "teacher_9.safetensors is missing: train it first"),
        ("integers", ("--bits", 5), "--bits is 8 or 4, not 5"),
        ("integers", ("--of", "x"), "no network 'x'; there are teacher, fade"),
    ],
)
def test_refused(tmp_path, verb, arguments, message):
    result = run(verb, tmp_path, *arguments)
    assert result.exit_code == 1
    assert message in result.output.replace("\n", "")


def test_images_that_are_not_there(tmp_path, monkeypatch):
    monkeypatch.delenv("CIFAR10_ROOT", raising=False)
    result = run("teacher", tmp_path, "--data", "cifar10")
    assert result.exit_code == 1
    assert "CIFAR-10 is needed: let CIFAR10_ROOT name a folder" in result.output.replace("\n", " ")
