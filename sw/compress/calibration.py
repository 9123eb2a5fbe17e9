"""What the compiler knows of a network's inputs: rows to look at, and the range it may rely on."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from sw.network import Network, NetworkError

__all__ = ["Calibration"]

_SYNTHETIC_ROWS = 1024


@dataclass(frozen=True, eq=False)
class Calibration:
    """
    Inputs seen and inputs promised.

    Parameters
    ----------
    rows : float32 (n, in)
    low, high : float
        The declared range; all rows lie within it.
    integer : bool
        Whether inputs are integers.
    synthetic : bool
        Whether the rows were drawn uniformly from the range for want of real ones.
    """

    rows: NDArray[np.float32]
    low: float
    high: float
    integer: bool
    synthetic: bool

    @classmethod
    def of(
        cls,
        network: Network,
        rows: NDArray | None = None,
        input_range: tuple[float, float] | None = None,
        integer_inputs: bool | None = None,
    ) -> Calibration:
        """Fill in what is not given: rows from the network's own inputs or drawn from the range,
        the range from the rows, integers if all rows are. ``NetworkError`` says what is wrong."""
        columns = network.sizes[0]
        rows = network.inputs if rows is None else np.asarray(rows, dtype=np.float32)
        if rows is not None and (rows.ndim != 2 or rows.shape[1] != columns or not len(rows)):
            raise NetworkError(f"calibration inputs must be (n, {columns}), not {rows.shape}")
        if rows is not None and not np.isfinite(rows).all():
            raise NetworkError("calibration inputs must be finite")
        if input_range is None:
            if rows is None:
                raise NetworkError("declare the input range or give inputs to calibrate with")
            input_range = float(rows.min()), float(rows.max())
        low, high = input_range
        if not (np.isfinite([low, high]).all() and low <= high):
            raise NetworkError(f"the input range must be finite and in order, not {low} to {high}")
        if rows is None:
            drawn = np.random.default_rng(0).uniform(low, high, (_SYNTHETIC_ROWS, columns))
            drawn = np.rint(drawn) if integer_inputs else drawn
            inside = np.clip(drawn, low, high).astype(np.float32)
            return cls(inside, low, high, bool(integer_inputs), True)
        if rows.min() < low or rows.max() > high:
            raise NetworkError(
                f"calibration inputs go from {rows.min():g} to {rows.max():g}, "
                f"outside the declared range {low:g} to {high:g}"
            )
        integer = bool((rows == np.rint(rows)).all()) if integer_inputs is None else integer_inputs
        return cls(rows, low, high, integer, False)
