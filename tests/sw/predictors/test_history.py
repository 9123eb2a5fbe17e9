"""The past of every I/O at once, against a naive model of one at a time; and no look ahead."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from sw.predictors.features import FEATURES, FeatureSet
from sw.predictors.history import NEVER_US, History
from sw.predictors.past import Completed, Kind
from sw.traces.trace import Trace
from tests.sw.predictors.past_by_hand import NaivePast
from tests.sw.traces.cases import PAGE, READ, WRITE, drawn, trace_of, traces

VALUES = {
    "size": lambda past: past.size,
    "is_read": lambda past: past.is_read,
    "oldest_age_us": lambda past: past.oldest_age_us,
    **{
        f"{name} {kind.value}": lambda past, name=name, kind=kind: getattr(past, name)(kind)
        for name in ("in_flight", "pages_in_flight")
        for kind in Kind
    },
    **{
        f"{name} {window:g}": lambda past, name=name, window=window: getattr(past, name)(window)
        for name in ("completed_within", "written_within")
        for window in (0, 1, 1000)
    },
    **{f"mean {count}": lambda past, count=count: past.mean_log_latency(count) for count in (1, 5)},
    **{f"since {back}": lambda past, back=back: past.since(back) for back in (0, 1, 4)},
    **{
        f"last {kind.value} {k} {field}": lambda past, kind=kind, k=k, field=field: getattr(
            past.last(3, kind)[k], field
        )
        for kind in Kind
        for k in range(3)
        for field in Completed.__dataclass_fields__
    },
}


def agrees_with_naive(trace: Trace) -> None:
    history = History(trace)
    naive = [NaivePast(trace, i) for i in range(len(trace))]
    for name, value in VALUES.items():
        wanted = [value(past) for past in naive]
        np.testing.assert_allclose(value(history), wanted, rtol=1e-12, atol=1e-12, err_msg=name)


@given(traces(most=16))
def test_like_the_naive_model(trace: Trace) -> None:
    agrees_with_naive(trace)


def test_like_the_naive_model_on_longer_traces() -> None:
    agrees_with_naive(drawn(1, 60))
    agrees_with_naive(drawn(2, 60, unit=300.0))


def test_by_hand() -> None:
    """
    A read of 2 pages from 0 to 10; a write of 1 from 4 to 6; a read at 6, when the write is known
    to be done, until 100; and a read at 10, when the first is.
    """
    rows = ((0, 10, READ, 2 * PAGE), (4, 2, WRITE, PAGE), (6, 94, READ, PAGE), (10, 1, READ, PAGE))
    history = History(trace_of(*rows))
    assert history.in_flight(Kind.ALL).tolist() == [0, 1, 1, 1]
    assert history.in_flight(Kind.READS).tolist() == [0, 1, 1, 1]
    assert history.in_flight(Kind.WRITES).tolist() == [0, 0, 0, 0]
    assert history.pages_in_flight(Kind.READS).tolist() == [0, 2, 2, 1]
    assert history.oldest_age_us.tolist() == [0, 4, 6, 4]
    first, second = history.last(2, Kind.ALL)
    assert first.latency_us.tolist() == [0, 0, 2, 10]
    assert first.pending.tolist() == [0, 0, 1, 0]
    assert first.size.tolist() == [0, 0, PAGE, 2 * PAGE]
    assert first.age_us.tolist() == [NEVER_US, NEVER_US, 0, 0]
    assert second.latency_us.tolist() == [0, 0, 0, 2]
    assert second.age_us.tolist() == [NEVER_US, NEVER_US, NEVER_US, 4]
    assert history.completed_within(4).tolist() == [0, 0, 1, 1]
    assert history.completed_within(4.5).tolist() == [0, 0, 1, 2]
    assert history.written_within(100).tolist() == [0, 0, 1, 1]
    assert history.mean_log_latency(16).tolist() == [0, 0, 0, np.log2(11)]
    assert history.since(2).tolist() == [0, 4, 6, 6]


def test_an_io_never_knows_itself_or_its_equals() -> None:
    """Three reads at once that take no time know nothing of each other; the next one knows them,
    the last submitted first."""
    rows = ((5, 0, READ, PAGE), (5, 0, READ, PAGE), (5, 0, READ, 512), (6, 1, READ, PAGE))
    history = History(trace_of(*rows))
    assert history.in_flight(Kind.ALL).tolist() == [0, 1, 2, 0]
    last = history.last(3, Kind.READS)
    assert [io.age_us[:3].tolist() for io in last] == [[NEVER_US] * 3] * 3
    assert [io.size[3] for io in last] == [512, PAGE, PAGE]
    assert [io.pending[3] for io in last] == [2, 1, 0]


def test_no_io_has_no_past() -> None:
    empty = trace_of()
    for features in FEATURES.values():
        assert features.of(empty).shape == (0, len(features.columns))


@pytest.mark.parametrize("features", FEATURES.values(), ids=FEATURES)
@given(traces(), st.data())
def test_what_a_host_cannot_know_changes_nothing(
    features: FeatureSet, trace: Trace, data: st.DataObject
) -> None:
    """Latencies of I/Os that have not completed when row i is submitted, and all that is submitted
    after it, are drawn anew: rows up to i stay as they were, bit for bit."""
    n = len(trace)
    i = data.draw(st.integers(0, n - 1), "row")
    rng = np.random.default_rng(data.draw(st.integers(0, 1000), "seed"))
    now = trace.submit_us[i]
    known = (trace.complete_us <= now) & (trace.submit_us < now)
    known[i:] = False
    after = np.arange(n) > i
    unit = 10.0 ** data.draw(st.integers(-1, 5), "unit")
    least = np.where(after, 0, now - trace.submit_us)
    longer = least + unit * rng.integers(0, 3, n) * (rng.random(n) < 0.7)
    # An I/O in flight ends after now; one submitted at now may take no time.
    flying = ~known & ~after
    early = flying & (trace.submit_us < now) & (trace.submit_us + longer <= now)
    longer[early] += 0.25
    moved = np.cumsum(rng.integers(0, 3, n) * after) * unit
    changed = replace(
        trace,
        submit_us=np.where(after, now + moved, trace.submit_us),
        latency_us=np.where(known, trace.latency_us, longer),
        is_read=np.where(after, rng.random(n) < 0.5, trace.is_read),
        size=np.where(after, rng.integers(1, 9 * PAGE, n), trace.size),
    )
    before = features.of(trace)[: i + 1]
    np.testing.assert_array_equal(features.of(changed)[: i + 1], before)
