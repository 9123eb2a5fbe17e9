"""The integer network as a value: what it accepts, refuses, equals and converts."""

from dataclasses import replace

import numpy as np
import pytest

from sw.compress.quantised import Plane, QuantisedLayer, QuantisedNetwork
from sw.compress.random import random_inputs, random_quantised


def layer(**change):
    fields = {
        "index": np.array([[1, 0, 15], [2, 3, 0]], np.uint8),
        "codebook": np.arange(16, dtype=np.int16),
        "bias": np.array([5, -5], np.int32),
        "shift": 3,
        "relu": True,
        "frac_w": 4,
        "frac_a_in": 1,
        "frac_a_out": 2,
        **change,
    }
    return QuantisedLayer(**fields)


def test_layer():
    assert (layer().rows, layer().columns) == (2, 3)
    assert layer().weight().tolist() == [[1, 0, 15], [2, 3, 0]]
    assert layer().weight(slice(1, 2)).tolist() == [[2, 3, 0]]
    with pytest.raises(ValueError, match="read-only"):
        layer().bias[0] = 1


@pytest.mark.parametrize(
    ("change", "error", "message"),
    [
        ({"index": np.zeros((2, 3))}, TypeError, "index must be an array of uint8, not float64"),
        ({"bias": [1, 2]}, TypeError, "bias must be an array of int32, not list"),
        ({"codebook": np.zeros(16)}, TypeError, "codebook must be an array of int16, not float64"),
        ({"index": np.zeros(3, np.uint8)}, ValueError, r"index must be \(out, in\) .* \(3,\)"),
        ({"index": np.zeros((0, 3), np.uint8)}, ValueError, r"index must be .* \(0, 3\)"),
        ({"index": np.full((2, 3), 16, np.uint8)}, ValueError, "from 0 to 15, not 16"),
        ({"codebook": np.ones(16, np.int16)}, ValueError, "of which the first is 0"),
        ({"codebook": np.zeros(15, np.int16)}, ValueError, "codebook must have 16 values"),
        ({"bias": np.zeros(3, np.int32)}, ValueError, r"bias must be \(2,\), not \(3,\)"),
        ({"shift": 32, "frac_w": 33}, ValueError, "shift must be from 0 to 31, not 32"),
        ({"shift": -1, "frac_w": 0}, ValueError, "shift must be from 0 to 31, not -1"),
        ({"frac_w": 5}, ValueError, r"frac_w \+ frac_a_in - frac_a_out = 5 \+ 1 - 2, not 3"),
        ({"linear_rows": 2}, ValueError, "linear_rows must be from 0 to 1, not 2"),
        ({"linear_rows": -1}, ValueError, "linear_rows must be from 0 to 1, not -1"),
        ({"linear_rows": 1, "relu": False}, ValueError, "linear_rows must be from 0 to 0, not 1"),
    ],
)
def test_layer_refuses(change, error, message):
    with pytest.raises(error, match=message):
        layer(**change)


def test_planes_add_up():
    second = Plane(np.array([[0, 1, 15], [0, 0, 2]], np.uint8), np.arange(16, dtype=np.int16) * 16)
    both = layer(more=(second,))
    assert both.weight().tolist() == [[1, 16, 255], [2, 3, 32]]
    assert both.weight(slice(1, 2)).tolist() == [[2, 3, 32]]
    assert [plane.codebook[2] for plane in both.planes] == [2, 32]
    assert both == layer(more=(second,)) != layer()
    with pytest.raises(ValueError, match="a layer has at most 4 planes, not 5"):
        layer(more=(second,) * 4)
    with pytest.raises(ValueError, match=r"planes must be \(2, 3\), not \(1, 3\)"):
        layer(more=(Plane(second.index[:1], second.codebook),))


@pytest.mark.parametrize(
    "change",
    [
        {"index": np.array([[1, 0, 15], [2, 3, 1]], np.uint8)},
        {"codebook": np.arange(16, dtype=np.int16)[[0, *range(15, 0, -1)]]},
        {"bias": np.array([5, 5], np.int32)},
        {"shift": 4, "frac_w": 5},
        {"relu": False},
        {"linear_rows": 1},
        {"frac_a_in": 0, "frac_w": 5},
    ],
)
def test_equality_sees_every_field(change):
    assert layer() == layer()
    assert layer() != layer(**change)
    assert QuantisedNetwork((layer(),)) != QuantisedNetwork((layer(**change),))
    assert QuantisedNetwork((layer(),)) != QuantisedNetwork((layer(),), in_max=7)


@pytest.mark.parametrize(
    ("layers", "limits", "message"),
    [
        ((), {}, "a network needs at least one layer"),
        ((layer(), layer()), {}, "layer 0 has 2 outputs, layer 1 3 inputs"),
        (
            (layer(), layer(index=np.ones((2, 2), np.uint8))),
            {},
            "layer 0 has outputs at 2 fraction bits, layer 1 inputs at 1",
        ),
        ((layer(),), {"in_min": 3, "in_max": 2}, "in order and fit 16 bits, not 3 and 2"),
        ((layer(),), {"in_max": 32768}, "not -32768 and 32768"),
    ],
)
def test_network_refuses(layers, limits, message):
    with pytest.raises(ValueError, match=message):
        QuantisedNetwork(layers, **limits)


def test_inputs_round_to_nearest_and_saturate():
    network = QuantisedNetwork((layer(),))
    real = [0.0, 0.24, 0.26, -0.26, 0.75, 1e9, -1e9]
    assert network.quantise_inputs(real).tolist() == [0, 0, 1, -1, 2, 32767, -32768]
    assert network.dequantise_outputs(np.array([1, -8], np.int16)).tolist() == [0.25, -2.0]
    with pytest.raises(ValueError, match="inputs must be finite"):
        network.quantise_inputs([np.nan])


def test_random_networks_reach_the_extremes():
    rng = np.random.default_rng(0)
    network = random_quantised(rng, [50, 400, 300, 2], [0.0, 0.5, 1.0])
    stored = [np.count_nonzero(layer.index) / layer.index.size for layer in network.layers]
    assert stored[0] == 0
    assert stored[1] == pytest.approx(0.5, abs=0.01)
    assert stored[2] == 1
    for made in network.layers:
        assert {-32768, 32767} <= set(made.codebook.tolist())
    assert {-(1 << 31), (1 << 31) - 1} <= set(network.layers[0].bias.tolist())
    inputs = random_inputs(rng, replace(network, in_min=-5, in_max=9), 200, active=0.5)
    assert (inputs.min(), inputs.max(), inputs.shape) == (-5, 9, (200, 50))
    assert np.count_nonzero(inputs) / inputs.size == pytest.approx(0.48, abs=0.05)
    assert random_quantised(np.random.default_rng(4), [3, 2]) == random_quantised(
        np.random.default_rng(4), [3, 2]
    )


@pytest.mark.parametrize(
    ("sizes", "options", "message"),
    [
        ([3], {}, r"sizes must hold at least two widths, not \[3\]"),
        ([3, 2], {"density": [0.1, 0.2]}, "density must be one value or 1, not 2"),
        ([3, 2, 1], {"shift": [1]}, "shift must be one value or 2, not 1"),
    ],
)
def test_random_networks_refuse(sizes, options, message):
    with pytest.raises(ValueError, match=message):
        random_quantised(np.random.default_rng(0), sizes, **options)
