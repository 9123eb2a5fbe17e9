"""``kiln import`` from the command line."""

from hashlib import sha256

import pytest
import torch
from typer.testing import CliRunner

from kiln.cli import app
from sw.golden.cnn import GoldenCnn
from sw.golden.cnn_file import read_graph
from sw.importers.onnx_import import import_onnx
from tests.sw.importers.models import inserted, powers_of_two, saved, small, some_scales


@pytest.fixture(autouse=True)
def _wide(monkeypatch):
    monkeypatch.setenv("COLUMNS", "200")


def run(*arguments):
    return CliRunner().invoke(app, ["import", "onnx", *map(str, arguments)])


def lines(output):
    """Cells of the table's rows by their first."""
    rows = [[cell.strip() for cell in line.split("│")[1:-1]] for line in output.splitlines()]
    return {row[0]: row[1:] for row in rows if row}


def test_a_network(tmp_path):
    path = saved(small("qonnx", some_scales(), 4).model(), tmp_path)
    out = tmp_path / "x" / "net.safetensors"
    result = run(path, "--out", out)
    assert result.exit_code == 0, result.output
    assert f"{out}: {out.stat().st_size:,} bytes" in result.output
    network = import_onnx(path)
    graph, provenance = read_graph(out)
    assert provenance == {
        "file": "net.onnx",
        "sha256": sha256(path.read_bytes()).hexdigest(),
        "scales": network.scales,
    }
    x = torch.randint(0, 256, (20, 2, 8, 8), dtype=torch.uint8)
    assert torch.equal(GoldenCnn(graph)(x), GoldenCnn(network.graph)(x))
    rows = lines(result.output)
    assert rows["input"] == ["image", "2 x 8 x 8", "", "", "", "0.00392157"]
    a, mean = graph.nodes[0], graph.nodes[3]
    span = f"{a.multiplier.min()} to {a.multiplier.max()}"
    shift = f"{a.shift.min()} to {a.shift.max()}"
    assert rows["a"] == ["3 x 3", "4 x 8 x 8", "72 of 4 bits", span, shift, "0.017"]
    assert rows["max"] == ["largest of 2 x 2", "4 x 4 x 4", "", "", "", "0.017"]
    assert rows["b"][:2] == ["3 x 3 / 2", "6 x 2 x 2"]
    assert rows["b"][3] == str(int(graph.nodes[2].multiplier[0]))
    assert rows["mean"] == ["mean", "6", "", str(mean.multiplier), str(mean.shift), "0.019"]
    assert rows["linear"][:3] == ["linear", "5", "30 of 4 bits"]


def test_file_by_default(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    result = run(saved(small("qdq", powers_of_two()).model(), tmp_path))
    assert result.exit_code == 0, result.output
    graph, _ = read_graph(tmp_path / "build" / "net.safetensors")
    assert graph.frac == 8
    rows = lines(result.output)
    assert rows["a"][3:5] == ["", "8 to 10"]
    assert rows["mean"][3:5] == ["", "0"]


def test_refusals(tmp_path):
    model = small("qdq", powers_of_two()).model()
    inserted("a", "Sigmoid")(model)
    out = tmp_path / "x.safetensors"
    result = run(saved(model, tmp_path), "--out", out)
    assert result.exit_code == 1
    assert "kiln import onnx: new (Sigmoid): is not among the operators" in result.output
    assert not out.exists()
    result = run(tmp_path / "none.onnx")
    assert result.exit_code == 1 and "none.onnx" in result.output
