"""In the worst case no input and no hidden activation of the integer network is zero."""

from itertools import pairwise

import numpy as np
import pytest

from sw import weights
from sw.compress.quantise import quantise
from sw.golden.eie import GoldenEie
from sw.network import Layer, Network, NetworkError
from sw.predictors.shapes import heimdall, linnos
from sw.predictors.worst_case import nonzero_inputs, worst_case


def check(network):
    """Same weights; in integers, inputs and all that a layer reads are other than zero."""
    slow = worst_case(network)
    assert len(slow.inputs) >= 200
    for before, after in zip(network.layers, slow.layers, strict=True):
        assert np.array_equal(before.weight, after.weight)
        assert (before.relu, before.linear_rows) == (after.relu, after.linear_rows)
    assert np.array_equal(network.layers[-1].bias, slow.layers[-1].bias)
    integers, report = quantise(slow)
    assert all(layer.saturated == 0 for layer in report.layers[:-1])
    inputs = integers.quantise_inputs(slow.inputs)
    traces = GoldenEie(integers).trace(inputs)
    assert (inputs != 0).all()
    for layer, trace in zip(integers.layers[:-1], traces[:-1], strict=True):
        assert (trace.output.numpy() > 0).all()
        assert trace.output.shape[1] == layer.rows
    return slow


def mixed(rng, sizes, density):
    """A random network of few values, with ReLU on some rows of every hidden layer."""
    layers = []
    for k, (columns, rows) in enumerate(pairwise(sizes)):
        values = rng.normal(size=15)[rng.integers(0, 15, (rows, columns))]
        weight = values * (rng.random((rows, columns)) < density)
        linear = rows if k == len(sizes) - 2 else int(rng.integers(0, rows + 1))
        layers.append(Layer.of(weight, rng.normal(size=rows), linear))
    return Network(tuple(layers))


@pytest.mark.parametrize("density", [0.02, 0.3, 1.0])
@pytest.mark.parametrize("seed", range(5))
def test_any_network(density, seed):
    rng = np.random.default_rng(seed)
    check(mixed(rng, rng.integers(1, 60, rng.integers(2, 8)), density))


def test_a_hidden_layer_of_zeros():
    network = mixed(np.random.default_rng(0), [4, 5, 3], 0.0)
    assert worst_case(network).layers[0].bias.tolist() == [1] * 5


@pytest.mark.parametrize("name", ["precise_linear", "good_custom"])
@pytest.mark.parametrize("sparsity", [90, 95])
def test_predictors(name, sparsity):
    slow = check(weights.load(sparsity, name))
    assert set(np.unique(slow.inputs)) == {1.0, 2.0}


def test_precise_linear_at_its_sparsest():
    check(weights.load(98))


def test_shapes():
    slow = check(linnos())
    assert set(np.unique(slow.inputs)) <= set(range(1, 10))
    slow = check(heimdall())
    assert 0.2 < slow.inputs.min() < slow.inputs.max() <= 1


def test_bounds_hold_at_the_corners_of_the_range():
    """The inputs that drive each first-layer row to its least and most, and random corners."""
    rng = np.random.default_rng(2)
    slow = worst_case(mixed(rng, [9, 12, 8, 1], 0.7))
    low, high = slow.inputs.min(), slow.inputs.max()
    first = slow.layers[0].weight
    corners = [np.where(first > 0, low, high), np.where(first > 0, high, low)]
    inputs = np.concatenate([*corners, rng.choice([low, high], (500, 9))]).astype(np.float32)
    values = inputs.astype(np.float64)
    for layer in slow.layers[:-1]:
        values = values @ layer.weight.T.astype(np.float64) + layer.bias
        assert values.min() > 0 and values.max() <= 2 * values.min() * (1 + 1e-6)


def test_inputs_are_of_the_networks_kind():
    plain = mixed(np.random.default_rng(1), [6, 4, 1], 1.0)
    assert set(np.unique(nonzero_inputs(plain, 300))) == {1.0, 2.0}
    layers = plain.layers
    digits = Network(layers, np.array([[0, -7, 3, 0, 1, 2]]))
    assert set(np.unique(nonzero_inputs(digits, 300))) == set(range(1, 8))
    reals = nonzero_inputs(Network(layers, np.full((1, 6), 0.5)), 300)
    assert reals.min() >= 0.125 and reals.max() <= 0.5
    with pytest.raises(NetworkError, match="inputs of the worst case must be positive"):
        worst_case(plain, np.zeros((2, 6)))
