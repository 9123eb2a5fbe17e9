"""``kiln fpga``: builds, reports, and what it says when it cannot."""

import json

import pytest
from typer.testing import CliRunner

from kiln.cli import app
from sw.physical.fpga import Engine, FpgaReport
from tests.hw.cnn.networks import small_graph
from tests.sim.fake_tools import CELLS, ECP5, REPORT, install


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
    assert result["machine"] == Engine(preset="icebreaker", n_pe=1).model_dump()
    assert result["bitstream_bytes"] == 5
    assert result["command"] == "kiln fpga --board icebreaker --seed 3"
    results = json.loads((tmp_path / "results/fpga.json").read_text())
    assert results == {"boards": {"icebreaker": result}, "syntheses": {}}
    assert "| icebreaker | iCE40UP5K-SG48 | 1 |" in (tmp_path / "results/fpga.md").read_text()


@pytest.fixture
def small(monkeypatch):
    """Networks that are soon elaborated."""
    monkeypatch.setattr("sim.fpga.machines._graph", lambda network, skips: small_graph(1))


@pytest.mark.usefixtures("small")
def test_network(run, tmp_path, monkeypatch):
    install(tmp_path, monkeypatch, leaves=ECP5)
    done = run("--machine", "digits")
    assert done.exit_code == 0, done.output
    assert "digits on ulx3s" in done.output
    result = json.loads((tmp_path / "fpga/ulx3s-digits/report.json").read_text())
    assert result["machine"]["network"] == "digits" and not result["machine"]["skips"]
    assert result["command"] == "kiln fpga --board ulx3s --machine digits"
    report = FpgaReport.model_validate_json((tmp_path / "results/fpga.json").read_text())
    assert list(report.boards) == ["ulx3s-digits"]
    assert "| digits | ulx3s |" in (tmp_path / "results/fpga.md").read_text()


@pytest.mark.usefixtures("small")
@pytest.mark.parametrize(("network", "extra"), [("resnet8", ""), ("digits", " --synthesis")])
def test_synthesis(run, tmp_path, monkeypatch, network, extra):
    """Without skips and with them, and no more than Yosys."""
    install(tmp_path, monkeypatch, leaves={"yosys": ECP5["yosys"]})
    done = run("--machine", network, *extra.split())
    assert done.exit_code == 0, done.output
    assert f"{network} for LFE5U-85F-6BG381, synthesised" in done.output
    report = FpgaReport.model_validate_json((tmp_path / "results/fpga.json").read_text())
    assert list(report.syntheses) == [network, f"{network}-residual"]
    assert all(each.cells == CELLS for each in report.syntheses.values())
    commands = {each.command for each in report.syntheses.values()}
    assert commands == {f"kiln fpga --machine {network}{extra}"}
    assert f"## {network} geometry, synthesised" in (tmp_path / "results/fpga.md").read_text()


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


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("--machine", "tpu"), "no machine 'tpu'; there are eie, digits, digits-residual, resnet8"),
        (
            ("--board", "icebreaker", "--machine", "digits"),
            "digits has no place on icebreaker; it is for ulx3s",
        ),
        (("--synthesis",), "--synthesis is of networks; eie is none"),
        (
            ("--machine", "resnet8", "--seed", "1"),
            "--seed is of placement; resnet8 is synthesised only",
        ),
    ],
)
def test_refused(run, arguments, message):
    done = run(*arguments)
    assert done.exit_code == 1
    assert f"kiln fpga: {message}" in " ".join(done.output.split())


def test_missing_tool(run, monkeypatch):
    monkeypatch.setenv("YOSYS", "no-such-program")
    done = run("--board", "icebreaker")
    assert done.exit_code == 1
    assert "kiln fpga: not found: yosys (YOSYS says no-such-program)" in done.output
