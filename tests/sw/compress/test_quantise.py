"""Fixed-point calibration: scales by hand, the overflow proof against exact integers, refusals."""

from itertools import pairwise

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from sw.compress.quantise import QuantisationError, decisions, quantise
from sw.golden.eie import GoldenEie
from sw.network import Layer, Network, NetworkError

LIMIT = (1 << 31) - 1


def one_row(*weights, bias=0.0):
    return Network((Layer(np.array([weights], np.float32), np.array([bias], np.float32), False),))


def random_network(rng, sizes, spread, mixed=False):
    """Layers of 15 shared values over several decades, biases likewise; ReLU on all rows of all
    layers but the last, or from a drawn row on."""
    layers = []
    for columns, rows in pairwise(sizes):
        values = np.concatenate([[0], rng.normal(size=15) * 10 ** rng.uniform(-spread, spread)])
        index = rng.integers(0, 16, (rows, columns)) * (rng.random((rows, columns)) < rng.random())
        bias = rng.normal(size=rows) * 10 ** rng.uniform(-spread, spread)
        linear = int(rng.integers(0, rows)) if mixed else 0
        layers.append(
            Layer(values[index].astype(np.float32), bias.astype(np.float32), True, linear)
        )
    last = layers.pop()
    return Network((*layers, Layer(last.weight, last.bias, False)))


def bound_by_hand(layer, peak):
    """max over rows of sum |w| * max |a| + |bias|, in Python integers."""
    weights = layer.weight().astype(object)
    return max(
        sum(abs(w) for w in row) * peak + abs(int(bias))
        for row, bias in zip(weights, layer.bias, strict=True)
    )


def check_proof(network, quantised, report, rng):
    """The reported bounds are the stated formula, and no accumulator leaves them, also not for
    inputs at the corners of the declared range."""
    peak = max(abs(quantised.in_min), abs(quantised.in_max))
    for layer, found in zip(quantised.layers, report.layers, strict=True):
        bound = bound_by_hand(layer, peak)
        assert found.overflow_bound == bound <= LIMIT
        saturation = 32767 if layer.relu and not layer.linear_rows else 32768
        peak = min(saturation, (bound + ((1 << layer.shift) >> 1)) >> layer.shift)
    first = quantised.layers[0].weight()
    corners = np.where(first > 0, quantised.in_max, quantised.in_min)
    inputs = np.concatenate(
        [
            corners,
            quantised.in_max + quantised.in_min - corners,
            rng.choice([quantised.in_min, quantised.in_max], (20, quantised.inputs)),
        ]
    ).astype(np.int16)
    a = inputs.astype(np.int64)
    for layer, trace in zip(quantised.layers, GoldenEie(quantised).trace(inputs), strict=True):
        exact = a @ layer.weight().T.astype(np.int64) + layer.bias
        assert np.array_equal(exact, trace.accumulator.numpy())
        a = trace.output.numpy().astype(np.int64)


@settings(max_examples=80, deadline=None)
@given(
    st.lists(st.integers(1, 40), min_size=2, max_size=5),
    st.sampled_from([0.0, 1.0, 3.0]),
    st.booleans(),
    st.integers(0, 2**32),
)
def test_no_accumulator_overflows(sizes, spread, mixed, seed):
    rng = np.random.default_rng(seed)
    network = random_network(rng, sizes, spread, mixed)
    high = 10 ** rng.uniform(-3, 3)
    try:
        quantised, report = quantise(network, input_range=(-high * rng.random(), high))
    except QuantisationError as error:
        assert spread == 3.0  # weights that biases many decades larger leave no room for
        assert "its bias" in str(error)
        return
    for layer, made in zip(network.layers, quantised.layers, strict=True):
        assert (made.relu, made.linear_rows) == (layer.relu, layer.linear_rows)
    check_proof(network, quantised, report, rng)
    assert all(layer.saturated == 0 for layer in report.layers)


@pytest.mark.parametrize("sizes", [[30, 40, 20, 5], [110, 352, 128, 1]])
def test_outputs_stay_close_to_float(sizes):
    rng = np.random.default_rng(3)
    network = random_network(rng, sizes, 0.3)
    rows = rng.normal(size=(500, sizes[0])).astype(np.float32)
    quantised, report = quantise(network, calibration=rows)
    outputs = GoldenEie(quantised)(quantised.quantise_inputs(rows)).numpy()
    real = network.forward(torch.from_numpy(rows)).numpy()
    error = np.abs(quantised.dequantise_outputs(outputs) - real).max() / np.abs(real).max()
    assert error < 0.01
    assert report.agreement >= 0.98
    assert report.rows == 500


