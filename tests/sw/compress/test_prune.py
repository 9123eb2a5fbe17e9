from collections.abc import Sequence
from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from sw.compress import prune


def network(widths: list[int], seed: int = 0) -> tuple[list[np.ndarray], list[np.ndarray]]:
    rng = np.random.default_rng(seed)
    weights = [rng.normal(size=(b, a)) for a, b in pairwise(widths)]
    return weights, [rng.normal(size=b) for b in widths[1:]]


def run(
    weights: list[np.ndarray],
    biases: list[np.ndarray],
    x: np.ndarray,
    linear: Sequence[int] = (0, 0, 0, 2),
) -> np.ndarray:
    for w, b, rows in zip(weights, biases, linear, strict=True):
        x = x @ w.T + b
        x = np.where(np.arange(len(b)) < rows, x, np.maximum(x, 0))
    return x


def stored(masks: list[np.ndarray]) -> int:
    return sum(int(mask.sum()) for mask in masks)


@pytest.mark.parametrize(
    ("step", "expected"),
    [(-1, 0.1), (0, 0.1), (25, 0.9 - 0.8 * 0.75**3), (50, 0.8), (100, 0.9), (150, 0.9)],
)
def test_cubic_schedule(step: int, expected: float) -> None:
    assert prune.cubic_sparsity(step, 100, 0.1, 0.9) == pytest.approx(expected)


def test_cubic_schedule_rises_and_slows_down() -> None:
    steps = np.diff([prune.cubic_sparsity(s, 40, 0.0, 0.98) for s in range(41)])
    assert (steps > 0).all() and (np.diff(steps) < 0).all()
    assert prune.cubic_sparsity(0, 0, 0.1, 0.9) == 0.9


def test_scores_order_a_layer_by_magnitude() -> None:
    weight = np.array([[3.0, -4.0], [0.0, 1.0]])
    np.testing.assert_allclose(prune.scores(weight), [[9 / 25, 1.0], [0.0, 1 / 26]], rtol=1e-12)
    assert not prune.scores(np.zeros((2, 2))).any()


@given(
    widths=st.lists(st.integers(1, 20), min_size=2, max_size=5),
    target=st.floats(0, 0.97),
    seed=st.integers(0, 1000),
)
def test_all_that_stays_is_live_and_the_number_is_never_above(
    widths: list[int], target: float, seed: int
) -> None:
    weights, _ = network(widths, seed)
    masks = prune.prune(weights, target)
    assert stored(masks) <= prune.keep_count(weights, target)
    for mask, live in zip(masks, prune.live_masks(masks), strict=True):
        assert np.array_equal(mask, live)


@pytest.mark.parametrize("target", [0.0, 0.5, 0.9, 0.95, 0.98])
def test_sparsity_is_exact_and_the_largest_of_a_layer_stay(target: float) -> None:
    weights, _ = network([110, 80, 60, 20, 1])
    masks = prune.prune(weights, target)
    assert stored(masks) == round((1 - target) * sum(w.size for w in weights))
    for weight, mask in zip(weights, masks, strict=True):
        live = mask.any(axis=1)[:, None] & mask.any(axis=0)[None, :]
        gone = np.abs(weight[live & ~mask])
        # Nothing between live neurons is dropped for something smaller, but for the last few.
        assert (gone > np.abs(weight[mask]).min()).sum() <= 0.02 * max(mask.sum(), 50)


def test_pruning_goes_on_from_masks_and_takes_nothing_back() -> None:
    weights, _ = network([40, 30, 20, 2])
    first = prune.prune(weights, 0.6)
    second = prune.prune(weights, 0.9, first)
    assert all((b <= a).all() for a, b in zip(first, second, strict=True))
    assert stored(second) == prune.keep_count(weights, 0.9)
    assert stored(prune.prune(weights, 0.2, second)) == stored(second)


def test_a_small_last_layer_is_not_emptied_for_a_large_one() -> None:
    weights, _ = network([200, 200, 4, 1])
    weights[-1] *= 1e-3
    assert prune.prune(weights, 0.98)[-1].any()


def test_live_masks_by_hand() -> None:
    first = np.array([[1, 0], [0, 0], [0, 1]], bool)  # neuron 1 has no inputs
    second = np.array([[1, 1, 0], [0, 1, 0]], bool)  # nothing reads neuron 2
    third = np.array([[1, 1]], bool)
    live = prune.live_masks([first, second, third])
    assert live[0].tolist() == [[True, False], [False, False], [False, False]]
    assert live[1].tolist() == [[True, False, False], [False, False, False]]
    assert live[2].tolist() == [[True, False]]


@given(
    seed=st.integers(0, 10_000),
    density=st.floats(0.02, 0.6),
    linear=st.sampled_from([(0, 0, 0, 2), (3, 8, 1, 2)]),
)
def test_folding_constants_keeps_the_function(
    seed: int, density: float, linear: tuple[int, ...]
) -> None:
    rng = np.random.default_rng(seed)
    weights, biases = network([6, 8, 8, 5, 2], seed)
    masks = [rng.random(w.shape) < density for w in weights]
    x = rng.normal(size=(20, 6))
    before = run([w * m for w, m in zip(weights, masks, strict=True)], biases, x, linear)
    folded, shifted = prune.fold_constants(weights, biases, masks, linear)
    np.testing.assert_allclose(run(folded, shifted, x, linear), before, atol=1e-9)
    for weight, live, bias in zip(
        folded[:-1], prune.live_masks(masks)[:-1], shifted[:-1], strict=True
    ):
        assert not weight[~live].any()
        assert not bias[~live.any(axis=1)].any()


@pytest.mark.parametrize("target", [-0.1, 1.0])
def test_refuses_what_is_no_sparsity(target: float) -> None:
    with pytest.raises(ValueError, match="sparsity must be at least 0 and below 1"):
        prune.prune([np.ones((2, 2))], target)


def test_sparsity_counts_zeros() -> None:
    assert prune.sparsity([np.eye(4), np.ones((2, 2))]) == pytest.approx(12 / 20)
