import json

import pytest
import torch
from safetensors import safe_open
from safetensors.torch import save_file

from sw.golden.cnn import GoldenCnn
from sw.golden.cnn_file import read_graph, write_graph
from sw.golden.cnn_graph import QuantisedGraphError
from sw.students.quantise import with_rounding
from tests.sw.students.small import network, split


@pytest.fixture(scope="module", params=["with skips", "without"])
def graph(request):
    long = float(request.param == "with skips")
    return with_rounding(network(long=long, short=1 - long), split(), 4).integers(4)


def test_there_and_back(graph, tmp_path):
    path = tmp_path / "net.safetensors"
    write_graph(graph, path, {"command": "kiln train", "seed": 3})
    again, provenance = read_graph(path)
    assert provenance == {"command": "kiln train", "seed": 3}
    x = split().test.pixels
    assert torch.equal(GoldenCnn(again)(x), GoldenCnn(graph)(x))
    assert again.shapes() == graph.shapes()
    for mine, theirs in zip(again.nodes, graph.nodes, strict=True):
        for name, value in vars(theirs).items():
            other = getattr(mine, name)
            same = torch.equal(value, other) if torch.is_tensor(value) else value == other
            assert same, (theirs.name, name)


def changed(graph, tmp_path, change):
    """A file of the network whose head and arrays went through ``change``."""
    path = tmp_path / "net.safetensors"
    write_graph(graph, path, {})
    with safe_open(path, "pt") as file:
        head = json.loads(file.metadata()["kiln"])
        tensors = {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118
    change(head, tensors)
    save_file(tensors, path, {"kiln": json.dumps(head)})
    return path


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda head, _: head.update(version=2), "has the format 2; known is 1"),
        (lambda _, tensors: tensors.pop("stem.bias"), r"stem\.bias is missing"),
        (lambda head, _: head["nodes"][0].pop("stride"), "stem has no stride"),
        (lambda head, _: head["nodes"][0].update(kind="x"), "its head is damaged: KeyError"),
        (lambda head, _: head["nodes"][0].update(range="u9"), "its head is damaged: ValueError"),
        (lambda head, _: head["nodes"][0].update(stride=4), "stem: stride must be 1 or 2, not 4"),
        (lambda head, _: head.pop("shape"), "its head is damaged: KeyError"),
        (
            lambda _, tensors: tensors.update({"stem.weight": tensors["stem.weight"].int()}),
            r"stem: weight must be torch\.int8",
        ),
    ],
)
def test_damaged(graph, tmp_path, change, message):
    path = changed(graph, tmp_path, change)
    with pytest.raises(QuantisedGraphError, match=message):
        read_graph(path)


def test_no_file_of_ours(tmp_path):
    path = tmp_path / "other.safetensors"
    for make in (lambda: path.write_bytes(b"no"), lambda: save_file({"a": torch.ones(2)}, path)):
        make()
        with pytest.raises(QuantisedGraphError, match="is no network in integers"):
            read_graph(path)
