"""``kiln doctor``, called as from the shell."""

import pytest
from typer.testing import CliRunner

from kiln.cli import app
from kiln.commands import doctor
from sim import toolchain


@pytest.fixture(autouse=True)
def wide_output(monkeypatch):
    monkeypatch.setenv("COLUMNS", "400")


def lines(output: str) -> dict[str, list[str]]:
    """Tool -> the words of its line."""
    return {words[1]: words for words in map(str.split, output.splitlines()) if len(words) > 2}


@pytest.mark.rtl
def test_all_is_there():
    result = CliRunner().invoke(app, ["doctor"])
    report = lines(result.output)
    assert result.exit_code == 0, result.output
    assert report["verilator"][3] == str(toolchain.verilator_path())
    assert report["amaranth"][2] == "0.5.10"
    assert {"python", "cocotb", "torch", "g++", "make", "perl"} <= report.keys()


def test_all_is_missing(tmp_path, monkeypatch):
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.setattr(toolchain, "PRIVATE_VERILATOR", tmp_path)
    monkeypatch.setattr(doctor, "LIBRARIES", ("no-such-library",))
    result = CliRunner().invoke(app, ["doctor"])
    report = lines(result.output)
    assert result.exit_code == 1
    assert {name for name, words in report.items() if words[0] == "no"} == {
        *("no-such-library", "verilator", "g++", "make", "perl")
    }
    assert report["ccache"][0] == "ok" and report["ccache"][-1] == "optional"
    assert "run 'make setup'" in result.output


def test_a_program_that_does_not_run(tmp_path, monkeypatch):
    program = tmp_path / "make"
    program.write_text("#!/bin/sh\nexit 1\n")
    program.chmod(0o755)
    monkeypatch.setenv("PATH", str(tmp_path))
    found = {finding.name: finding for finding in doctor.examine()}
    assert not found["make"].ok
    assert found["make"].place == str(program)
