"""Group records against records packed field by field, and back."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hw.bus.layout import pack
from hw.eie.config import GROUPS
from hw.eie.format import RECORD
from sw.compress.records import fits_records, pack_records, pointer_words, unpack_records


def counts(rng, n_pe, columns, most):
    """Random pointers of columns with at most ``most`` entries each."""
    pointers = np.zeros((n_pe, columns + 1), np.int64)
    np.cumsum(rng.integers(0, most + 1, (n_pe, columns)), axis=1, out=pointers[:, 1:])
    return pointers


def words_by_hand(pointers, group):
    """The words of one PE's records, column by column."""
    words = []
    for first in range(0, len(pointers) - 1, group):
        last = min(first + group, len(pointers) - 1)
        fields = {"base": int(pointers[first])}
        for k in range(16):
            fields[f"end_{k}"] = int(pointers[min(first + k + 1, last)] - pointers[first])
        record = pack(RECORD, fields)
        words += [record >> 16 * k & 0xFFFF for k in range(8)]
    return words


@settings(max_examples=100)
@given(
    seed=st.integers(0, 2**32 - 1),
    n_pe=st.sampled_from([1, 2, 5]),
    columns=st.integers(1, 50),
    group=st.sampled_from(GROUPS[1:]),
    most=st.sampled_from([0, 1, 7]),
)
def test_round_trip(seed, n_pe, columns, group, most):
    pointers = counts(np.random.default_rng(seed), n_pe, columns, most)
    assert fits_records(pointers, group)
    words = pack_records(pointers, group)
    assert words.dtype == np.uint16
    assert words.shape == (n_pe, pointer_words(columns, group))
    assert words.tolist() == [words_by_hand(pe, group) for pe in pointers]
    np.testing.assert_array_equal(unpack_records(words, columns, group), pointers)


@pytest.mark.parametrize("group", GROUPS[1:])
def test_most_entries(group):
    """127 entries in a group, in any of its columns, and not one more; the base has 16 bits."""
    for column in range(group):
        pointers = np.full((2, 2 * group + 1), 65535 - 127, np.int64)
        pointers[1, group + column + 1 :] += 127
        assert fits_records(pointers, group)
        words = pack_records(pointers, group)
        np.testing.assert_array_equal(unpack_records(words, 2 * group, group), pointers)
        pointers[1, group + column + 1 :] += 1
        assert not fits_records(pointers, group)
        with pytest.raises(ValueError, match="a group has 128 entries in a PE, over 127"):
            pack_records(pointers, group)


def test_gaps_are_refused():
    words = pack_records(counts(np.random.default_rng(0), 2, 8, 5), 4)
    words[1, 8] += 1  # the base of the second group
    with pytest.raises(ValueError, match="does not begin where the one before it ended"):
        unpack_records(words, 8, 4)


@pytest.mark.parametrize(
    ("columns", "group", "words"),
    [(1, 1, 2), (100, 1, 101), (1, 2, 8), (2, 2, 8), (3, 2, 16), (16, 16, 8), (17, 16, 16)],
)
def test_pointer_words(columns, group, words):
    assert pointer_words(columns, group) == words