@pytest.mark.parametrize(
    ("network", "options", "expected"),
    [
        # 1.0 is 16384 at 14 fraction bits and too large at 15; 0/1 inputs have none.
        (one_row(1.0), {"input_range": (0, 1), "integer_inputs": True}, (14, 0, 0, 0, 0, 1)),
        # -1.0 is -32768 at 15.
        (one_row(-1.0), {"input_range": (0, 1), "integer_inputs": True}, (15, 0, 0, 0, 0, 1)),
        (one_row(1.0), {"input_range": (-1, 0.5)}, (14, 15, 0, 0, -32768, 16384)),
        # 4 x 32767 x 16384 fits; five do not, and one bit of the weights goes.
        (one_row(*[32767 / 32768] * 4), {"input_range": (0, 1)}, (15, 14, 0, 0, 0, 16384)),
        (one_row(*[32767 / 32768] * 5), {"input_range": (0, 1)}, (14, 14, 1, 0, 0, 16384)),
        # Inputs beyond 16 bits are scaled down.
        (
            one_row(1.0),
            {"input_range": (0, 100000), "integer_inputs": True},
            (14, -2, 0, 0, 0, 25000),
        ),
        # A bias of 1000 x 2^21 fits, at 2^22 it does not: 7 bits go, in turn.
        (one_row(1.0, bias=1000.0), {"input_range": (0, 1)}, (10, 11, 4, 3, 0, 2048)),
    ],
)
def test_scales_by_hand(network, options, expected):
    quantised, report = quantise(network, **options)
    layer = report.layers[0]
    assert (
        layer.frac_w,
        layer.frac_a_in,
        layer.weight_bits_lost,
        layer.input_bits_lost,
        quantised.in_min,
        quantised.in_max,
    ) == expected


def test_activations_use_their_bits():
    """Outputs up to 3.0 with headroom 2 get 12 fraction bits: 6 x 2^12 = 24576."""
    weight = np.array([[1.0], [0.5]], np.float32)
    network = Network(
        (
            Layer(weight, np.zeros(2, np.float32), True),
            Layer(weight.T, np.zeros(1, np.float32), False),
        )
    )
    rows = np.array([[0.3], [3.0]], np.float32)
    for headroom, frac in ((1.0, 13), (1.3, 13), (2.0, 12), (4.0, 11)):
        quantised, _ = quantise(
            network, calibration=rows, input_range=(-100, 100), headroom=headroom
        )
        assert quantised.layers[1].frac_a_in == frac


def test_bound_tighter_than_saturation_is_used():
    """Hidden values that provably stay small leave their room to the weights."""
    first = Layer(np.full((1, 1), 0.5, np.float32), np.zeros(1, np.float32), True)
    second = Layer(np.full((1, 1), 0.5, np.float32), np.zeros(1, np.float32), False)
    _, report = quantise(Network((first, second)), input_range=(0, 1))
    assert [layer.weight_bits_lost for layer in report.layers] == [0, 0]
    assert report.layers[1].overflow_bound < 1 << 30


@pytest.mark.parametrize("weight", [0.0, 1e-30])
def test_dead_layers_keep_their_bias(weight):
    layers = (
        Layer(np.full((2, 3), weight, np.float32), np.array([1.5, -2], np.float32), True),
        Layer(np.array([[1, 1]], np.float32), np.zeros(1, np.float32), False),
    )
    if weight:
        with pytest.raises(QuantisationError, match=r"layer 0, row 1: .*its bias alone is -"):
            quantise(Network(layers), input_range=(-1, 1))
        return
    quantised, _ = quantise(Network(layers), input_range=(-1, 1))
    outputs = GoldenEie(quantised)(np.zeros((1, 3), np.int16)).numpy()
    assert quantised.dequantise_outputs(outputs).item() == pytest.approx(1.5, abs=0.01)


def test_refusal_names_layer_and_row():
    """Weights that a bias 2^40 larger leaves no bit for."""
    good = Layer(np.eye(2, dtype=np.float32), np.zeros(2, np.float32), True)
    bad = Layer(np.eye(2, dtype=np.float32), np.array([0, 2.0**40], np.float32), False)
    with pytest.raises(QuantisationError, match="layer 1, row 1: no scales fit a 32-bit accum"):
        quantise(Network((good, bad)), input_range=(0, 1))


