"""Few values for many numbers: k-means on a line."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray

__all__ = ["SHARED_VALUES", "kmeans", "nearest"]

SHARED_VALUES = 15
LLOYD_STEPS = 200


def kmeans(
    values: ArrayLike, importance: ArrayLike | None = None, k: int = SHARED_VALUES
) -> NDArray[np.float64]:
    """
    At most ``k`` ascending centroids of ``values`` (n,), n at least 1, with a low sum of
    ``importance * (value - nearest centroid)^2``.

    Lloyd's algorithm from two starts, evenly spaced values and evenly filled classes; the better
    end counts. Importances (n,) are not negative; all count the same where none is given. Without
    more than ``k`` different values, these are the centroids.
    """
    x = np.asarray(values, dtype=np.float64).ravel()
    w = np.ones_like(x) if importance is None else np.asarray(importance, np.float64).ravel()
    if not x.size:
        raise ValueError("k-means needs at least one value")
    if w.shape != x.shape or not (w >= 0).all():
        raise ValueError("importances must be as many as values and not negative")
    distinct = np.unique(x)
    if len(distinct) <= k:
        return distinct
    order = np.argsort(x, kind="stable")
    x, w = x[order], w[order]
    w = w + 1e-9 * (w.mean() or 1.0)  # so that no class weighs nothing
    starts = (np.linspace(x[0], x[-1], k), np.quantile(x, (np.arange(k) + 0.5) / k))
    ends = [_lloyd(x, w, start) for start in starts]
    return min(ends, key=lambda c: _error(x, w, c))


def nearest(centroids: NDArray, x: NDArray) -> NDArray[np.intp]:
    """Index of the nearest of the ascending centroids, for each value."""
    return np.searchsorted((centroids[1:] + centroids[:-1]) / 2, x, side="right")


def _error(x: NDArray, w: NDArray, centroids: NDArray) -> float:
    return float((w * np.square(x - centroids[nearest(centroids, x)])).sum())


def _lloyd(x: NDArray, w: NDArray, centroids: NDArray) -> NDArray[np.float64]:
    for _ in range(LLOYD_STEPS):
        members = nearest(centroids, x)
        mass = np.bincount(members, w, minlength=len(centroids))
        total = np.bincount(members, w * x, minlength=len(centroids))
        moved = np.where(mass > 0, total / np.where(mass > 0, mass, 1), centroids)
        if np.array_equal(moved, centroids):
            break
        centroids = np.sort(moved)
    return centroids
