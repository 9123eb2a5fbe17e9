from itertools import combinations, pairwise

import numpy as np
import pytest

from sw.compress.kmeans import kmeans, nearest


def error(x: np.ndarray, w: np.ndarray, centroids: np.ndarray) -> float:
    return float((w * np.square(x[:, None] - centroids[None, :]).min(axis=1)).sum())


def best_partition(x: np.ndarray, w: np.ndarray, k: int) -> float:
    """The least error of all ways to cut the sorted values into k runs."""
    order = np.argsort(x)
    x, w = x[order], w[order]
    found = np.inf
    for cuts in combinations(range(1, len(x)), k - 1):
        edges = [0, *cuts, len(x)]
        runs = [slice(a, b) for a, b in pairwise(edges)]
        centres = np.array([np.average(x[run], weights=w[run]) for run in runs])
        found = min(found, error(x, w, centres))
    return found


@pytest.mark.parametrize("seed", range(8))
def test_the_best_there_is(seed: int) -> None:
    rng = np.random.default_rng(seed)
    x, w = rng.normal(size=12), rng.uniform(0.1, 3, 12)
    got = kmeans(x, w, 3)
    assert len(got) == 3 and (np.diff(got) > 0).all()
    assert error(x, w, got) == pytest.approx(best_partition(x, w, 3), rel=1e-6)


def test_many_values_do_better_than_even_spacing_or_filling() -> None:
    x = np.random.default_rng(9).laplace(size=20_000)
    w = np.abs(x) + 0.1
    got = error(x, w, kmeans(x, w))
    assert got < 0.5 * error(x, w, np.linspace(x.min(), x.max(), 15))
    assert got < 0.7 * error(x, w, np.quantile(x, (np.arange(15) + 0.5) / 15))


def test_separate_clusters_are_found_exactly() -> None:
    centres = np.array([-3.0, -1.0, 0.5, 4.0])
    x = (centres[:, None] + np.array([-0.01, 0.0, 0.01])).ravel()
    np.testing.assert_allclose(kmeans(x, k=4), centres, atol=1e-9)


def test_few_values_stay_as_they_are() -> None:
    x = np.repeat([3.0, -1.0, 0.25], 7)
    assert kmeans(x, k=15).tolist() == [-1.0, 0.25, 3.0]


def test_importance_pulls_the_centroids() -> None:
    x = np.array([0.0, 1.0, 2.0, 10.0])
    heavy = kmeans(x, [1, 1, 100, 1], 2)
    light = kmeans(x, None, 2)
    assert abs(heavy[0] - 2.0) < 0.05 and light[0] == pytest.approx(1.0)


def test_values_without_importance_do_no_harm() -> None:
    x = np.arange(40.0)
    assert np.isfinite(kmeans(x, np.zeros(40))).all()
    assert np.isfinite(kmeans(x, np.r_[np.ones(5), np.zeros(35)])).all()


def test_nearest() -> None:
    centroids = np.array([-1.0, 0.0, 4.0])
    assert nearest(centroids, np.array([-9.0, -0.4, 0.1, 1.9, 2.1, 9.0])).tolist() == [
        0, 1, 1, 1, 2, 2,
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("values", "importance", "message"),
    [
        ([], None, "at least one value"),
        ([1.0, 2.0], [1.0], "as many as values and not negative"),
        ([1.0, 2.0], [1.0, -1.0], "as many as values and not negative"),
    ],
)
def test_refusals(values: list, importance: list | None, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        kmeans(values, importance)
