"""``kiln fpga``: builds, reports, and what it says when it cannot."""

import json

import pytest
from typer.testing import CliRunner

from kiln.cli import app
from tests.sim.fake_tools import REPORT, install


@pytest.fixture
def run(tmp_path):
    def run(*arguments):
        folders = ["--build", str(tmp_path / "fpga"), "--out", str(tmp_path / "results")]
        return CliRunner().invoke(app, ["fpga", *arguments, *folders])

    return run


def test_build(run, tmp_path, monkeypatch):
    install(tmp_path, monkeypatch)
    done = run("--board", "icebreaker", "--seed", "3")
    assert done.exit_code == 0, done.output
    assert "1 PEs on icebreaker" in done.output and "25.00 MHz" in done.output
    result = json.loads((tmp_path / "fpga/icebreaker/report.json").read_text())
    assert result["clocks"] == {"clk": {"fmax_mhz": 25.0, "constraint_mhz": 21.0}}
    assert result["utilisation"] == {"ICESTORM_LC": {"used": 5000, "available": 5280}}
    assert (result["n_pe"], result["bitstream_bytes"]) == (1, 5)
    assert result["command"] == "kiln fpga --board icebreaker --seed 3"
    results = json.loads((tmp_path / "results/fpga.json").read_text())
    assert results == {"boards": {"icebreaker": result}}
    assert "| icebreaker | iCE40UP5K-SG48 | 1 |" in (tmp_path / "results/fpga.md").read_text()


def test_clock_not_met(run, tmp_path, monkeypatch):
    slow = {**REPORT, "fmax": {"clk": {"achieved": 20.0, "constraint": 21.0}}}
    install(tmp_path, monkeypatch, report=slow)
    done = run("--board", "icebreaker")
    assert done.exit_code == 1
    assert "NOT MET" in done.output
    assert (tmp_path / "fpga/icebreaker/report.json").exists()


def test_unknown_board(run):
    done = run("--board", "arty")
    assert done.exit_code == 1
    assert "kiln fpga: no board 'arty'; there are ulx3s, icebreaker" in done.output


def test_missing_tool(run, monkeypatch):
    monkeypatch.setenv("YOSYS", "no-such-program")
    done = run("--board", "icebreaker")
    assert done.exit_code == 1
    assert "kiln fpga: not found: yosys (YOSYS says no-such-program)" in done.output
