"""The shipped networks are what their JSON says, measured again on requests of another seed."""

from dataclasses import replace

import numpy as np
import pytest

from sw import weights
from sw.compress import prune
from sw.network import Network
from sw.predictors import networks
from sw.predictors.report import measure

SHIPPED = [90, 95, 97, 98]


@pytest.mark.parametrize("sparsity", SHIPPED)
def test_sparsity_and_values(sparsity: int) -> None:
    layers, facts = weights.load(sparsity).layers, weights.provenance(sparsity)
    dense = [layer.weight for layer in layers]
    assert tuple(weights.load(sparsity).sizes) == networks.PRECISE_LINEAR
    assert sum(int(np.count_nonzero(w)) for w in dense) == prune.keep_count(dense, sparsity / 100)
    assert facts.sparsity == pytest.approx(prune.sparsity(dense), abs=1e-6)
    assert [layer.relu for layer in layers] == [True] * 7 + [False]
    for w, layer in zip(dense, facts.layers, strict=True):
        assert (layer.outputs, layer.inputs) == w.shape
        assert layer.stored == np.count_nonzero(w)
        assert layer.distinct == len(np.unique(w[w != 0])) <= 15
        assert layer.live_neurons == (w != 0).any(axis=1).sum()


@pytest.mark.parametrize("sparsity", SHIPPED)
def test_nothing_that_cannot_matter_is_stored(sparsity: int) -> None:
    layers = weights.load(sparsity).layers
    masks = [layer.weight != 0 for layer in layers]
    for mask, live in zip(masks, prune.live_masks(masks), strict=True):
        assert np.array_equal(mask, live)


@pytest.mark.parametrize("sparsity", SHIPPED)
def test_quality_is_what_the_json_says(sparsity: int) -> None:
    facts = weights.provenance(sparsity)
    got = measure(weights.load(sparsity), 20_000, seed=77)
    assert got.accuracy == pytest.approx(facts.accuracy_float, abs=0.003)
    assert got.accuracy >= 0.985 and got.recall >= 0.90
    assert facts.shared.recall >= 0.90 and facts.dense.accuracy >= 0.99
    assert facts.test_requests >= 100_000


def test_a_broken_weight_is_noticed() -> None:
    layers = list(weights.load(98).layers)
    layers[3] = replace(layers[3], weight=np.roll(layers[3].weight, 1, axis=0))
    got = measure(Network(tuple(layers)), 20_000, seed=77)
    assert got.accuracy < 0.97
