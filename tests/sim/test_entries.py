"""Entries of each PE and column, counted row by row; masks of split layers."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from sim.entries import column_entries, split_mask


@pytest.mark.parametrize("n_pe", [1, 3, 4])
def test_column_entries(n_pe):
    """Row i is in PE i mod n_pe; of every 16 zeros in a PE before a weight there is a padding."""
    mask = np.zeros((40 * n_pe, 2), bool)
    mask[[n_pe - 1, 18 * n_pe + n_pe - 1, 39 * n_pe], 1] = True
    counted = column_entries(mask, n_pe)
    weights, padding = np.zeros((1, n_pe, 2), int), np.zeros((1, n_pe, 2), int)
    weights[0, n_pe - 1, 1] += 2
    padding[0, n_pe - 1, 1] += 1  # 17 zeros between
    weights[0, 0, 1] += 1
    padding[0, 0, 1] += 2 if n_pe > 1 else 1  # 39 zeros, or 20 behind the others
    np.testing.assert_array_equal(counted.weights, weights)
    np.testing.assert_array_equal(counted.padding, padding)


@pytest.mark.parametrize("shape", [(4,), (0, 3), (3, 0), (2, 2, 2)])
def test_refused_masks(shape):
    with pytest.raises(ValueError, match="mask must be"):
        column_entries(np.ones(shape), 2)


@given(
    rows=st.integers(1, 9),
    columns=st.integers(1, 40),
    n_pe=st.integers(1, 8),
    seed=st.integers(0, 2**32 - 1),
)
def test_split_mask(rows, columns, n_pe, seed):
    """Every weight is in its row, in the PE of its column, and nowhere else."""
    mask = np.random.default_rng(seed).random((rows, columns)) < 0.5
    parts = split_mask(mask, n_pe)
    assert parts.shape == (rows * n_pe, columns)
    weights = {
        (int(r) * n_pe + int(c) % n_pe, int(c)) for r, c in zip(*mask.nonzero(), strict=True)
    }
    assert weights == {(int(r), int(c)) for r, c in zip(*parts.nonzero(), strict=True)}
