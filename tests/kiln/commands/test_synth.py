"""``kiln synth`` from the command line."""

from types import SimpleNamespace

import pytest
from typer.testing import CliRunner

from kiln.cli import app
from kiln.commands import synth, synth_cnn
from sim.synth import pool
from sim.synth.cnn import cnn_jobs
from sim.synth.cnn_machines import CnnCosts
from sim.synth.run import Run, SynthRun
from tests.hw.cnn.pipelines import PIPELINES
from tests.sim.synth.reports import machine_power, unit_report


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


@pytest.fixture
def streaming(monkeypatch, tmp_path):
    """Synthesis of a small pipeline, whatever the network; ``slack`` is that of its long unit."""
    slack = {"long": 0.1}

    def run_job(job, setting):
        report = unit_report(job.name, slack_ns=slack.get(job.counted.unit.name, 0.2))
        return Run(job, report, {}, tmp_path, warm=False)

    monkeypatch.setattr(
        synth_cnn, "compile_for", lambda *_, **__: SimpleNamespace(config=PIPELINES["block"])
    )
    monkeypatch.setattr(pool, "run_job", run_job)
    return slack


@pytest.mark.parametrize(("slack", "code"), [(0.1, 0), (-0.2, 1)])
def test_machines_of_a_streaming_network(streaming, tmp_path, slack, code):
    streaming["long"] = slack
    options = ("--network", "resnet33-cifar10", "--no-power")
    result = run("cnn", *options, "--jobs", 1, "--out", tmp_path)
    assert result.exit_code == code, result.output
    assert "SRAM, line buffers" in result.output and "unbuffered" in result.output
    assert "uJ" not in result.output
    report = CnnCosts.model_validate_json((tmp_path / "synth_resnet33_cifar10.json").read_text())
    assert [machine.name for machine in report.machines] == ["skip-free", "buffered", "unbuffered"]
    assert report.interval == 147456 and report.machine("buffered").slack_ns == slack
    assert report.machine("buffered").slowest_unit == "long"
    assert report.command == "kiln synth cnn --network resnet33-cifar10 --no-power"


def test_power_of_a_streaming_network(monkeypatch, streaming, tmp_path):
    seen = []

    def measured(network, compiled, runs, pixels):
        seen.append((network, pixels.shape[1:], len(runs)))
        return machine_power(mismatches=0)

    monkeypatch.setattr(synth_cnn, "machine_power", measured)
    result = run("cnn", "--jobs", 1, "--out", tmp_path)
    assert result.exit_code == 0, result.output
    units = len(cnn_jobs("block", PIPELINES["block"]))
    assert seen == 3 * [("digits", (1, 8, 8), units)]
    assert "uJ a frame at 350 K" in result.output
    report = CnnCosts.model_validate_json((tmp_path / "synth_digits.json").read_text())
    assert [machine.power for machine in report.machines] == 3 * [machine_power(mismatches=0)]


def test_power_needs_images(monkeypatch, streaming, tmp_path):
    monkeypatch.delenv("CIFAR10_ROOT", raising=False)
    result = run("cnn", "--network", "resnet33-cifar10", "--jobs", 1, "--out", tmp_path)
    assert result.exit_code == 0, result.output
    assert "no power: CIFAR-10 is needed" in result.output
    report = CnnCosts.model_validate_json((tmp_path / "synth_resnet33_cifar10.json").read_text())
    assert not any(machine.power for machine in report.machines)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["cnn", "--network", "alex"], "no network 'alex'; there are digits, resnet33-cifar10"),
        (["cnn", "--preset", "tiny"], "--preset is for units of the array, not for cnn"),
        (["eie.arith", "--network", "digits"], "--network is for cnn alone"),
        (["--network", "digits"], "--network is for cnn alone"),
        (["eie.arith", "--no-power"], "--no-power is for cnn alone"),
        (["eie.nothing", "--preset", "tiny"], "no unit 'eie.nothing' in tiny; there are eie.pe"),
        (["eie.pe", "--preset", "paper65"], "no preset 'paper65'; there are tiny, "),
    ],
)
def test_refusals(arguments, message):
    result = run(*arguments)
    assert result.exit_code == 1
    assert message in " ".join(result.output.split())
