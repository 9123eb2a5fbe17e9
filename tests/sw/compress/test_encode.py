"""Interleaved relative CSC against an encoder written from its definition, and round trips."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sw.compress.encode import EncodedTile, decode, encode


def encode_by_hand(index, n_pe):
    """Per PE: pointers and (index, zeros) entries, one weight at a time."""
    rows, columns = index.shape
    pes = []
    for pe in range(n_pe):
        pointers, entries = [0], []
        for column in range(columns):
            zeros = 0
            for row in range(pe, rows, n_pe):
                value = int(index[row, column])
                if value == 0:
                    zeros += 1
                    continue
                while zeros > 15:
                    entries.append((0, 15))
                    zeros -= 16
                entries.append((value, zeros))
                zeros = 0
            pointers.append(len(entries))
        pes.append((pointers, entries))
    return pes


def check(index, n_pe):
    tile = encode(index, n_pe)
    expected = encode_by_hand(index, n_pe)
    for pe, (pointers, entries) in enumerate(expected):
        assert tile.pointers[pe].tolist() == pointers
        assert [(int(e) & 15, int(e) >> 4) for e in tile.of_pe(pe)] == entries
    assert tile.load.tolist() == [len(entries) for _, entries in expected]
    assert tile.padding == sum(e == (0, 15) for _, entries in expected for e in entries)
    assert np.array_equal(decode(tile), index)
    return tile


@st.composite
def matrices(draw):
    rows = draw(st.integers(1, 90))
    columns = draw(st.integers(1, 12))
    density = draw(st.sampled_from([0.0, 0.02, 0.1, 0.5, 1.0]))
    rng = np.random.default_rng(draw(st.integers(0, 2**32)))
    index = rng.integers(1, 16, (rows, columns)) * (rng.random((rows, columns)) < density)
    if draw(st.booleans()):
        index[rng.integers(rows)] = 0
        index[:, rng.integers(columns)] = 0
    return index.astype(np.uint8)


@settings(max_examples=150, deadline=None)
@given(matrices(), st.sampled_from([1, 2, 4, 8, 32, 256]))
def test_equals_definition_and_round_trips(index, n_pe):
    check(index, n_pe)


@pytest.mark.parametrize("n_pe", [1, 4])
@pytest.mark.parametrize(
    ("zeros", "paddings"), [(0, 0), (14, 0), (15, 0), (16, 1), (17, 1), (31, 1), (32, 2), (48, 3)]
)
def test_runs_of_zeros(n_pe, zeros, paddings):
    index = np.zeros(((2 * zeros + 2) * n_pe + n_pe - 1, 2), np.uint8)
    index[zeros * n_pe, 1] = 9  # a run at the start of PE 0's slice, and one in its middle
    index[(2 * zeros + 1) * n_pe, 1] = 15
    tile = check(index, n_pe)
    assert tile.padding == 2 * paddings
    assert tile.load[0] == 2 + 2 * paddings


@pytest.mark.parametrize("value", range(1, 16))
def test_all_codebook_indices(value):
    assert encode(np.array([[value]], np.uint8), 1).entries.tolist() == [value]


@pytest.mark.parametrize("shape", [(1, 1), (1, 40), (33, 1), (64, 7), (65, 7)])
def test_dense(shape):
    index = np.full(shape, 3, np.uint8)
    tile = check(index, 32)
    assert tile.padding == 0
    assert len(tile.entries) == index.size


def test_empty_matrix_has_no_entries():
    tile = check(np.zeros((50, 5), np.uint8), 4)
    assert len(tile.entries) == 0
    assert not tile.pointers.any()


@pytest.mark.parametrize(("low", "high"), [(0, 9), (0, 3), (3, 9), (4, 5), (8, 9)])
def test_slice_is_the_encoding_of_the_columns(low, high):
    rng = np.random.default_rng(1)
    index = (rng.integers(1, 16, (70, 9)) * (rng.random((70, 9)) < 0.2)).astype(np.uint8)
    part, whole = encode(index[:, low:high], 2), encode(index, 2).slice(low, high)
    assert np.array_equal(part.entries, whole.entries)
    assert np.array_equal(part.pointers, whole.pointers)


def test_large_matrix_is_quick_and_exact():
    rng = np.random.default_rng(2)
    index = rng.integers(1, 16, (4096, 2048), dtype=np.uint8)
    index *= rng.random(index.shape, dtype=np.float32) < 0.09
    assert np.array_equal(decode(encode(index, 64)), index)


@pytest.mark.parametrize(
    ("index", "error", "message"),
    [
        (np.zeros((2, 2)), TypeError, r"index must be uint8 \(rows, columns\), not float64 "),
        (np.zeros(2, np.uint8), TypeError, r"index must be uint8 \(rows, columns\), not uint8 "),
        (np.full((2, 2), 16, np.uint8), ValueError, "index must be from 0 to 15, not 16"),
    ],
)
def test_refuses_other_arrays(index, error, message):
    with pytest.raises(error, match=message):
        encode(index, 2)


@pytest.mark.parametrize(
    ("pointers", "message"),
    [
        ([[0, 1]], r"pointers must be \(1, 3\), not \(1, 2\)"),
        ([[1, 1, 2]], "pointers must start at 0 and never run backwards"),
        ([[0, 2, 1]], "pointers must start at 0 and never run backwards"),
        ([[0, 1, 3]], "pointers count 3 entries, not 2"),
    ],
)
def test_refuses_inconsistent_pointers(pointers, message):
    with pytest.raises(ValueError, match=message):
        EncodedTile(1, 4, 2, np.array([1, 2], np.uint8), np.array(pointers))


def test_decode_names_an_entry_outside():
    tile = EncodedTile(2, 3, 2, np.array([0x01, 0x11], np.uint8), np.array([[0, 0, 0], [0, 0, 2]]))
    with pytest.raises(ValueError, match="PE 1, column 1: an entry lies in row 5 of 3"):
        decode(tile)
