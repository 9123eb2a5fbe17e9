"""``kiln stream`` from the command line, on shipped networks and on a file."""

import json
import os
from io import StringIO
from types import SimpleNamespace

import pytest
from rich.console import Console
from safetensors.torch import save_file
from typer.testing import CliRunner

from kiln.cli import app
from kiln.commands import stream
from kiln.commands.stream_tables import stage_table
from sim.cnn import UnitCycles
from sim.stages import run_stages
from sim.synth.cnn import MachineCosts, UnitCosts
from sim.synth.cnn_machines import CnnCosts
from sw.dataflow.compile import compile_network
from sw.dataflow.shipped import SHIPPED, compile_for
from sw.golden.cnn import GoldenCnn
from sw.golden.cnn_file import write_graph
from sw.students.cifar import ROOT_VARIABLE
from sw.students.digits import digits
from tests.sim.cnn_cases import INTERVAL, case
from tests.sim.synth.reports import unit_report

REQUIRED = (
    "network machine images mismatches class_mismatches tested accuracy_golden accuracy_rtl "
    "latency interval bound frames_per_second multipliers utilisation bits skip_depths units"
)


def run(*arguments):
    return CliRunner().invoke(app, ["stream", *map(str, arguments)])


@pytest.fixture
def network(tmp_path):
    """The file of a small network; of the machine with skips."""
    path = tmp_path / "small.safetensors"
    write_graph(case("buffered").graph, path, {})
    return path


@pytest.mark.rtl
def test_shipped_network(tmp_path):
    result = run("--images", 5, "--out", tmp_path)
    assert result.exit_code == 0, result.output
    report = json.loads((tmp_path / "cnn.json").read_text())
    assert set(REQUIRED.split()) <= set(report)
    assert (report["network"], report["machine"]) == ("digits, skip-free", "skip-free")
    assert (report["images"], report["mismatches"], report["class_mismatches"]) == (5, 0, 0)
    assert report["bound"] == 9216 and report["interval"] == 9216
    stem = report["units"]["stem"]
    assert (stem["cycles"], stem["simd"], stem["pe"], stem["multipliers"]) == (9216, 1, 1, 1)
    for text in (
        "digits, skip-free",
        "9,216 (bound 9,216)",
        "MAC utilisation",
        "classes RTL unlike golden",
        "of 5 test images",
        "block2.conv2",
        "starve block",
        "cnn.json",
    ):
        assert text in result.output


@pytest.mark.rtl
def test_accuracy_is_that_of_test_images(tmp_path, monkeypatch):
    """However many others are compared besides."""
    found = digits()
    pixels, labels = found.test.pixels, found.test.labels
    few = SimpleNamespace(
        test=SimpleNamespace(pixels=pixels[:3], labels=labels[:3]),
        validation=SimpleNamespace(pixels=pixels[3:4], labels=labels[3:4] ^ 1),
        train=SimpleNamespace(pixels=pixels[4:6], labels=labels[4:6] ^ 1),
    )
    monkeypatch.setitem(stream.STUDIES, "digits", SimpleNamespace(load=lambda: few))
    result = run("--images", 5, "--out", tmp_path, "--no-units")
    assert result.exit_code == 0, result.output
    assert "of 3 test images" in result.output and "block2.conv2" not in result.output
    report = json.loads((tmp_path / "cnn.json").read_text())
    assert (report["images"], report["tested"], report["accuracy_rtl"]) == (5, 3, 1.0)


@pytest.mark.rtl
@pytest.mark.parametrize(("options", "shown"), [((), False), (("--units",), True)])
def test_units_of_longer_networks(tmp_path, monkeypatch, options, shown):
    """Are shown when they are asked for; the report has them always."""
    monkeypatch.setattr(stream, "FEW_UNITS", 8)
    result = run("--images", 2, "--out", tmp_path, *options)
    assert result.exit_code == 0, result.output
    assert ("block2.conv2" in result.output) == shown
    assert len(json.loads((tmp_path / "cnn.json").read_text())["units"]) == 9


