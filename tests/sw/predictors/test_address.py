"""Addresses of I/Os in flight, against a model that looks at all of them."""

import numpy as np
import pytest

from sw.predictors.address import address_bits, pending_addresses
from sw.predictors.mittos import PENDING
from sw.traces.trace import Trace


def drawn(seed, n=200):
    rng = np.random.default_rng(seed)
    return Trace(
        np.sort(rng.integers(0, 400, n)).astype(float),
        rng.integers(0, 12, n).astype(float),
        rng.random(n) < 0.7,
        4096 * rng.integers(1, 5, n),
        4096 * rng.integers(0, 1 << 24, n),
    )


@pytest.mark.parametrize("seed", range(5))
def test_against_a_naive_model(seed):
    trace = drawn(seed)
    block = trace.offset // 4096 % (1 << 22)
    found = pending_addresses(trace)
    for k in range(len(trace)):
        flying = [j for j in range(k) if trace.complete_us[j] > trace.submit_us[k]]
        wanted = [block[k], *block[flying][::-1][:PENDING]]
        assert found[k].tolist() == [*wanted, *[0] * (1 + PENDING - len(wanted))]


def test_bits():
    trace = drawn(9)
    bits = address_bits(trace)
    assert bits.shape == (200, 110) and bits.dtype == np.uint8
    weights = 1 << np.arange(22)
    assert np.array_equal(bits.reshape(200, 5, 22) @ weights, pending_addresses(trace))


def test_nothing_of_the_future():
    trace = drawn(3)
    later = np.arange(200) >= 100
    changed = Trace(
        trace.submit_us,
        np.where(later, 1.0, trace.latency_us),
        trace.is_read,
        trace.size,
        np.where(later, 0, trace.offset),
    )
    assert np.array_equal(address_bits(trace)[:100], address_bits(changed)[:100])
