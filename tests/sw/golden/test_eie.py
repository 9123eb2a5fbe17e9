"""The golden model against plain Python integers, one operation at a time."""

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from sw.compress.quantised import QuantisedLayer, QuantisedNetwork
from sw.compress.random import random_inputs, random_quantised
from sw.golden.eie import GoldenEie, requantise, wrap32


def wrap(value):
    value %= 1 << 32
    return value - (1 << 32) if value >= 1 << 31 else value


def layer_by_hand(layer, inputs):
    """Accumulators and outputs of one request, wrapping after every step."""
    accumulators, outputs = [], []
    for row in range(layer.rows):
        total = int(layer.bias[row])
        for column, a in enumerate(inputs):
            for plane in layer.planes:
                total = wrap(total + int(plane.codebook[plane.index[row, column]]) * a)
        half = 1 << (layer.shift - 1) if layer.shift else 0
        value = min(max((total + half) >> layer.shift, -32768), 32767)
        accumulators.append(total)
        outputs.append(max(value, 0) if layer.relu and row >= layer.linear_rows else value)
    return accumulators, outputs


def one_weight(shift, relu=False, *, weight=1, bias=0):
    """A network of one weight, whose accumulator is weight * input + bias."""
    codebook = np.zeros(16, np.int16)
    codebook[1] = weight
    index, biases = np.ones((1, 1), np.uint8), np.array([bias], np.int32)
    layer = QuantisedLayer(index, codebook, biases, shift, relu, frac_w=shift)
    return GoldenEie(QuantisedNetwork((layer,)))


@settings(max_examples=60, deadline=None)
@given(
    st.lists(st.integers(1, 20), min_size=2, max_size=5),
    st.sampled_from([0.1, 0.5, 1.0]),
    st.integers(1, 4),
    st.integers(0, 3),
    st.integers(0, 2**32),
)
def test_equals_plain_integers(sizes, density, planes, linear, seed):
    rng = np.random.default_rng(seed)
    network = random_quantised(rng, sizes, density, planes=planes, linear=linear)
    inputs = random_inputs(rng, network, 3)
    traces = GoldenEie(network).trace(inputs)
    for request, values in enumerate(inputs.tolist()):
        for layer, trace in zip(network.layers, traces, strict=True):
            accumulators, values = layer_by_hand(layer, values)
            assert trace.accumulator[request].tolist() == accumulators
            assert trace.output[request].tolist() == values
    assert torch.equal(GoldenEie(network)(inputs), traces[-1].output)
    assert torch.equal(GoldenEie(network)(inputs[0]), traces[-1].output[0])


def test_accumulators_wrap():
    """Four products of 2^30 and a bias of 2^31 - 1: wraps twice on the way."""
    codebook = np.zeros(16, np.int16)
    codebook[1] = -32768
    layer = QuantisedLayer(
        np.ones((1, 4), np.uint8), codebook, np.array([(1 << 31) - 1], np.int32), 16, False, 16
    )
    golden = GoldenEie(QuantisedNetwork((layer,)))
    trace = golden.trace(np.full((1, 4), -32768, np.int16))[0]
    assert trace.accumulator.item() == (1 << 31) - 1
    layer = QuantisedLayer(
        np.ones((1, 2), np.uint8), codebook, np.array([0], np.int32), 16, False, 16
    )
    trace = GoldenEie(QuantisedNetwork((layer,))).trace(np.full((1, 2), -32768, np.int16))[0]
    assert trace.accumulator.item() == -(1 << 31)
    assert trace.output.item() == -32768


@pytest.mark.parametrize(
    ("shift", "bias", "output"),
    [
        (0, 5, 5),
        (0, 32768, 32767),
        (0, -32769, -32768),
        (1, 3, 2),  # 1.5 rounds up
        (1, -3, -1),  # and so does -1.5
        (1, -1, 0),
        (2, -6, -1),
        (2, -7, -2),
        (16, 0x7FFF_8000, 32767),  # the rounding constant would wrap 32 bits
        (16, 0x7FFF_FFFF, 32767),
        (16, -(1 << 31), -32768),
        (31, (1 << 30) - 1, 0),
        (31, 1 << 30, 1),
        (31, (1 << 31) - 1, 1),
        (31, -(1 << 30), 0),
        (31, -(1 << 30) - 1, -1),
        (31, -(1 << 31), -1),
    ],
)
def test_rounds_half_up_and_saturates(shift, bias, output):
    zero = np.zeros(1, np.int16)
    assert one_weight(shift, bias=bias)(zero).item() == output
    assert one_weight(shift, True, bias=bias)(zero).item() == max(output, 0)


@pytest.mark.parametrize(
    "value", [0, 1, -1, (1 << 31) - 1, 1 << 31, -(1 << 31) - 1, 7 << 44, -(1 << 46)]
)
def test_wrap32(value):
    assert wrap32(torch.tensor([value])).item() == wrap(value)


@pytest.mark.parametrize("shift", range(32))
def test_requantise_over_all_shifts(shift):
    rng = np.random.default_rng(shift)
    values = rng.integers(-(1 << 31), 1 << 31, 500)
    values[:4] = [-(1 << 31), (1 << 31) - 1, 0, -1]
    exact = np.floor(values / 2.0**shift + 0.5)
    expected = np.clip(exact, -32768, 32767)
    found = requantise(torch.from_numpy(values.astype(np.int32)), shift, False)
    assert found.numpy().tolist() == expected.tolist()


def test_wide_layer_is_exact():
    """65,535 products of the largest size: 2^46, which needs all of the stated exactness."""
    codebook = np.array([0, 32767, -32768, *[1] * 13], np.int16)
    rng = np.random.default_rng(0)
    index = rng.integers(0, 16, (3, 65535), dtype=np.uint8)
    index[0] = 2
    layer = QuantisedLayer(index, codebook, np.array([1, -1, 7], np.int32), 20, False, 20)
    inputs = rng.integers(-32768, 32768, 65535).astype(np.int16)
    inputs[:40000] = -32767
    exact = codebook[index].astype(object) @ inputs.astype(object) + layer.bias
    trace = GoldenEie(QuantisedNetwork((layer,))).trace(inputs[None])[0]
    assert trace.accumulator[0].tolist() == [wrap(int(value)) for value in exact]


@pytest.mark.parametrize(
    ("inputs", "error", "message"),
    [
        (np.zeros((1, 1)), TypeError, "inputs must be int16, not torch.float64"),
        (np.zeros((1, 2), np.int16), ValueError, r"inputs must be \(batch, 1\), not \(1, 2\)"),
        (np.zeros((1, 1, 1), np.int16), ValueError, r"inputs must be \(batch, 1\), not "),
    ],
)
def test_refuses_other_inputs(inputs, error, message):
    with pytest.raises(error, match=message):
        one_weight(0)(inputs)
