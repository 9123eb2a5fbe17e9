"""``kiln bench mittos`` from the command line, in small."""

import json

import pytest
from typer.testing import CliRunner

from kiln.cli import app


def run(*arguments):
    return CliRunner().invoke(app, ["bench", "mittos", *map(str, arguments)])


@pytest.mark.rtl
def test_report(tmp_path):
    """The network and machine of the main job, and a shape."""
    names = ["--networks", "precise_linear-98", "--networks", "linnos", "--presets", "weng32"]
    result = run("--quick", *names, "--out", tmp_path)
    assert result.exit_code == 0, result.output
    report = json.loads((tmp_path / "mittos.json").read_text())
    assert report["passed"]
    assert report["command"] == f"kiln bench mittos {' '.join(names)} --inputs 200 --quick"
    assert [(row["network"], row["case"]) for row in report["rows"]] == [
        ("precise_linear-98", "real"),
        ("precise_linear-98", "worst"),
        ("linnos", "real"),
        ("linnos", "worst"),
    ]
    assert all(row["mismatches"] == 0 and row["requests"] == 8 for row in report["rows"])
    assert report["rows"][1]["estimate_us"] == 2.01
    page = (tmp_path / "mittos.md").read_text()
    assert "](mittos_precise_linear.png)" in page
    assert (tmp_path / "mittos_precise_linear.png").stat().st_size > 10_000
    assert not (tmp_path / "mittos_good_custom.png").exists()


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--presets", "weng7"], "no preset 'weng7'; there are pe1, pe2, pe4, weng8"),
        (["--networks", "nothing"], "no network 'nothing'; there are precise_linear-90"),
        (
            ["--networks", "heimdall", "--presets", "paper64"],
            "none of these networks runs on any of these presets",
        ),
    ],
)
def test_refusals(tmp_path, arguments, message):
    result = run(*arguments, "--out", tmp_path)
    assert result.exit_code == 1
    assert message in result.output.replace("\n", " ")