@pytest.mark.parametrize(
    ("machine", "multipliers", "skips"),
    [("skip-free", "82", "0"), ("buffered", "84", "5,024"), ("unbuffered", "84", "20,480")],
)
def test_without_a_run(tmp_path, monkeypatch, machine, multipliers, skips):
    """Units and totals, without images or a model of the RTL."""
    monkeypatch.setattr(stream, "CnnEngine", None)
    monkeypatch.setattr(stream, "_images", None)
    result = run("--no-run", "--machine", machine, "--out", tmp_path / "new")
    assert result.exit_code == 0, result.output
    assert f"digits, {machine}" in result.output and "busy" not in result.output
    rows = {}
    for line in result.output.splitlines():
        if line.startswith("│"):
            what, value = (cell.strip() for cell in line.strip("│").split("│"))
            rows[what] = value
    assert (rows["multipliers"], rows["skips, bits"]) == (multipliers, skips)
    assert rows["bound of the frame interval, cycles"] == "9,216"
    assert ("block0.add" in result.output) == (machine != "skip-free")
    assert not [*tmp_path.iterdir()]


def test_units_fit_a_terminal():
    """Of the longest network that ships, after a run."""
    graph = SHIPPED["resnet33-cifar10"].graph(residual=True)
    config = compile_for("unbuffered", graph, interval=147456).config
    counted = {node.name: UnitCycles(100, 100, 100) for node in config.nodes}
    console = Console(width=80, file=StringIO())
    console.print(stage_table(run_stages(config, counted, 100)))
    text = console.file.getvalue()
    assert "…" not in text and text.count("100%") == 3 * len(config.nodes)


@pytest.mark.parametrize(
    ("path_ns", "interval", "mhz", "text"),
    [
        (1.6, 9216, 625, "625 MHz"),
        (1.2, 9216, 800, "800 MHz"),
        (1.6, 4608, 800, "800 MHz, if met"),
        (None, 9216, 800, "800 MHz, if met"),
    ],
)
def test_clock(tmp_path, monkeypatch, path_ns, interval, mhz, text):
    """That of synthesis, if it is slower and was of the same machine; else it is not promised."""
    monkeypatch.setattr(stream, "SYNTHESIS", tmp_path)
    if path_ns is not None:
        unit = unit_report("stem", slack_ns=1.25 - path_ns)
        stem = UnitCosts(name="stem", kind="convstage", report=unit, places=["stem"], srams=[])
        costs = MachineCosts(name="buffered", period_ns=1.25, allowance=0.1, units=[stem])
        facts = {"date": "2026-01-02", "command": "kiln synth cnn", "machines": [costs]}
        report = CnnCosts(network="digits", interval=9216, **facts)
        (tmp_path / "synth_digits.json").write_text(report.model_dump_json())
    found = stream._clock("digits", "buffered", interval)
    assert found == (pytest.approx(mhz), text)


@pytest.mark.rtl
@pytest.mark.parametrize("machine", ["buffered", "unbuffered"])
def test_network_of_a_file(tmp_path, network, machine):
    """On the machine and within the cycles that are asked for."""
    options = ("--data", "digits", "--machine", machine, "--interval", INTERVAL, "--images", 4)
    result = run("--network", network, *options, "--stalls", 0.3, "--out", tmp_path / "new")
    assert result.exit_code == 0, result.output
    report = json.loads((tmp_path / "new" / f"small_{machine}.json").read_text())
    assert (report["network"], report["machine"]) == ("small.safetensors", machine)
    assert (report["images"], report["mismatches"], report["stalls"]) == (4, 0, 0.3)
    assert report["bound"] == INTERVAL and set(report["skip_depths"]) == {"stem", "block0.add"}


@pytest.mark.rtl
def test_budget(tmp_path, network):
    """As many multipliers as the interval takes that other tests have."""
    small = case("buffered")
    count = sum(node.unit.multipliers for node in small.config.nodes)
    assert compile_network(small.graph, multipliers=count).config == small.config
    options = ("--data", "digits", "--multipliers", count, "--images", 2)
    result = run("--network", network, *options, "--out", tmp_path)
    assert result.exit_code == 0, result.output
    report = json.loads((tmp_path / "small_buffered.json").read_text())
    assert (report["multipliers"], report["bound"]) == (count, INTERVAL)


@pytest.mark.rtl
def test_a_mismatch_fails(tmp_path, network, monkeypatch):
    """And is reported all the same."""
    other = GoldenCnn(case("buffered", seed=2).graph)
    monkeypatch.setattr("sim.streaming.GoldenCnn", lambda graph: other)
    options = ("--data", "digits", "--interval", INTERVAL, "--images", 2, "--out", tmp_path)
    result = run("--network", network, "--machine", "buffered", *options)
    assert result.exit_code == 1
    assert json.loads((tmp_path / "small_buffered.json").read_text())["mismatches"] > 10


