"""Networks in ONNX become the integers they stand for, and compute what ONNX Runtime computes."""

import numpy as np
import pytest
import torch

from sw.golden.cnn import GoldenCnn
from sw.golden.cnn_graph import QConv, QLinear, QMaxPool, QPool
from sw.importers.onnx_import import import_onnx
from sw.importers.onnx_model import OnnxModel
from sw.importers.onnx_quantisers import weights_of
from tests.sw.importers.comparing import assert_same, compared, images, imported
from tests.sw.importers.models import (
    FORMS,
    Builder,
    constant,
    named,
    powers_of_two,
    run,
    saved,
    small,
    some_scales,
)


@pytest.mark.parametrize("form", FORMS)
def test_what_the_layers_become(form, tmp_path):
    scales = some_scales()
    network = imported(small(form, scales), tmp_path)
    drawn = small("qdq", scales).constants
    a, largest, b, mean, linear = network.graph.nodes
    assert [node.source for node in network.graph.nodes] == ["input", "a", "max", "b", "mean"]
    assert isinstance(largest, QMaxPool) and largest.size == 2
    assert (a.stride, b.stride, network.graph.shape) == (1, 2, (2, 8, 8))
    for node in (a, b, linear):
        assert np.array_equal(node.weight.numpy(), drawn[f"{node.name}.w.int"])
        assert np.array_equal(node.bias.numpy(), drawn[f"{node.name}.b.int"])
        assert (node.weight_bits, node.frac) == (8, None)
    for node, scale_in, weights in ((a, "image", "wa"), (b, "a", "wb")):
        ratio = (
            scales[scale_in] * np.broadcast_to(scales[weights], len(node.bias)) / scales[node.name]
        )
        found = node.multiplier.numpy() * 2.0 ** -node.shift.numpy()
        np.testing.assert_allclose(found, ratio, rtol=2.0**-15 + 1e-6)
        assert node.multiplier.min() >= 1 << 14
    assert isinstance(mean, QPool)
    ratio = scales["b"] / scales["mean"] / 4
    np.testing.assert_allclose(mean.multiplier * 2.0**-mean.shift, ratio, rtol=2.0**-15 + 1e-6)
    assert network.graph.frac is None
    assert network.scales["linear"] == pytest.approx(scales["mean"] * scales["wl"])
    assert list(network.scales) == ["input", "a", "max", "b", "mean", "linear"]


@pytest.mark.parametrize("bias", ["int", "float"])
@pytest.mark.parametrize("last", ["gemm", "matmul"])
@pytest.mark.parametrize("bits", [8, 4])
@pytest.mark.parametrize("scales", [some_scales(), powers_of_two()], ids=["any", "powers"])
def test_both_forms_are_the_same_network(scales, bits, last, bias, tmp_path):
    first, second = (
        imported(small(form, scales, bits, bias=bias, last=last), tmp_path) for form in FORMS
    )
    first_bits = {node.name: node.weight_bits for node in first.graph.nodes if is_weighted(node)}
    assert first_bits == {"a": bits, "b": bits, first.graph.nodes[-1].name: bits}
    assert_same(first, second)


def is_weighted(node):
    return isinstance(node, QConv | QLinear)


def test_a_sum_with_its_bias_last(tmp_path):
    model = small("qdq", some_scales(), last="matmul").model()
    wanted = import_onnx(saved(model, tmp_path))
    node = named(model, "linear.add")
    node.input[:] = reversed(node.input)
    assert_same(import_onnx(saved(model, tmp_path)), wanted)


def test_a_transpose_turns_the_axis_of_scales():
    values = np.array([[1, 2, 3], [4, 5, 6]])
    built = Builder("qdq", (1, 1, 1))
    built.matmul("linear", values, [0.5, 0.25], np.zeros(2, int), [1.0, 1.0])
    model = built.model()
    found = weights_of(OnnxModel(model), named(model, "linear"))
    assert np.array_equal(found.values, values.T)
    assert (found.scales.tolist(), found.axis) == ([0.5, 0.25], 1)


@pytest.mark.parametrize(("extreme", "bits"), [(-8, 4), (7, 4), (8, 8), (-9, 8)])
def test_bits_that_weights_take(extreme, bits, tmp_path):
    """Not those they were declared to have."""
    model = small("qdq", some_scales()).model()
    constant("a.w.int", np.full((4, 2, 3, 3), extreme, np.int8))(model)
    assert import_onnx(saved(model, tmp_path)).graph.nodes[0].weight_bits == bits


