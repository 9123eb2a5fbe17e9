"""The networks of images that ship: what their files say is what the golden model does."""

import pytest

from sw.golden.cnn_file import read_graph
from sw.golden.cnn_graph import QAdd, QConv
from sw.students.digits import digits
from sw.students.quantise import golden_accuracy
from sw.students.report import Facts
from sw.weights import FOLDER

SHIPPED = {"cnn_digits_residual": True, "cnn_digits_skipfree": False}
CIFAR10 = {"cnn_cifar10_residual": True, "cnn_cifar10_skipfree": False}


@pytest.mark.parametrize(("name", "skips"), SHIPPED.items())
def test_digits(name, skips):
    path = FOLDER / f"{name}.safetensors"
    graph, provenance = read_graph(path)
    facts = Facts.model_validate_json(path.with_suffix(".json").read_text())
    assert Facts.model_validate(provenance) == facts
    split = digits()
    assert golden_accuracy(graph, split.test) == facts.test_integers >= 0.97
    assert golden_accuracy(graph, split.validation) == facts.validation_integers
    assert facts.skips == graph.has_skips == skips
    assert graph.shape == (1, 8, 8)
    assert sum(isinstance(node, QAdd) for node in graph.nodes) == (3 if skips else 0)
    widths = [len(node.weight) for node in graph.nodes if isinstance(node, QConv)]
    assert sorted(set(widths)) == [16, 32, 64]
    if not skips:
        assert set(graph.readers().values()) == {1}


@pytest.mark.parametrize(("name", "skips"), CIFAR10.items())
def test_cifar10(name, skips):
    path = FOLDER / f"{name}.safetensors"
    graph, provenance = read_graph(path)
    facts = Facts.model_validate_json(path.with_suffix(".json").read_text())
    assert Facts.model_validate(provenance) == facts
    assert facts.skips == graph.has_skips == skips
    assert graph.shape == (3, 32, 32)
    kernels = [node.weight.shape[2] for node in graph.nodes if isinstance(node, QConv)]
    assert kernels.count(3) == 33 and kernels.count(1) == (3 if skips else 0)
    assert sum(isinstance(node, QAdd) for node in graph.nodes) == (16 if skips else 0)
    if not skips:
        assert set(graph.readers().values()) == {1}
