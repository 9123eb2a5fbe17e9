"""From the units of features to the inputs of a network: all columns alike, from -1 to 1."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

__all__ = ["Scaling"]

REACH = 4
"""Standard deviations from a column's mean to the end of its range."""


@dataclass(frozen=True, eq=False)
class Scaling:
    """
    Columns less their centre over their reach, cut to -1 and 1, so that a network's inputs stay in
    the range that its fixed point was made for. As all columns spread alike, so do the weights that
    they meet, which then share values well.

    Parameters
    ----------
    centre, reach : float32 (columns,)
        ``reach`` is above 0.
    """

    centre: NDArray[np.float32]
    reach: NDArray[np.float32]

    @classmethod
    def of(cls, rows: NDArray[np.float32]) -> Scaling:
        """From the mean and the standard deviation of each column of rows (n, columns); a column
        that is constant is only moved."""
        spread = rows.std(axis=0, dtype=np.float64)
        reach = np.where(spread > 1e-6, REACH * spread, 1)
        centre = rows.mean(axis=0, dtype=np.float64)
        return cls(centre.astype(np.float32), reach.astype(np.float32))

    def __call__(self, rows: NDArray[np.float32]) -> NDArray[np.float32]:
        """Rows (n, columns) as inputs, float32 of the same shape."""
        return np.clip((rows - self.centre) / self.reach, -1, 1).astype(np.float32)