def test_a_mean_of_nine_pixels(tmp_path):
    """By chance at a ratio that is a power of two."""
    built = Builder("qdq", (1, 3, 3))
    built.quantiser("quantise_image", 1.125)
    built.mean("mean")
    built.quantiser("quantise_mean", 1.0)
    built.flatten("flatten")
    built.gemm("linear", np.ones((2, 1), int), 1.0, np.zeros(2, int), 1.0)
    graph = imported(built, tmp_path).graph
    assert (graph.nodes[0].multiplier, graph.nodes[0].shift) == (1 << 14, 17)


@pytest.mark.parametrize("bits", [8, 4])
def test_powers_of_two_are_equal(bits, tmp_path):
    scales = powers_of_two() | ({"a": 2.0**-9, "b": 2.0**-10} if bits == 4 else {})
    scales["mean"] = scales["b"] / 4
    built = small("qdq", scales, bits, even=True)
    network, pairs, mine, logits = compared(built, tmp_path, images())
    for name, (found, wanted) in pairs.items():
        assert np.array_equal(found.squeeze(), wanted), name
        assert found.std() > 4
    assert np.array_equal(mine * network.scales["linear"], logits)
    nodes = network.graph.nodes
    assert nodes[0].multiplier is None and nodes[2].multiplier is None
    assert nodes[3].multiplier is None and nodes[3].shift == 0
    assert network.graph.frac == 8
    assert [node.frac for node in nodes] == [-int(np.log2(network.scales[n.name])) for n in nodes]


def test_any_scales_differ_in_the_last_place_and_rarely(tmp_path):
    _, pairs, mine, logits = compared(small("qdq", some_scales()), tmp_path, images())
    for name, (found, wanted) in pairs.items():
        off = np.abs(found.squeeze() - wanted)
        assert off.max() <= 1, name
        assert (off > 0).mean() < 0.005, name
        assert len(np.unique(wanted)) > 150, name
    classes = mine.argmax(axis=1)
    assert (classes == logits.argmax(axis=1)).mean() >= 0.99
    assert len(np.unique(classes)) > 1


def test_ties_are_rounded_up(tmp_path):
    """Halves of 0 to 255: of 0.5, 2.5, ... ONNX makes the even neighbour below."""
    built = Builder("qdq", (1, 1, 1))
    built.quantiser("quantise_image", 1.0)
    built.conv("a", np.ones((1, 1, 1, 1), int), 0.5, np.zeros(1, int), 1.0)
    built.quantiser("quantise_a", 1.0)
    built.mean("mean")
    built.quantiser("quantise_mean", 1.0)
    built.flatten("flatten")
    built.gemm("linear", np.ones((2, 1), int), 1.0, np.zeros(2, int), 1.0)
    x = np.arange(256, dtype=np.uint8).reshape(-1, 1, 1, 1)
    mine = GoldenCnn(imported(built, tmp_path).graph)(x)[:, 0].numpy()
    theirs = run(built.model(), x.astype(np.float32))[0][:, 0]
    x = x.reshape(-1).astype(int)
    assert np.array_equal(mine, (x + 1) // 2)
    assert np.array_equal(mine - theirs, x % 4 == 1)


@pytest.mark.parametrize("form", FORMS)
def test_a_power_of_two_that_no_shift_makes(form, tmp_path):
    """A ratio of 4 needs multipliers, and a mean that is coarser than its pixels too."""
    built = Builder(form, (1, 2, 2))
    built.quantiser("quantise_image", 1.0)
    built.conv("a", np.ones((1, 1, 1, 1), int), 1.0, np.zeros(1, int), 1.0)
    built.quantiser("quantise_a", 0.25)
    built.mean("mean")
    built.quantiser("quantise_mean", 1.0)
    built.flatten("flatten")
    built.gemm("linear", np.ones((2, 1), int), 1.0, np.zeros(2, int), 1.0)
    network = imported(built, tmp_path)
    x = torch.tensor([[[[1, 5], [30, 7]]], [[[63, 64], [255, 0]]]], dtype=torch.uint8)
    found = GoldenCnn(network.graph).tensors(x)
    assert found["a"].flatten().tolist() == [4, 20, 120, 28, 252, 255, 255, 0]
    assert found["mean"].flatten().tolist() == [11, 48]


def test_files_that_are_none(tmp_path):
    path = tmp_path / "net.onnx"
    path.write_bytes(b"no model")
    with pytest.raises(ValueError, match=r"\.onnx is no valid ONNX model"):
        import_onnx(path)
    with pytest.raises(ValueError, match=r"none\.onnx cannot be read: No such file"):
        import_onnx(tmp_path / "none.onnx")