@pytest.mark.parametrize("planes", [2, 3, 4])
def test_digits_hold_unshared_weights(planes):
    """Weights to 4 bits a plane, less what powers of two waste; the proof holds for their sum."""
    rng = np.random.default_rng(5)
    weights = [rng.normal(size=shape).astype(np.float32) for shape in ((30, 12), (2, 30))]
    biases = [rng.normal(size=len(weight)).astype(np.float32) for weight in weights]
    first, last = (
        Layer(w, b, k == 0) for k, (w, b) in enumerate(zip(weights, biases, strict=True))
    )
    network = Network((first, last))
    quantised, report = quantise(network, input_range=(-1, 1), planes=planes)
    for layer, real, found in zip(quantised.layers, weights, report.layers, strict=True):
        assert len(layer.planes) == found.planes == planes
        assert np.array_equal(layer.weight(), np.rint(real * 2.0**layer.frac_w))
        peak = np.abs(layer.weight()).max() << found.weight_bits_lost
        assert 16**planes / 5 <= peak <= 16**planes * 0.54
    check_proof(network, quantised, report, rng)


def test_digits_only_where_needed():
    """A layer of few distinct weights keeps its codebook."""
    first = Layer(np.ones((40, 1), np.float32), np.zeros(40, np.float32), True)
    second = Layer(np.arange(1, 41, dtype=np.float32)[None], np.zeros(1, np.float32), False)
    _, report = quantise(Network((first, second)), input_range=(0, 1), planes=2)
    assert [layer.planes for layer in report.layers] == [1, 2]


rows = np.array([[1.0, 2.0]], np.float32)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({}, "declare the input range or give inputs to calibrate with"),
        ({"input_range": (1, 0)}, "the input range must be finite and in order, not 1 to 0"),
        ({"input_range": (0, np.inf)}, "the input range must be finite"),
        ({"calibration": rows[:, :1]}, r"calibration inputs must be \(n, 2\), not \(1, 1\)"),
        ({"calibration": rows[:0]}, r"calibration inputs must be \(n, 2\), not \(0, 2\)"),
        ({"calibration": rows * np.nan}, "calibration inputs must be finite"),
        (
            {"calibration": rows, "input_range": (0, 1.5)},
            "calibration inputs go from 1 to 2, outside the declared range 0 to 1.5",
        ),
        ({"input_range": (0, 1), "planes": 5}, "planes must be from 1 to 4, not 5"),
        ({"input_range": (0, 1), "headroom": 0.5}, "headroom must be at least 1, not 0.5"),
    ],
)
def test_refuses_calibration(options, message):
    with pytest.raises(ValueError, match=message):
        quantise(one_row(1.0, 2.0), **options)


def test_refuses_unshared_weights():
    first = Layer(np.ones((16, 1), np.float32), np.zeros(16, np.float32), True)
    second = Layer(np.arange(1, 17, dtype=np.float32)[None], np.zeros(1, np.float32), False)
    with pytest.raises(NetworkError, match="layer 1 has 16 distinct non-zero weights"):
        quantise(Network((first, second)), input_range=(0, 1))


@pytest.mark.parametrize(
    ("options", "integer", "synthetic"),
    [
        ({"calibration": rows}, True, False),
        ({"calibration": rows / 2}, False, False),
        ({"calibration": rows, "integer_inputs": False}, False, False),
        ({"input_range": (0, 3)}, False, True),
        ({"input_range": (0, 3), "integer_inputs": True}, True, True),
    ],
)
def test_integer_inputs_keep_no_fraction(options, integer, synthetic):
    quantised, report = quantise(one_row(1.0, 2.0), **options)
    assert (quantised.frac_in == 0) == integer
    assert report.synthetic == synthetic
    assert report.frac_in == quantised.frac_in


def test_the_networks_own_inputs_calibrate():
    net = one_row(1.0, 2.0)
    with_rows = Network(net.layers, rows * 5)
    quantised, report = quantise(with_rows)
    assert (quantised.in_min, quantised.in_max, report.rows) == (5, 10, 1)


@pytest.mark.parametrize(
    ("outputs", "expected"),
    [
        ([[0.1], [0.0], [-0.1]], [True, False, False]),
        ([[1, 2], [2, 1], [3, 3]], [1, 0, 0]),
    ],
)
def test_decisions(outputs, expected):
    assert decisions(np.array(outputs)).tolist() == expected
