"""Pass descriptors, and how layers are split over the PEs."""

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from hw.eie.config import PRESETS
from hw.eie.format import PASS
from sw.compress.encode import decode
from sw.compress.passes import PassDescriptor, scatter_columns, tile_layer
from sw.compress.random import random_quantised

CONFIG = replace(PRESETS["wide8"], n_pe=16)


@given(st.tuples(*(st.integers(0, (1 << width) - 1) for _, width in PASS)))
def test_words_round_trip(values):
    step = PassDescriptor(*values)
    assert len(step.words) == 3 and all(0 <= word < 1 << 64 for word in step.words)
    assert PassDescriptor.from_words(np.array(step.words, np.uint64)) == step


def layer(rows, columns, density=1.0, **options):
    sizes = [columns, rows]
    return random_quantised(np.random.default_rng(rows), sizes, density, **options).layers[0]


def test_scatter_columns():
    """Row r of PE k, row r * n_pe + k of the array, has the columns c with c mod n_pe = k."""
    rows = np.random.default_rng(0).integers(1, 16, (3, 37)).astype(np.uint8)
    scattered = scatter_columns(rows, 4)
    assert scattered.dtype == np.uint8 and scattered.shape == (12, 37)
    for place, values in enumerate(scattered):
        row, pe = divmod(place, 4)
        for column, value in enumerate(values):
            assert value == (rows[row, column] if column % 4 == pe else 0)


@pytest.mark.parametrize("planes", [1, 2])
def test_split_tiles_hold_parts(planes):
    few = layer(3, 250, planes=planes)
    tiles = list(tile_layer(few, CONFIG, final=True))
    assert [tile.split for tile in tiles] == [True] * planes
    for tile, plane in zip(tiles, few.planes, strict=True):
        assert tile.local_rows == 3
        parts = decode(tile.encoded).reshape(3, 16, 250)
        np.testing.assert_array_equal(parts.sum(axis=1), plane.index)
        assert ((parts != 0).sum(axis=1) <= 1).all()
    biases = tiles[0].bias.reshape(3, 16)
    np.testing.assert_array_equal(biases.sum(axis=1), few.bias)
    np.testing.assert_array_equal(np.diag(biases), few.bias)
    assert all(len(tile.bias) == 0 for tile in tiles[1:])


@pytest.mark.parametrize(
    ("few", "config", "final"),
    [
        (layer(3, 250), CONFIG, False),  # its outputs are not the last
        (layer(9, 250), CONFIG, True),  # more than half as many rows as PEs
        (layer(3, 250), PRESETS["weng32"], True),  # not a wide array
        (layer(3, 20), CONFIG, True),  # too little to gain
        (layer(16, 250), replace(CONFIG, n_pe=64, file_depth=8), True),  # no room for its rows
        (replace(layer(3, 250, relu=True), linear_rows=1), CONFIG, True),
    ],
)
def test_not_split(few, config, final):
    assert not any(tile.split for tile in tile_layer(few, config, final=final))


def test_idle_inputs_decide():
    """Where hardly any input is active, there is nothing to gain."""
    few = layer(3, 250)
    assert not any(tile.split for tile in tile_layer(few, CONFIG, np.full(250, 0.01), final=True))
