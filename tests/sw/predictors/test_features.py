"""Features by hand."""

from __future__ import annotations

import numpy as np
import pytest

from sw.predictors.features import FEATURES, HEIMDALL, KILN, LINNOS, FeatureSet
from tests.sw.traces.cases import PAGE, READ, WRITE, drawn, trace_of

ROWS = (
    (0, 12_345.9, READ, PAGE),
    (1, 59.7, WRITE, 2 * PAGE),
    (2, 98, READ, 3 * PAGE),
    (200, 5, READ, 512),
    (20_000, 7, READ, 4 * PAGE),
)


@pytest.mark.parametrize("features", FEATURES.values(), ids=FEATURES)
def test_columns_have_names(features: FeatureSet) -> None:
    rows = features.of(drawn(1, 30))
    assert rows.shape == (30, len(features.columns)) and rows.dtype == np.float32
    assert len(set(features.columns)) == len(features.columns)
    assert np.isfinite(rows).all()


def test_numbers_of_columns() -> None:
    counts = {name: len(features.columns) for name, features in FEATURES.items()}
    assert counts == {"linnos": 31, "heimdall": 12, "kiln": 29}
    assert [name for name, features in FEATURES.items() if features.digits] == ["linnos"]


def digits(text: str) -> list[int]:
    return [int(digit) for digit in text.replace(" ", "")]


def test_linnos_by_hand() -> None:
    """At 200 us the first I/O is in flight, the third (100 us) and the second (60.7 us) are done,
    the third last; at 20 ms all are, the first of them the latest and cut to 9999."""
    rows = LINNOS.of(trace_of(*ROWS))
    assert rows[0].tolist() == [0] * 31
    assert rows[2].tolist() == digits("002" + "000" * 4 + "0000" * 4)
    assert rows[3].tolist() == digits("001  002 001 000 000  0098 0059 0000 0000")
    assert rows[4].tolist() == digits("000  000 001 002 001  9999 0005 0098 0059")


def test_linnos_counts_to_999() -> None:
    rows = LINNOS.of(trace_of(*((0, 1e6, READ, PAGE),) * 1234))
    assert rows[[7, 321, 999, 1000, 1233], :3].tolist() == [
        [0, 0, 7], [3, 2, 1], [9, 9, 9], [9, 9, 9], [9, 9, 9],
    ]  # fmt: skip


def test_heimdall_by_hand() -> None:
    """In flight, pages, read; then latency, in flight and bytes a microsecond of the last three."""
    rows = HEIMDALL.of(trace_of(*ROWS, (30_000, 1, WRITE, PAGE)))
    assert rows[0].tolist() == [0, 1, 1, *[0] * 9]
    wanted = [1, 0.125, 1, 98, 59.7, 0, 2, 1, 0, 3 * PAGE / 98, 2 * PAGE / 59.7, 0]
    np.testing.assert_allclose(rows[3], wanted, rtol=1e-6)
    wanted = [0, 1, 0, 7, 12_345.9, 5, 0, 0, 1, 4 * PAGE / 7, PAGE / 12_345.9, 512 / 5]
    np.testing.assert_allclose(rows[5], wanted, rtol=1e-6)


def test_a_latency_of_nothing_has_a_throughput() -> None:
    rows = HEIMDALL.of(trace_of((0, 0, READ, PAGE), (1, 1, READ, PAGE)))
    assert rows[1, -3] == PAGE


def test_kiln_by_hand() -> None:
    """Logarithms of one plus each, but for the means, which are of logarithms."""
    row = dict(zip(KILN.columns, KILN.of(trace_of(*ROWS))[3].tolist(), strict=True))
    mean = float(np.log2(99))
    means = {
        name: row.pop(name) for name in ("mean latency of 16 reads", "mean latency of 64 reads")
    }
    assert means == pytest.approx(dict.fromkeys(means, mean))
    wanted = dict.fromkeys(row, 0.0) | {
        "pages": 0.125,
        "reads in flight": 1,
        "pages read in flight": 1,
        "age of the oldest in flight": 200,
        "since submission 1 before": 198,
        "since submission 4 before": 200,
        "since submission 16 before": 200,
        "latency of read 1": 98,
        "in flight at read 1": 2,
        "age of read 1": 100,
        "latency of write 1": 59.7,
        "age of write 1": 200 - 60.7,
        "completed in 1 ms": 2,
        "completed in 10 ms": 2,
        "completed in 100 ms": 2,
        "pages written in 1 ms": 2,
        "pages written in 10 ms": 2,
        "pages written in 100 ms": 2,
    }
    assert {name: 2**value - 1 for name, value in row.items()} == pytest.approx(wanted, abs=1e-4)


def test_kilns_windows_end() -> None:
    trace = trace_of((0, 1, WRITE, PAGE), *((at, 1e6, READ, PAGE) for at in (1000, 1001, 9e4, 2e5)))
    rows = KILN.of(trace)
    names = [f"{what} in {ms} ms" for what in ("completed", "pages written") for ms in (1, 10, 100)]
    found = rows[:, [KILN.columns.index(name) for name in names]]
    wanted = [[0] * 6, [1] * 6, [0, 1, 1] * 2, [0, 0, 1] * 2, [0] * 6]
    assert found.tolist() == wanted
