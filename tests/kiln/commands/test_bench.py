"""``kiln bench`` from the command line, on a small layer."""

import json

import pytest
from typer.testing import CliRunner

from kiln.cli import app
from kiln.commands import bench
from sim.bench.layers import BenchLayer

MINI = BenchLayer("mini", 150, 60, 0.2, 0.5, 1.0, 1.25, seed=5)


def run(*arguments):
    return CliRunner().invoke(app, ["bench", "eie", *map(str, arguments)])


@pytest.mark.rtl
def test_report(tmp_path, monkeypatch):
    monkeypatch.setattr(bench, "chosen", lambda names: [MINI])
    out = tmp_path / "results"
    result = run("--preset", "tiny", "--inputs", 10, "--no-sweeps", "--out", out)
    assert result.exit_code == 0, result.output
    assert "geometric mean of ours / paper" in result.output
    report = json.loads((out / "eie.json").read_text())
    assert report["command"] == "kiln bench eie --preset tiny --inputs 10 --no-sweeps"
    [preset] = report["presets"]
    assert preset["preset"] == "tiny" and preset["passed"]
    assert preset["layers"][0]["mismatches"] == 0 and preset["layers"][0]["requests"] == 10
    assert "| mini | " in (out / "eie.md").read_text()
    assert {path.name for path in out.iterdir()} == {"eie.json", "eie.md"}


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--preset", "paper65"], "no preset 'paper65'; there are tiny, "),
        (["--layers", "Alex-9"], "no layer 'Alex-9'; there are Alex-6, "),
    ],
)
def test_refusals(arguments, message, tmp_path):
    result = run(*arguments, "--out", tmp_path)
    assert result.exit_code == 1
    assert message in result.output
