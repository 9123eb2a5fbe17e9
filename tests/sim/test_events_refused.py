"""What the event counter refuses, and how far its counts may be from measured ones."""

import re
from typing import Any

import numpy as np
import pytest

from sim.entries import column_entries
from sim.events import (
    layer_events,
    network_events,
    within_bar,
)


@pytest.mark.parametrize(
    ("measured", "expected", "rows", "n_pe", "within"),
    [
        # 3 % of 1000 is 30, ceil(100 / 32) is 4: 30 + 32 + 8 = 70.
        (1070, 1000, 100, 32, True),
        (1071, 1000, 100, 32, False),
        (930, 1000, 100, 32, True),
        (929, 1000, 100, 32, False),
        # 96 rows fill three times 32: 30 + 32 + 6 = 68.
        (1068, 1000, 96, 32, True),
        (1069, 1000, 96, 32, False),
        # 1.5 + 32 + 2 = 35.5.
        (85, 50, 1, 64, True),
        (86, 50, 1, 64, False),
        # Nothing to do: 32 + 2.
        (34, 0, 16, 16, True),
        (35, 0, 16, 16, False),
    ],
)
def test_within_bar(measured: int, expected: int, rows: int, n_pe: int, within: bool) -> None:
    assert within_bar(measured, expected, rows, n_pe) is within


@pytest.mark.parametrize(
    ("arguments", "options", "message"),
    [
        (
            (np.ones(3), np.ones(3), 2),
            {},
            "mask must be (rows, columns) and not empty, its shape is (3,)",
        ),
        (
            (np.ones((0, 3)), np.ones(3), 2),
            {},
            "mask must be (rows, columns) and not empty, its shape is (0, 3)",
        ),
        (
            (np.ones((4, 3)), np.ones(4), 2),
            {},
            "activations must be (3,) like the columns, not (4,)",
        ),
        ((np.ones((4, 3)), np.ones(3), 0), {}, "n_pe must be a positive integer, not 0"),
        ((np.ones((4, 3)), np.ones(3), 2, 0), {}, "depth must be a positive integer, not 0"),
        (
            (np.ones((4, 3)), np.ones(3), 2),
            {"rows_per_batch": -1},
            "rows_per_batch must be a positive integer, not -1",
        ),
        (
            (column_entries(np.ones((4, 3)), 4), np.ones(3), 2),
            {},
            "column entries are of 4 PEs, not 2",
        ),
    ],
)
def test_layer_errors(arguments: Any, options: dict[str, Any], message: str) -> None:
    with pytest.raises(ValueError, match=f"^{re.escape(message)}$"):
        layer_events(*arguments, **options)


def test_network_errors() -> None:
    masks = [np.ones((4, 3)), np.ones((2, 4))]
    with pytest.raises(ValueError, match=r"^2 layers need as many inputs, not 1$"):
        network_events(masks, [np.ones(3)], 2)
    with pytest.raises(ValueError, match=r"^0 layers need as many inputs, not 0$"):
        network_events([], [], 2)
    with pytest.raises(
        ValueError, match=r"^layer 1: activations must be \(4,\) like the columns, not \(3,\)$"
    ):
        network_events(masks, [np.ones(3), np.ones(3)], 2)


def test_other_numbers_of_pes_do_not_add() -> None:
    one = layer_events(np.ones((4, 1)), np.ones(1), 1)
    two = layer_events(np.ones((4, 1)), np.ones(1), 2)
    with pytest.raises(ValueError, match=r"^events of 1 and of 2 PEs cannot be added$"):
        one + two
