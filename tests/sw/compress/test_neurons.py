"""Hidden neurons taken out and put in order: the outputs stay the same, bit for bit."""

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hw.eie.config import PRESETS
from sw.compress.encode import encode
from sw.compress.neurons import fold_constant_neurons, order_neurons
from sw.compress.quantised import QuantisedNetwork
from sw.compress.random import random_inputs, random_quantised
from sw.golden.eie import GoldenEie


def same_outputs(before, after, rng):
    inputs = random_inputs(rng, before, 20, active=0.8)
    np.testing.assert_array_equal(GoldenEie(before)(inputs), GoldenEie(after)(inputs))


def without(network, layer, rows):
    """The network with these neurons' weights gone."""
    layers = list(network.layers)
    index = layers[layer].index.copy()
    index[rows] = 0
    layers[layer] = replace(layers[layer], index=index)
    return replace(network, layers=tuple(layers))


@settings(max_examples=60)
@given(
    seed=st.integers(0, 2**32 - 1),
    sizes=st.lists(st.integers(1, 40), min_size=2, max_size=5),
    density=st.sampled_from([0.0, 0.02, 0.1, 0.5]),
    planes=st.sampled_from([1, 2]),
)
def test_outputs_stay(seed, sizes, density, planes):
    rng = np.random.default_rng(seed)
    network = random_quantised(rng, sizes, density, planes=planes)
    folded = fold_constant_neurons(network)
    same_outputs(network, folded, rng)
    for n_pe in (1, 4, 16):
        same_outputs(network, order_neurons(folded, n_pe), rng)
    for hidden, reader in zip(folded.layers[:-1], folded.layers[1:], strict=True):
        assert 1 <= hidden.rows == reader.columns
    assert (folded.inputs, folded.outputs) == (network.inputs, network.outputs)


def test_constant_and_unread_neurons_go():
    rng = np.random.default_rng(5)
    network = without(random_quantised(rng, [30, 20, 10], 0.5), 0, [3, 7, 19])
    index = network.layers[1].index.copy()
    index[:, 11] = 0  # nothing reads neuron 11
    network = replace(network, layers=(network.layers[0], replace(network.layers[1], index=index)))
    folded = fold_constant_neurons(network)
    assert [layer.rows for layer in folded.layers] == [16, 10]
    np.testing.assert_array_equal(
        folded.layers[0].index, np.delete(network.layers[0].index, [3, 7, 11, 19], axis=0)
    )
    same_outputs(network, folded, rng)


def test_one_neuron_stays_where_all_are_constant():
    rng = np.random.default_rng(6)
    network = without(random_quantised(rng, [8, 5, 3], 0.9), 0, slice(None))
    folded = fold_constant_neurons(network)
    assert [layer.rows for layer in folded.layers] == [1, 3]
    same_outputs(network, folded, rng)


def test_layers_of_mixed_rows_keep_all_neurons_in_their_order():
    rng = np.random.default_rng(7)
    network = random_quantised(rng, [8, 6, 3], 0.5, relu=[True, False])
    mixed = replace(network.layers[0], linear_rows=4, index=network.layers[0].index * 0)
    network = QuantisedNetwork((mixed, network.layers[1]), network.in_min, network.in_max)
    assert order_neurons(fold_constant_neurons(network), 2) == network


@pytest.mark.parametrize("n_pe", [4, 8])
def test_order(n_pe):
    """Neurons of many weights come first; PEs hold almost the same number of weights each."""
    rng = np.random.default_rng(8)
    network = random_quantised(rng, [200, 64, 5], 0.1)
    index = network.layers[0].index * (rng.random((64, 1)) < rng.random((64, 200)))
    first = replace(network.layers[0], index=index.astype(np.uint8))
    network = replace(network, layers=(first, network.layers[1]))
    ordered = order_neurons(network, n_pe).layers[0]
    weights = (ordered.index != 0).sum(axis=1).reshape(-1, n_pe)
    assert (weights[:-1].min(axis=1) >= weights[1:].max(axis=1)).all()
    load = weights.sum(axis=0)
    assert load.max() - load.min() <= weights[0].max() - weights[-1].min()
    assert encode(ordered.index, n_pe).load.max() <= encode(index, n_pe).load.max()


def test_the_shipped_predictor_needs_less_padding_on_few_pes(shipped):
    before = encode(shipped.layers[1].index, 8)
    after = encode(order_neurons(shipped, PRESETS["wide8"].n_pe).layers[1].index, 8)
    assert after.padding < 0.7 * before.padding


@pytest.fixture(scope="module")
def shipped():
    from sw import weights
    from sw.compress.quantise import quantise
    from sw.predictors.mittos import generate

    rows = generate(200, seed=1).features.astype(np.float32)
    return quantise(weights.load(98), calibration=rows)[0]
