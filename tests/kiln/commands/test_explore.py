"""``kiln explore`` from the command line, on a small network, here and on a cluster."""

import json

import pytest
from typer.testing import CliRunner

from kiln.cli import app
from kiln.commands import explore
from sim.bench.explore_results import ExploreReport, LogicCost
from tests.sim.dask_cluster import two_workers


def run(*arguments):
    return CliRunner().invoke(app, ["explore", *map(str, arguments)])


@pytest.fixture(autouse=True)
def logic(monkeypatch):
    """No synthesis: cells in proportion to PEs times lanes."""

    def costs(network, found, run, console):
        return [
            LogicCost(
                cells_um2=1e4 * shape.n_pe * shape.lanes,
                sram_um2=0,
                flip_flops=100 * shape.n_pe,
                leakage_mw=0.1 * shape.n_pe,
            )
            for shape in found
        ]

    monkeypatch.setattr(explore, "_logic", costs)


SWEEP = ("--network", "linnos", "--pes", "4,8", "--lanes", "1,4", "--groups", 8, "--depths", 2)


def test_here_and_on_a_cluster(tmp_path):
    here, there = tmp_path / "here", tmp_path / "there"
    more = ("--spare", 1, "--synthesis", tmp_path / "none")
    result = run(*SWEEP, *more, "--jobs", 1, "--out", here)
    assert result.exit_code == 0, result.output
    assert "sizes that no other beats; energy of SRAMs and leakage only" in " ".join(
        result.output.split()
    )
    with two_workers() as address:
        result = run(*SWEEP, *more, "--scheduler", address, "--out", there)
    assert result.exit_code == 0, result.output
    texts = [(folder / "explore.json").read_text() for folder in (here, there)]
    assert texts[0] == texts[1]
    report = ExploreReport.model_validate_json(texts[0])
    assert len(report.points) == 4 and report.command.startswith("kiln explore --network linnos")
    assert json.loads(texts[0])["pareto"]
    assert (here / "explore.png").is_file()


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--network", "heimdal"], "no network 'heimdal'; there are precise_linear-90, "),
        (["--network", "linnos", "--pes", "4;8"], "'4;8' is not a list of numbers"),
        (["--network", "linnos", "--pes", "6"], "linnos runs on none of these: n_pe must be a"),
    ],
)
def test_refusals(arguments, message, tmp_path):
    result = run(*arguments, "--jobs", 1, "--out", tmp_path)
    assert result.exit_code == 1
    assert message in " ".join(result.output.split())
