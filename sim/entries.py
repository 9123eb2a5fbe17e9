"""Entries that each PE of EIE holds for each column of a layer, counted from its mask alone."""

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

__all__ = ["ColumnEntries", "column_entries", "positive", "split_mask"]

# One entry covers the zeros its 4-bit run counts, and its own row.
_ROWS_PER_PADDING = 16

_Array = npt.NDArray[Any]


@dataclass(frozen=True, eq=False)
class ColumnEntries:
    """Entries of an encoded layer, independent of the activations: count once, run often.

    ``weights`` and ``padding`` count the non-zero weights and the padding entries, each int64
    (row batches, PEs, columns).
    """

    weights: npt.NDArray[np.int64]
    padding: npt.NDArray[np.int64]


def column_entries(mask: _Array, n_pe: int, *, rows_per_batch: int = 64) -> ColumnEntries:
    """Entries that each PE holds for each column.

    The zeros before an entry are counted within the PE's own slice of the column, from the top of
    the row batch; every 16 of them take a padding entry. Zeros after the last entry take none.

    Parameters
    ----------
    mask: (rows, columns), boolean or numeric; not zero where there is a weight.
    n_pe: number of PEs; row ``i`` belongs to PE ``i mod n_pe``.
    rows_per_batch: rows that one PE holds per batch.

    Raises ``ValueError`` if the mask is not 2-D, is empty, or a number is not positive.
    """
    mask = np.asarray(mask)
    if mask.ndim != 2 or mask.size == 0:
        raise ValueError(f"mask must be (rows, columns) and not empty, its shape is {mask.shape}")
    positive(n_pe=n_pe, rows_per_batch=rows_per_batch)
    rows, columns = mask.shape
    batches = -(-rows // (n_pe * rows_per_batch))
    weights = np.zeros((batches, n_pe, columns), np.int64)
    padding = np.zeros_like(weights)
    for batch in range(batches):
        expected = np.zeros((n_pe, columns), np.int32)  # row after the latest entry
        for row in range(rows_per_batch):
            top = (batch * rows_per_batch + row) * n_pe
            if top >= rows:
                break
            present = mask[top : top + n_pe] != 0
            held = len(present)  # the last row of PEs may be incomplete
            weights[batch, :held] += present
            if row >= _ROWS_PER_PADDING:
                zeros = row - expected[:held]
                padding[batch, :held] += np.where(present, zeros // _ROWS_PER_PADDING, 0)
            np.copyto(expected[:held], row + 1, where=present)
    return ColumnEntries(weights, padding)


def split_mask(mask: _Array, n_pe: int) -> _Array:
    """The mask (rows * n_pe, columns) of a layer whose columns are split over the PEs: PE ``p`` has
    all rows of the columns ``j`` with ``j mod n_pe == p``, and none of the others."""
    mask = np.asarray(mask)
    owned = np.arange(mask.shape[1]) % n_pe == np.arange(n_pe)[:, None]
    return (mask[:, None, :] * owned).reshape(-1, mask.shape[1])


def positive(**numbers: int) -> None:
    """Refuse numbers below 1, by name."""
    for name, number in numbers.items():
        if number < 1:
            raise ValueError(f"{name} must be a positive integer, not {number}")
