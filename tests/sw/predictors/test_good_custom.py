"""The graph against the paper's equations, and its chain of layers against the graph."""

import numpy as np
import pytest
import torch

from sw.compress import prune
from sw.predictors import mittos
from sw.predictors.good_custom import WEIGHTS, compose, decompose, good_custom


def random_model(seed, density=1.0):
    model = good_custom(seed)
    generator = torch.Generator().manual_seed(seed)
    with torch.no_grad():
        for bias, mask in zip(model.biases, model.masks, strict=True):
            bias.normal_(generator=generator)
            mask.copy_((torch.rand(mask.shape, generator=generator) < density).float())
    return model


def by_hand(weights, biases, bits):
    """The equations of the graph in float64, for bits (n, 110)."""
    names = [*(f"D{k}" for k in range(1, 10)), "E1", "E2", "E3"]
    w = dict(zip(names, zip(weights, biases, strict=True), strict=True))

    def d(name, x):
        return x @ w[name][0].T.astype(np.float64) + w[name][1]

    h = d("D1", 2.0 * bits - 1)
    d4, d6 = d("D4", d("D3", d("D2", h))), d("D6", d("D5", h))
    s1 = d4 - d6
    a1 = np.maximum(s1, 0)
    a2 = np.maximum(d("D7", s1), 0)
    s2 = d4 - a1
    p1 = s2 + a2
    a3 = np.maximum(d("D8", a1), 0)
    p2 = p1 + d("D9", a3)
    return d("E3", d("E2", d("E1", p2)))


def test_has_the_papers_size():
    weights = good_custom(0).weights
    assert sum(w.numel() for w in weights) == WEIGHTS == 149_776
    assert [tuple(w.shape) for w in weights] == [
        (128, 110), *[(128, 128)] * 8, (32, 128), (16, 32), (1, 16),
    ]  # fmt: skip


@pytest.mark.parametrize("density", [1.0, 0.1, 0.02])
def test_chain_and_graph_are_the_equations(density):
    model = random_model(3, density)
    x = mittos.generate(200, 5).features
    expected = by_hand(*model.raw_arrays(), x)
    bits = torch.from_numpy(x).float()
    np.testing.assert_allclose(model(bits).detach().numpy(), expected, atol=2e-5)
    network = model.chain().network
    np.testing.assert_allclose(network.forward(bits).numpy(), expected, atol=2e-5)
    assert network.sizes == [110, 128, 256, 256, 256, 512, 384, 128, 32, 16, 1]
    assert [layer.relu for layer in network.layers] == [k in (4, 5) for k in range(10)]
    assert np.abs(expected).max() > 0.1


def test_fixed_weights_are_the_identities():
    chain = random_model(1).chain()
    for weight, fixed in zip(chain.weights, chain.fixed, strict=True):
        assert set(np.unique(weight[fixed])) <= {-1.0, 1.0}
    assert [int(fixed.sum()) for fixed in chain.fixed] == [
        0, 0, 0, 2 * 128, 5 * 128, 8 * 128, 2 * 128, 0, 0, 0,
    ]  # fmt: skip
    layers = zip(chain.weights, chain.fixed, strict=True)
    assert sum(np.count_nonzero(w) - f.sum() for w, f in layers) == WEIGHTS


def test_the_matrices_come_back_out_of_the_layers():
    weights = random_model(2).raw_arrays()[0]
    for a, b in zip(weights, decompose(compose(weights)), strict=True):
        np.testing.assert_array_equal(a, b)


@pytest.mark.parametrize("target", [0.9, 0.97])
def test_pruning_is_exact_and_leaves_nothing_without_meaning(target):
    model = random_model(4)
    model.prune(target)
    masks = [mask.numpy() > 0 for mask in model.masks]
    assert sum(int(mask.sum()) for mask in masks) == round((1 - target) * WEIGHTS)
    assert all((w == 0)[~m].all() for w, m in zip(model.raw_arrays()[0], masks, strict=True))
    live = decompose(prune.live_masks(compose(masks)))
    assert all(np.array_equal(a, b) for a, b in zip(masks, live, strict=True))
