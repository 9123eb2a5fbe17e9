"""C of random networks, compiled and run, against the golden model; what is refused."""

from __future__ import annotations

import re

import numpy as np
import pytest

from sim.cpu import c_source as module
from sim.cpu.c_build import build_c
from sim.cpu.c_source import Variant, c_source
from sw.compress.quantised import INT16_MAX, INT16_MIN, QuantisedLayer, QuantisedNetwork
from sw.compress.random import random_inputs, random_quantised
from sw.golden.eie import GoldenEie

BOTH = pytest.mark.parametrize("variant", Variant)


def extremes(width):
    """Rows of the ends of int16: all least, all largest, both in turn, and zero."""
    turns = np.where(np.arange(width) % 2, INT16_MIN, INT16_MAX)
    ends = [np.full(width, INT16_MIN), np.full(width, INT16_MAX), turns, -1 - turns]
    return np.array([*ends, np.zeros(width)]).astype(np.int16)


def assert_golden(network, variant, seed=0):
    """The C equals golden on random and extreme requests; gives golden's outputs."""
    rng = np.random.default_rng(seed)
    inputs = np.concatenate([random_inputs(rng, network, 40), extremes(network.inputs)])
    expected = GoldenEie(network)(inputs).numpy()
    compiled = build_c(network, variant)
    np.testing.assert_array_equal(compiled.measure(inputs)[0], expected)
    np.testing.assert_array_equal([compiled.infer(row) for row in inputs[:3]], expected[:3])
    return expected


@BOTH
@pytest.mark.parametrize(
    ("sizes", "density", "planes", "linear"),
    [
        ((1, 1), 1.0, 1, 0),
        ((31, 64, 2), 1.0, 1, 0),
        ((17, 40, 33, 5), 0.3, 1, 0),
        ((16, 32, 48, 3), 0.1, 2, 0),
        ((20, 30, 10), 0.6, 4, 4),
        ((33, 21, 17, 9, 4), 0.5, 1, 3),
        ((40, 7, 1), 0.0, 1, 0),
        ((300, 5, 300, 2), 0.2, 3, 0),
    ],
)
def test_equals_golden(variant, sizes, density, planes, linear):
    for seed in range(2):
        rng = np.random.default_rng([seed, *sizes])
        network = random_quantised(rng, sizes, density, planes=planes, linear=linear)
        assert_golden(network, variant, seed)


@BOTH
@pytest.mark.parametrize("shift", [0, 1, 12, 30, 31])
def test_rounding_and_saturation(variant, shift):
    """All shifts round alike; at the small ones both ends of int16 are reached."""
    rng = np.random.default_rng(shift)
    network = random_quantised(rng, (24, 40), 0.8, shift=shift, relu=False)
    outputs = assert_golden(network, variant)
    if shift < 14:
        assert outputs.min() == INT16_MIN and outputs.max() == INT16_MAX


@BOTH
def test_relu_spares_linear_rows(variant):
    rng = np.random.default_rng(3)
    network = random_quantised(rng, (24, 40), 0.8, shift=16, relu=True)
    part = QuantisedLayer(**{**vars(network.layers[0]), "linear_rows": 8})
    outputs = assert_golden(QuantisedNetwork((part,)), variant)
    assert outputs[:, :8].min() < 0 and outputs[:, 8:].min() == 0


@BOTH
def test_accumulators_wrap(variant):
    """A sum that leaves int32 comes back at its other end, from products and from the bias."""
    index = np.ones((2, 3), np.uint8)
    codebook = np.zeros(16, np.int16)
    codebook[1] = INT16_MIN
    bias = np.array([(1 << 31) - 1, -(1 << 31)], np.int32)
    layer = QuantisedLayer(index, codebook, bias, 16, relu=False, frac_w=16)
    network = QuantisedNetwork((layer,))
    wrapped = GoldenEie(network).trace(extremes(3))[0].accumulator.numpy()
    exact = layer.weight().astype(np.int64) @ extremes(3).T.astype(np.int64) + bias[:, None]
    assert (wrapped != exact.T).any()
    assert_golden(network, variant)


@BOTH
def test_weights_beyond_int16(variant):
    """Planes may add up to more than an int16; only such a layer has wider weights."""
    ones = np.ones((6, 10), np.uint8)
    codebook = np.zeros(16, np.int16)
    codebook[1] = INT16_MIN
    one = QuantisedLayer(ones, codebook, np.zeros(6, np.int32), 20, relu=False, frac_w=20)
    plane = one.planes[0]
    bias = np.arange(10, dtype=np.int32)
    two = QuantisedLayer(
        *(ones.T, codebook, bias, 17, False), frac_w=17, more=(type(plane)(ones.T, codebook),) * 3
    )
    network = QuantisedNetwork((one, two))
    kinds = re.findall(r"const (\w+) weight_", c_source(network, variant))
    assert kinds == ["int16_t", "int32_t"]
    assert_golden(network, variant)


def test_sparse_stores_non_zero_weights_only():
    rng = np.random.default_rng(5)
    network = random_quantised(rng, (50, 60), 0.1)
    (count,) = re.findall(r"weight_0\[(\d+)\] ALIGNED", c_source(network, Variant.SPARSE))
    assert int(count) == np.count_nonzero(network.layers[0].weight())


@pytest.mark.parametrize(("limit", "of"), [("MAX_WEIGHTS", "weights"), ("MAX_NEURONS", "neurons")])
def test_too_large(monkeypatch, limit, of):
    network = random_quantised(np.random.default_rng(0), (4, 5))
    counts = {"MAX_WEIGHTS": 20, "MAX_NEURONS": 9}
    monkeypatch.setattr(module, limit, counts[limit])
    assert c_source(network, Variant.DENSE)
    monkeypatch.setattr(module, limit, counts[limit] - 1)
    with pytest.raises(ValueError, match=f"up to {counts[limit] - 1} {of}, not {counts[limit]}"):
        c_source(network, Variant.DENSE)
