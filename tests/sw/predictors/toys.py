"""Small problems that a predictor learns in seconds."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from sw.predictors.fit import FitRecipe

QUICK = FitRecipe(
    hidden=(16, 8),
    epochs=8,
    batch=64,
    rate=5e-3,
    drop=0.1,
    average=0.95,
    prune_epochs=4,
    share_epochs=4,
)


def separable(n: int = 2000, seed: int = 0) -> tuple[NDArray[np.float32], NDArray[np.bool_]]:
    """Rows (n, 6) from -1 to 1, a fifth of them slow: those of a large difference."""
    rows = np.random.default_rng(seed).uniform(-1, 1, (n, 6)).astype(np.float32)
    reach = rows[:, 0] - 0.7 * rows[:, 3] + 0.1 * rows[:, 5]
    return rows, reach > np.quantile(reach, 0.8)
