import json

import pytest
import torch
from safetensors import safe_open
from safetensors.torch import save_file

from sw.golden.cnn import GoldenCnn
from sw.golden.cnn_file import read_graph, write_graph
from sw.golden.cnn_graph import (
    QConv,
    QLinear,
    QMaxPool,
    QPool,
    QuantisedGraph,
    QuantisedGraphError,
    Range,
)
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


def test_multipliers_and_scales_that_are_no_powers_of_two(tmp_path):
    ones = torch.ones(2, dtype=torch.int32)
    weight = torch.tensor([[[[3]]], [[[-4]]]], dtype=torch.int8)
    conv = QConv("conv", "input", weight, 5 * ones, 40 * ones, 1, Range.U8, 8, None, 32767 * ones)
    linear = QLinear("linear", "pool", weight[:, :, 0, 0].T.clone(), ones[:1], 8, None)
    nodes = (conv, QMaxPool("max", "conv", 3, None), QPool("pool", "max", 4, None, 77), linear)
    path = tmp_path / "net.safetensors"
    write_graph(QuantisedGraph(nodes, (1, 9, 6), None), path, {})
    again, _ = read_graph(path)
    assert again.frac is None
    assert torch.equal(again.nodes[0].multiplier, conv.multiplier)
    for mine, theirs in zip(again.nodes[1:3], nodes[1:3], strict=True):
        assert vars(mine) == vars(theirs)


def test_first_version(graph, tmp_path):
    """What files had before there were multipliers."""

    def older(head, _):
        head.update(version=1)
        for facts in head["nodes"]:
            facts.pop("multiplier", None)

    again, _ = read_graph(changed(graph, tmp_path, older))
    x = split().test.pixels
    assert torch.equal(GoldenCnn(again)(x), GoldenCnn(graph)(x))
    assert all(node.multiplier is None for node in again.nodes if isinstance(node, QConv))


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
        (lambda head, _: head.update(version=3), "has the format 3; known are 1 and 2"),
        (lambda head, _: head["nodes"][0].pop("multiplier"), r"stem\.multiplier is missing"),
        (
            lambda head, _: head["nodes"][0].update(multiplier=3),
            r"stem: multiplier must be torch\.",
        ),
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
