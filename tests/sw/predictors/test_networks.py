import numpy as np
import pytest
import torch

from sw.predictors import networks


def test_precise_linear_has_the_papers_size() -> None:
    model = networks.precise_linear(seed=0)
    assert sum(w.numel() for w in model.weights) == 583_520
    assert networks.weight_count(networks.PRECISE_LINEAR) == 583_520
    shapes = [tuple(w.shape) for w in model.weights]
    assert shapes == [(352, 110), *[(352, 352)] * 4, (128, 352), (32, 128), (1, 32)]
    assert [len(b) for b in model.biases] == [352] * 5 + [128, 32, 1]


def test_seed_decides_the_start() -> None:
    a, b, c = (networks.precise_linear(seed).weights[3] for seed in (1, 1, 2))
    assert torch.equal(a, b) and not torch.equal(a, c)


def test_arrays_are_the_module_on_zeros_and_ones() -> None:
    rng = np.random.default_rng(0)
    model = networks.MaskedMlp((9, 12, 7, 2), torch.Generator().manual_seed(3))
    with torch.no_grad():
        for bias, weight, mask in zip(model.biases, model.weights, model.masks, strict=True):
            bias.copy_(torch.randn_like(bias))
            mask.copy_((torch.rand_like(weight) < 0.5).float())
    x = rng.integers(0, 2, (64, 9), dtype=np.uint8)
    chain = model.chain()
    weights, biases = chain.weights, chain.biases
    for weight, mask in zip(weights, model.masks, strict=True):
        assert not weight[mask.numpy() == 0].any()
    with torch.no_grad():
        expected = model(torch.from_numpy(x).float()).numpy()
    got = networks.logits(weights, biases, x, batch=10)
    np.testing.assert_allclose(got, expected, atol=2e-5)
    assert np.abs(expected).max() > 0.1
    assert chain.linear == (0, 0, 2) and not any(fixed.any() for fixed in chain.fixed)
    forward = chain.network.forward(torch.from_numpy(x).float()).numpy()
    np.testing.assert_allclose(forward, expected, atol=2e-5)


def test_relu_everywhere_but_last() -> None:
    weights = [np.array([[1.0], [-1.0]]), np.array([[-1.0, -2.0]])]
    biases = [np.zeros(2), np.array([0.5])]
    got = networks.logits(weights, biases, np.array([[3.0], [-3.0]]))
    assert got[:, 0].tolist() == pytest.approx([-2.5, -5.5])


def test_relu_where_linear_rows_end() -> None:
    weights = [np.array([[1.0], [1.0]]), np.array([[1.0, 1.0]])]
    biases = [np.zeros(2), np.zeros(1)]
    got = networks.logits(weights, biases, np.array([[3.0], [-3.0]]), linear=(1, 1))
    assert got[:, 0].tolist() == [6.0, -3.0]