@pytest.mark.rtl
def test_other_classes_alone_fail(tmp_path, monkeypatch):
    """And are counted in the table, where no logit is unlike."""
    verified = stream.verify_stream

    def other(*arguments, **options):
        return verified(*arguments, **options).model_copy(update={"class_mismatches": 2})

    monkeypatch.setattr(stream, "verify_stream", other)
    result = run("--images", 2, "--out", tmp_path)
    assert result.exit_code == 1
    rows = [line.split() for line in result.output.splitlines() if "unlike golden" in line]
    assert [row[-2] for row in rows] == ["0", "2"]


@pytest.mark.parametrize(
    "arguments, message",
    [
        (
            ["--machine", "fast"],
            "no machine 'fast'; there are skip-free, buffered, unbuffered",
        ),
        (
            ["--data", "cifar10"],
            "--data cifar10 is for a network's file; digits has its images",
        ),
        (["--images", "1798"], "--images 1798 are more than the 1797 that there are"),
        (["--network", "nowhere.safetensors"], "--data must be one of digits, cifar10 for a"),
        (
            ["--network", "nowhere.safetensors", "--data", "faces"],
            "--data must be one of digits, cifar10 for a network's file",
        ),
        (
            ["--network", "nowhere.safetensors", "--data", "digits"],
            "nowhere.safetensors: is no network in integers",
        ),
        (["--interval", "9216", "--multipliers", "40"], "one of interval and multipliers must be"),
        (["--interval", "575"], "stem: no folding takes at most 575 cycles"),
        (["--multipliers", "3"], "3 multipliers are too few"),
    ],
)
def test_refusals(tmp_path, arguments, message):
    result = run(*arguments, "--out", tmp_path)
    assert result.exit_code == 1
    assert f"kiln stream: {message}" in result.output
    assert not [*tmp_path.iterdir()]


@pytest.mark.parametrize("machine", ["buffered", "unbuffered"])
def test_a_file_without_skips(tmp_path, machine):
    path = tmp_path / "plain.safetensors"
    write_graph(case("skip-free").graph, path, {})
    options = ("--data", "digits", "--interval", INTERVAL, "--out", tmp_path / "new")
    result = run("--network", path, *options, "--machine", machine)
    assert result.exit_code == 1 and not (tmp_path / "new").exists()
    assert f"plain.safetensors has no skips: it is no network for {machine}" in result.output


def test_a_file_with_skips(tmp_path, network):
    options = ("--data", "digits", "--interval", INTERVAL, "--out", tmp_path / "new")
    result = run("--network", network, *options, "--machine", "skip-free")
    assert result.exit_code == 1 and not (tmp_path / "new").exists()
    assert "small.safetensors has skips: it is no network for skip-free" in result.output


def test_folders_that_cannot_be(tmp_path, monkeypatch):
    """It is said before anything runs."""
    monkeypatch.setattr(stream, "CnnEngine", None)
    (tmp_path / "file").write_text("")
    for out in (tmp_path / "file", tmp_path / "file" / "below"):
        result = run("--out", out)
        assert result.exit_code == 1 and not isinstance(result.exception, TypeError)
        assert f"kiln stream: --out {out} cannot be made: " in result.output
    monkeypatch.setattr(stream, "os", SimpleNamespace(access=lambda *_: False, W_OK=os.W_OK))
    result = run("--out", tmp_path)
    assert result.exit_code == 1
    assert f"kiln stream: --out {tmp_path} cannot be written to" in result.output


@pytest.mark.parametrize("arguments", [("--images", 1), ("--stalls", 1), ("--interval", 0)])
def test_values_out_of_range(arguments):
    assert run(*arguments).exit_code == 2


def test_files_that_are_no_networks(tmp_path):
    text, other = tmp_path / "text.safetensors", tmp_path / "other.safetensors"
    text.write_text("no network")
    save_file({}, other)
    for path in (text, other):
        result = run("--network", path, "--data", "digits", "--out", tmp_path)
        assert result.exit_code == 1
        assert f"{path}: is no network in integers" in result.output


def test_images_that_are_not_there(tmp_path, network, monkeypatch):
    """It is said what to do about it."""
    monkeypatch.delenv(ROOT_VARIABLE, raising=False)
    options = ("--data", "cifar10", "--out", tmp_path)
    result = run("--network", network, *options)
    assert result.exit_code == 1
    assert f"CIFAR-10 is needed: let {ROOT_VARIABLE} name a folder" in result.output
