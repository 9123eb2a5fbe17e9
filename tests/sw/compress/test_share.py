import numpy as np
import pytest

from sw.compress.share import (
    SHARED_VALUES,
    forward,
    input_moments,
    share_network,
    share_weights,
)


def teacher(seed: int = 0) -> tuple[list[np.ndarray], list[np.ndarray], np.ndarray]:
    rng = np.random.default_rng(seed)
    sizes = [(24, 10), (16, 24), (2, 16)]
    weights = [rng.normal(size=s) / np.sqrt(s[1]) for s in sizes]
    biases = [0.1 * rng.normal(size=s[0]) for s in sizes]
    return weights, biases, rng.random((600, 10)) * np.geomspace(0.1, 5, 10)


@pytest.mark.parametrize("density", [0.02, 0.3, 1.0])
def test_few_values_and_zeros_stay(density: float) -> None:
    rng = np.random.default_rng(1)
    weight = rng.normal(size=(60, 40)) * (rng.random((60, 40)) < density)
    codebook, index = share_weights(weight)
    assert codebook.shape == (16,) and codebook.dtype == np.float32 and codebook[0] == 0
    assert index.dtype == np.uint8 and index.max() <= SHARED_VALUES
    assert np.array_equal(index == 0, weight == 0)
    assert (np.diff(codebook[1:]) > 0).all()
    shared = codebook[index]
    for row, column in [(0, 0), (30, 20), (59, 39)]:
        if weight[row, column]:
            distance = np.abs(codebook[1:] - weight[row, column])
            assert abs(shared[row, column] - weight[row, column]) <= distance.min() + 1e-6


def test_importance_lowers_the_error_that_counts() -> None:
    rng = np.random.default_rng(2)
    weight = rng.normal(size=(50, 30))
    moments = np.geomspace(1e-3, 100, 30)

    def error(shared: tuple[np.ndarray, np.ndarray]) -> float:
        return float((moments * np.square(shared[0][shared[1]] - weight)).sum())

    weighted, plain = error(share_weights(weight, moments)), error(share_weights(weight))
    assert weighted < 0.9 * plain


def test_a_layer_of_zeros() -> None:
    codebook, index = share_weights(np.zeros((3, 4)))
    assert not codebook.any() and not index.any()


def test_fixed_weights_keep_their_values() -> None:
    rng = np.random.default_rng(6)
    weight = rng.normal(size=(20, 30)) * (rng.random((20, 30)) < 0.5)
    fixed = rng.random((20, 30)) < 0.1
    weight[fixed] = rng.choice([-1.0, 1.0, 0.0], int(fixed.sum()))
    codebook, index = share_weights(weight, fixed=fixed)
    shared = codebook[index]
    np.testing.assert_array_equal(shared[fixed], weight[fixed])
    assert np.array_equal(index == 0, weight == 0) and index.max() == SHARED_VALUES
    assert (np.diff(codebook[1:]) > 0).all()
    assert np.abs(shared - weight).max() < 0.5
    with pytest.raises(ValueError, match="2 fixed values leave too few of 2 for the other"):
        share_weights(weight, k=2, fixed=fixed)
    assert share_weights(np.eye(3), fixed=np.eye(3) > 0)[0][:3].tolist() == [0, 1, 0]


@pytest.mark.parametrize("k", [0, 16])
def test_refuses_other_numbers_of_values(k: int) -> None:
    with pytest.raises(ValueError, match=f"from 1 to 15, not {k}"):
        share_weights(np.ones((2, 2)), k=k)


def test_input_moments_by_hand() -> None:
    weights, biases = [np.array([[1.0, -1.0]]), np.array([[2.0]])], [np.array([0.5]), np.zeros(1)]
    moments = input_moments(weights, biases, [[1.0, 0.0], [1.0, 3.0]])
    assert moments[0].tolist() == [1.0, 4.5]
    assert moments[1].tolist() == [pytest.approx(1.5**2 / 2)]


def test_tuning_brings_a_network_closer_on_rows_it_has_not_seen() -> None:
    weights, biases, x = teacher()
    truth = forward(weights, biases, x[300:])

    def distance(steps: int) -> float:
        network = share_network(weights, biases, x[:300], steps=steps)
        assert all(len(np.unique(w[w != 0])) <= SHARED_VALUES for w in network.weights)
        return float(np.square(forward(network.weights, network.biases, x[300:]) - truth).mean())

    assert distance(60) < 0.7 * distance(0)


def test_a_network_with_one_output() -> None:
    weights, biases, x = teacher(3)
    weights[-1], biases[-1] = weights[-1][:1], biases[-1][:1]
    network = share_network(weights, biases, x, steps=40)
    got, truth = forward(network.weights, network.biases, x), forward(weights, biases, x)
    assert ((got > 0) == (truth > 0)).mean() > 0.9


def test_a_network_that_is_shared_already_stays() -> None:
    weights, biases, x = teacher(5)
    once = [codebook[index] for codebook, index in map(share_weights, weights)]
    again = share_network(once, biases, x, steps=0)
    for a, b in zip(once, again.weights, strict=True):
        np.testing.assert_array_equal(a, b)


def test_refuses_calibration_of_no_rows() -> None:
    weights, biases, _ = teacher()
    with pytest.raises(ValueError, match="calibration inputs must be"):
        share_network(weights, biases, np.zeros((0, 10)))
