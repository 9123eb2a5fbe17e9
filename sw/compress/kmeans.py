"""Few values for many numbers: k-means on a line."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray

__all__ = ["SHARED_VALUES", "kmeans", "nearest"]

SHARED_VALUES = 15
LLOYD_STEPS = 200
RUNS = 512
"""Runs of neighbouring values that a cut may lie between."""


def kmeans(
    values: ArrayLike, importance: ArrayLike | None = None, k: int = SHARED_VALUES
) -> NDArray[np.float64]:
    """
    At most ``k`` ascending centroids of ``values`` (n,), n at least 1, with a low sum of
    ``importance * (value - nearest centroid)^2``.

    The best partition of up to ``RUNS`` values is found exactly; of more values, the best one that
    cuts between runs of neighbours, which Lloyd's algorithm then refines. Importances (n,) are not
    negative; all count the same where none is given. Without more than ``k`` different values,
    these are the centroids.
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
    return _lloyd(x, w, _best_cuts(x, w, k))


def _best_cuts(x: NDArray, w: NDArray, k: int) -> NDArray[np.float64]:
    """Centroids of the best cut of ascending values into ``k`` pieces, by dynamic programming over
    runs of neighbours."""
    edges = np.unique(np.linspace(0, len(x), min(len(x), RUNS) + 1).round().astype(int))
    x = x - (middle := float(np.average(x, weights=w)))
    mass, pull, power = (
        np.concatenate([[0.0], np.cumsum(part)])[edges] for part in (w, w * x, w * x * x)
    )
    apart = mass[None, :] - mass[:, None]
    total = pull[None, :] - pull[:, None]
    cost = power[None, :] - power[:, None] - total**2 / np.where(apart > 0, apart, 1)
    cost[apart <= 0] = np.inf  # a piece starts at the row's edge and ends at the column's
    least, cuts = cost[0], []
    for _ in range(k - 1):
        through = least[:, None] + cost
        cuts.append(through.argmin(axis=0))
        least = through.min(axis=0)
    ends = [len(edges) - 1]
    for cut in reversed(cuts):
        ends.append(int(cut[ends[-1]]))
    bounds = np.array([0, *reversed(ends)])
    return np.asarray(np.diff(pull[bounds]) / np.diff(mass[bounds]) + middle)


def nearest(centroids: NDArray, x: NDArray) -> NDArray[np.intp]:
    """Index of the nearest of the ascending centroids, for each value."""
    return np.searchsorted((centroids[1:] + centroids[:-1]) / 2, x, side="right")


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
