"""``kiln bench cnn``, what it measures made up."""

import json

import pytest
from typer.testing import CliRunner

from kiln.cli import app
from kiln.commands import bench_cnn
from tests.sim.bench.streaming.made_up import report, run


@pytest.fixture
def bench(tmp_path, monkeypatch):
    """The command, with the parts of the report that it takes, and what it was asked to measure."""
    monkeypatch.delenv("CIFAR10_ROOT", raising=False)
    asked = []

    def bench(*arguments, **changes):
        def measure(into, subjects, say, progress):
            asked.extend((subject.name, effort) for subject, effort in subjects)
            say("digits")
            found = report(**changes)
            for part in ("machines", "depths", "balanced", "foldings", "small"):
                setattr(into, part, getattr(found, part))

        monkeypatch.setattr(bench_cnn, "measure", measure)
        words = ["bench", "cnn", "--out", tmp_path, "--synthesis", tmp_path / "none", *arguments]
        return CliRunner().invoke(app, [str(word) for word in words])

    return bench, asked, tmp_path


def test_digits_alone_without_other_images(bench):
    command, asked, out = bench
    result = command()
    assert result.exit_code == 0, result.output
    assert asked == [("digits", bench_cnn.EFFORTS["digits"])]
    written = {"cnn.json", "cnn.md", "cnn_memory.png", "cnn_depths.png", "cnn_foldings.png"}
    assert {path.name for path in out.iterdir()} == written
    found = json.loads((out / "cnn.json").read_text())
    assert found["command"] == "kiln bench cnn"
    assert len(found["machines"]) == 3 and len(found["verdicts"]) >= 8
    page = (out / "cnn.md").read_text()
    assert "digits: not synthesised. `kiln synth cnn --network digits` does it" in page


def test_a_bar_that_is_missed_ends_with_one(bench):
    machines = report().machines
    machines[0].run = run("skip-free", mismatches=1)
    result = bench[0](machines=machines)
    assert result.exit_code == 1 and "FAIL" in result.output
    quick = bench[0]("--quick", "--data", "digits", machines=machines)
    assert quick.exit_code == 0
    assert bench[1][-1] == ("digits", bench_cnn.QUICK["digits"])
    found = json.loads((bench[2] / "cnn.json").read_text())
    assert found["command"] == "kiln bench cnn --data digits --quick"


@pytest.mark.parametrize(
    ("data", "message"),
    [
        ("x", "no images 'x'; there are digits, cifar10"),
        ("cifar10", "CIFAR-10 is needed: let CIFAR10_ROOT name a folder"),
    ],
)
def test_refused(bench, data, message):
    result = bench[0]("--data", data)
    assert result.exit_code == 1 and not bench[1]
    assert message in " ".join(result.output.split())


def test_a_try_goes_elsewhere(bench, monkeypatch):
    monkeypatch.chdir(bench[2])
    command = ["bench", "cnn", "--quick", "--data", "digits"]
    bench[0]()  # so that measuring is made up
    result = CliRunner().invoke(app, command)
    assert result.exit_code == 0, result.output
    assert (bench[2] / "build/bench/cnn.json").is_file()
    assert not (bench[2] / "docs").exists()


def test_rows_of_other_images_are_not_dropped(bench):
    command, asked, out = bench
    machines = [row.model_copy(update={"data": "cifar10"}) for row in report().machines]
    text = report(machines=machines).model_dump_json()
    (out / "cnn.json").write_text(text)
    result = command()
    assert result.exit_code == 1 and not asked
    assert "has rows of cifar10, which this run would drop" in " ".join(result.output.split())
    assert (out / "cnn.json").read_text() == text
