"""``kiln train ssd``, ``kiln replay`` and ``kiln bench tail`` from the command line."""

import json

import pytest
from typer.testing import CliRunner

from kiln.cli import app
from sim.bench.tail.results import PredictorRow, TailReport
from sw.network import Network
from sw.traces.workload import generate
from sw.traces.write import write_trace


def run(*arguments):
    return CliRunner().invoke(app, [*map(str, arguments)])


@pytest.fixture(scope="module")
def trace(tmp_path_factory):
    path = tmp_path_factory.mktemp("trace") / "small.trace.gz"
    write_trace(generate(6000, 8), path)
    return path


@pytest.fixture(scope="module")
def trained(trace):
    path = trace.parent / "net.safetensors"
    result = run("train", "ssd", "--trace", trace, "--predictor", "heimdall", "--out", path)
    assert result.exit_code == 0, result.output
    return path


def test_a_trained_predictor(trained):
    facts = PredictorRow.model_validate_json(trained.with_suffix(".json").read_text())
    assert (facts.source, facts.predictor) == ("small", "heimdall")
    network = Network.load(trained)
    assert network.sizes == facts.widths == [12, 128, 16, 1]
    assert network.inputs is not None and abs(network.inputs).max() <= 1


@pytest.mark.rtl
def test_replayed_with_its_weights(trace, trained, tmp_path):
    plot = tmp_path / "plot.png"
    how = ("--predictor", "heimdall", "--weights", trained, "--preset", "wide8", "--out", plot)
    result = run("replay", "--trace", trace, *how)
    assert result.exit_code == 0, result.output
    for name in ("none", "hedged", "oracle", "EIE wide8 is occupied by a prediction for 0."):
        assert name in " ".join(result.output.split())
    assert plot.stat().st_size > 10_000


def test_only_policies_that_are_asked_for(trace, tmp_path):
    plot = tmp_path / "plot.png"
    result = run("replay", "--trace", trace, "--policy", "hedged", "--out", plot)
    assert result.exit_code == 0, result.output
    assert "hedged" in result.output
    assert "oracle" not in result.output


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("--policy", "guess"), "no policy 'guess'; there are none, hedged, oracle, reject"),
        (("--predictor", "x"), "no predictor 'x'; there are linnos, heimdall, kiln"),
        (("--preset", "x"), "no preset 'x'"),
        (("--trace", "missing.trace"), "missing.trace: cannot be read"),
    ],
)
def test_refused(arguments, message):
    result = run("replay", *arguments)
    assert result.exit_code == 1
    assert message in result.output.replace("\n", "")


def test_weights_of_another_shape(trace, trained):
    result = run("replay", "--trace", trace, "--predictor", "linnos", "--weights", trained)
    assert result.exit_code == 1
    assert "linnos takes 31 inputs" in result.output.replace("\n", "")


def test_a_trace_of_one_row(tmp_path):
    path = tmp_path / "one.trace"
    path.write_text("0,100,1,4096,0,0.1,4096\n")
    for command in (("train", "ssd"), ("replay",)):
        result = run(*command, "--trace", path)
        assert result.exit_code == 1
        assert "one has 1 I/O: no two halves" in result.output.replace("\n", "")


@pytest.mark.rtl
@pytest.mark.slow
def test_the_benchmark(trace, tmp_path):
    result = run("bench", "tail", "--quick", "--trace", trace.parent, "--out", tmp_path)
    assert result.exit_code == 0, result.output
    report = TailReport.model_validate(json.loads((tmp_path / "tail.json").read_text()))
    assert [source.name for source in report.sources] == ["generated", "small"]
    assert all(row.mismatches == 0 for row in report.predictors)
    assert report.command == "kiln bench tail --trace small.trace.gz --quick"
    page = (tmp_path / "tail.md").read_text()
    for plot in ("tail_generated.png", "tail_small.png", "tail_sweep.png"):
        assert f"]({plot})" in page
        assert (tmp_path / plot).exists()
