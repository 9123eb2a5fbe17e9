"""``kiln stream`` from the command line, on shipped networks and on a file."""

import json

import pytest
from safetensors.torch import save_file
from typer.testing import CliRunner

from kiln.cli import app
from sw.dataflow.compile import compile_network
from sw.golden.cnn import GoldenCnn
from sw.golden.cnn_file import write_graph
from sw.students.cifar import ROOT_VARIABLE
from tests.sim.cnn_cases import INTERVAL, case

REQUIRED = (
    "network machine images mismatches class_mismatches accuracy_golden accuracy_rtl latency "
    "interval bound frames_per_second multipliers utilisation bits skip_depths units"
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
    for text in ("digits, skip-free", "9,216 (bound 9,216)", "MAC utilisation", "cnn.json"):
        assert text in result.output


@pytest.mark.rtl
@pytest.mark.parametrize("machine", ["buffered", "unbuffered"])
def test_network_of_a_file(tmp_path, network, machine):
    """On the machine and within the cycles that are asked for."""
    options = ("--data", "digits", "--machine", machine, "--interval", INTERVAL, "--images", 4)
    result = run("--network", network, *options, "--stalls", 0.3, "--out", tmp_path / "new")
    assert result.exit_code == 0, result.output
    report = json.loads((tmp_path / "new" / "small.json").read_text())
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
    report = json.loads((tmp_path / "small.json").read_text())
    assert (report["multipliers"], report["bound"]) == (count, INTERVAL)


@pytest.mark.rtl
def test_a_mismatch_fails(tmp_path, network, monkeypatch):
    """And is reported all the same."""
    other = GoldenCnn(case("buffered", seed=2).graph)
    monkeypatch.setattr("sim.streaming.GoldenCnn", lambda graph: other)
    options = ("--data", "digits", "--interval", INTERVAL, "--images", 2, "--out", tmp_path)
    result = run("--network", network, "--machine", "buffered", *options)
    assert result.exit_code == 1
    assert json.loads((tmp_path / "small.json").read_text())["mismatches"] > 10


@pytest.mark.parametrize(
    "arguments, message",
    [
        (
            ["--machine", "fast"],
            "no machine 'fast'; there are skip-free, buffered, unbuffered",
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
