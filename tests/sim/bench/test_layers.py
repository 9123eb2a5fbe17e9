"""The paper's layers: the table against itself, and the random networks against the table."""

import numpy as np
import pytest

from sim.bench.layers import LAYERS, BenchLayer, chosen
from sw.golden.eie import GoldenEie

SMALL = BenchLayer("small", 600, 500, 0.1, 0.4, 1.0, 1.0, seed=1)


def test_nine_layers():
    assert len({layer.name for layer in LAYERS}) == len({layer.seed for layer in LAYERS}) == 9


@pytest.mark.parametrize("layer", LAYERS, ids=lambda layer: layer.name)
def test_times_fit_the_work(layer):
    """The weights of active columns at one a cycle on 64 PEs are the least that the paper can mean
    by theoretical (its densities are rounded); padding adds to them, imbalance to the actual."""
    work = layer.inputs * layer.outputs * layer.weight_density * layer.activation_density
    least = work / 64 / 800
    assert 0.9 * least < layer.theoretical_us < 2 * least
    assert layer.theoretical_us < layer.actual_us < 1.6 * layer.theoretical_us


def test_network():
    network = SMALL.network()
    [layer] = network.layers
    assert (layer.rows, layer.columns, layer.relu) == (500, 600, True)
    assert abs((layer.index != 0).mean() - 0.1) < 0.005
    assert np.count_nonzero(layer.codebook) == 15
    assert network == SMALL.network()


def test_activations():
    x = SMALL.activations(50)
    assert x.dtype == np.int16 and x.shape == (50, 600)
    assert abs((x != 0).mean() - 0.4) < 0.02
    assert abs(x).max() <= 2047 and (x < 0).any()
    np.testing.assert_array_equal(x[:3], SMALL.activations(3))


def test_all_inputs_of_a_dense_layer_are_active():
    dense = BenchLayer("dense", 300, 10, 0.1, 1.0, 1.0, 1.0, seed=1)
    assert dense.activations(4).all()


def test_outputs_say_something():
    """Neither saturated nor lost: about half are positive, of many values."""
    outputs = GoldenEie(SMALL.network())(SMALL.activations(50)).numpy()
    assert 0.4 < (outputs > 0).mean() < 0.6
    assert outputs.max() < 32767
    assert len(np.unique(outputs)) > 5000


def test_chosen():
    assert chosen([]) == list(LAYERS)
    assert [layer.name for layer in chosen(["VGG-6", "NT-We"])] == ["VGG-6", "NT-We"]
    with pytest.raises(ValueError, match="no layer 'VGG-9'; there are Alex-6, Alex-7, "):
        chosen(["VGG-9"])
