"""``kiln synth`` from the command line."""

import pytest
from typer.testing import CliRunner

from kiln.cli import app
from kiln.commands import synth
from sim.synth.run import SynthRun
from tests.sim.synth.reports import unit_report


def run(*arguments):
    return CliRunner().invoke(app, ["synth", *map(str, arguments)])


def test_a_unit(monkeypatch, tmp_path):
    monkeypatch.setenv("KILN_CACHE", str(tmp_path))
    result = run("eie.lnzd", "--preset", "tiny", "--jobs", 1)
    assert result.exit_code == 0, result.output
    assert "eie.lnzd" in result.output and "units at 800 MHz" in result.output
    assert list(tmp_path.glob("synth/*/netlist.v"))


@pytest.mark.parametrize(
    ("changes", "code"), [({}, 0), ({"slack_ns": -0.01}, 1), ({"loops": 1}, 1)]
)
def test_exit_code(monkeypatch, tmp_path, changes, code):
    def run_jobs(jobs, setting, workers, progress):
        return [SynthRun(job, unit_report(job.name, **changes), {}, tmp_path, True) for job in jobs]

    monkeypatch.setattr(synth, "run_jobs", run_jobs)
    assert run("eie.queue", "--preset", "tiny").exit_code == code


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["eie.nothing", "--preset", "tiny"], "no unit 'eie.nothing' in tiny; there are eie.pe"),
        (["eie.pe", "--preset", "paper65"], "no preset 'paper65'; there are tiny, "),
    ],
)
def test_refusals(arguments, message):
    result = run(*arguments)
    assert result.exit_code == 1
    assert message in " ".join(result.output.split())
