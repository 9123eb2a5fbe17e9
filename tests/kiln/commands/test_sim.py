"""``kiln sim`` from the command line, on the shipped predictor and on a foreign one."""

import json

import pytest
from typer.testing import CliRunner

from kiln.cli import app

REQUIRED = (
    "requests mismatches accuracy_float accuracy_golden accuracy_rtl cycles_mean cycles_max "
    "us_mean clock_mhz n_pe utilisation padding_share"
)


def run(*arguments):
    return CliRunner().invoke(app, ["sim", *map(str, arguments)])


@pytest.mark.rtl
def test_shipped_predictor(tmp_path):
    result = run("--requests", 300, "--seed", 77, "--out", tmp_path)
    assert result.exit_code == 0, result.output
    report = json.loads((tmp_path / "predictor.json").read_text())
    assert set(REQUIRED.split()) <= set(report)
    assert report["requests"] == 300 and report["mismatches"] == 0
    assert report["n_pe"] == 32 and report["clock_mhz"] == 800
    assert report["accuracy_rtl"] >= 0.975
    assert report["quality"]["rtl"]["recall"] >= 0.80
    assert 0 < report["us_mean"] < 2.01


@pytest.mark.rtl
def test_real_drives_predictor(tmp_path, shared_dir):
    """31-256-2 of a real drive on all its feature rows; decides as in float."""
    network = shared_dir / "data" / "predictors" / "linnos_31_256_2.npz"
    result = run("--network", network, "--out", tmp_path)
    assert result.exit_code == 0, result.output
    report = json.loads((tmp_path / f"{network.stem}.json").read_text())
    assert report["requests"] == 11_215 and report["mismatches"] == 0
    assert report["agreement"] >= 0.995


@pytest.mark.rtl
@pytest.mark.parametrize(
    ("arguments", "title", "estimated"),
    [
        (["good_custom"], "MittOS good_custom, 95 % sparse", None),
        (["precise_linear", "--sparsity", 90], "MittOS precise_linear, 90 % sparse", 2.53),
        (["linnos"], "linnos 31-256-2 (weights drawn, no accuracy)", None),
        (["heimdall"], "heimdall 12-128-16-1 (weights drawn, no accuracy)", None),
    ],
)
def test_networks_by_name(tmp_path, arguments, title, estimated):
    """On the 32 PEs that the estimate beside is for, where there is one."""
    result = run("--network", *arguments, "--requests", 20, "--out", tmp_path)
    assert result.exit_code == 0, result.output
    [path] = tmp_path.glob("*.json")
    report = json.loads(path.read_text())
    assert report["network"] == title and report["mismatches"] == 0
    assert bool(report["quality"]) == title.startswith("MittOS")
    assert ("estimated for 32 PEs" in result.output) == (estimated is not None)
    assert estimated is None or str(estimated) in result.output


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--preset", "weng7"], "no preset 'weng7'; there are tiny, weng8, weng32, paper64"),
        (
            ["--sparsity", "50"],
            "no shipped predictor of 50 % sparsity; there are ['90', '95', '97', '98']",
        ),
        (
            ["--network", "good_custom", "--sparsity", "97"],
            "no shipped predictor of 97 % sparsity; there are ['0', '90', '95']",
        ),
        (
            ["--network", "linnos", "--sparsity", "90"],
            "--sparsity is of precise_linear and good_custom, not of linnos",
        ),
        (["--network", "nowhere.npz"], "nowhere.npz"),
    ],
)
def test_refusals(tmp_path, arguments, message):
    result = run(*arguments, "--out", tmp_path)
    assert result.exit_code == 1
    assert message in result.output
