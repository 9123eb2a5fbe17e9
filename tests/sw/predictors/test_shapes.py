"""Shape presets: sizes, few values and none of them zero, inputs as documented."""

import numpy as np
import pytest

from hw.eie.config import PRESETS
from sw.compress.compile import compile_network, needs_sharing
from sw.predictors.networks import weight_count
from sw.predictors.shapes import HEIMDALL, LINNOS, SHAPES, heimdall, linnos


@pytest.mark.parametrize(("name", "sizes"), [("linnos", LINNOS), ("heimdall", HEIMDALL)])
def test_dense_of_few_values(name, sizes):
    network = SHAPES[name](rows=50)
    assert tuple(network.sizes) == sizes and network.inputs.shape == (50, sizes[0])
    assert not needs_sharing(network)
    assert all((layer.weight != 0).all() for layer in network.layers)
    relus = [layer.relu for layer in network.layers]
    assert relus == [True] * (len(sizes) - 2) + [False]
    same, other = SHAPES[name](rows=70), SHAPES[name](rows=50, seed=2)
    assert np.array_equal(same.layers[0].weight, network.layers[0].weight)
    assert not np.array_equal(other.layers[0].weight, network.layers[0].weight)


def test_inputs_of_linnos_are_the_digits_of_numbers():
    inputs = linnos(500).inputs
    assert np.array_equal(inputs, np.rint(inputs)) and inputs.min() == 0 and inputs.max() == 9
    queue = inputs[:, :15].reshape(-1, 3) @ [100, 10, 1]
    latency = inputs[:, 15:].reshape(-1, 4) @ [1000, 100, 10, 1]
    assert queue.max() <= 199 and 8 < queue.mean() < 15
    assert latency.max() <= 9999 and 100 < np.median(latency) < 200


def test_inputs_of_heimdall_are_shares():
    inputs = heimdall(500).inputs
    assert 0 <= inputs.min() < 0.01 and 0.8 < inputs.max() <= 1


@pytest.mark.parametrize("name", SHAPES)
def test_they_compile(name):
    program, report = compile_network(SHAPES[name](), PRESETS["weng8"])
    assert report.agreement > 0.98
    sizes = SHAPES[name]().sizes
    assert program.entries == weight_count(sizes)
