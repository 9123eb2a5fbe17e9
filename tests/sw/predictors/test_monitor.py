"""A device in use knows what a trace of it would say: monitor and history, row by row."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given

from sw.predictors import monitor as module
from sw.predictors.features import FEATURES, FeatureSet
from sw.predictors.history import NEVER_US
from sw.predictors.monitor import Monitor
from sw.predictors.past import Kind
from sw.traces.trace import Trace
from tests.sw.traces.cases import PAGE, READ, WRITE, drawn, traces


def agrees_with_history(features: FeatureSet, trace: Trace) -> None:
    """Beside every I/O that is submitted, another is only looked at."""
    monitor, wanted = Monitor(), features.of(trace)
    for k in range(len(trace)):
        now, read, size = trace.submit_us[k], bool(trace.is_read[k]), int(trace.size[k])
        monitor.look(float(now), not read, size + 1)
        monitor.look(float(now), read, size)
        row = features.row(monitor)
        assert row.dtype == np.float32
        if features.digits:
            np.testing.assert_array_equal(row, wanted[k])
        else:
            np.testing.assert_allclose(row, wanted[k], rtol=1e-6, atol=1e-6)
        monitor.submit(float(trace.latency_us[k]))


@pytest.mark.parametrize("features", FEATURES.values(), ids=FEATURES)
@given(traces())
def test_like_history(features: FeatureSet, trace: Trace) -> None:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(module, "_KEPT_OLD", 3)
        agrees_with_history(features, trace)


@pytest.mark.parametrize("features", FEATURES.values(), ids=FEATURES)
@pytest.mark.parametrize("unit", [1.0, 900.0])
def test_like_history_for_longer(
    features: FeatureSet, unit: float, monkeypatch: pytest.MonkeyPatch
) -> None:
    """More reads and submissions than are kept, over windows that end in between."""
    monkeypatch.setattr(module, "_KEPT_OLD", 50)
    agrees_with_history(features, drawn(7, 600, unit))


@pytest.mark.parametrize("features", FEATURES.values(), ids=FEATURES)
def test_like_history_with_many_in_flight(features: FeatureSet) -> None:
    trace = drawn(8, 300)
    agrees_with_history(features, replace(trace, latency_us=trace.latency_us * 20))


def test_by_hand() -> None:
    monitor = Monitor()
    monitor.look(3, READ, 2 * PAGE)
    assert (monitor.size, monitor.is_read, monitor.since(1)) == (2 * PAGE, 1.0, 0.0)
    monitor.submit(10)
    monitor.look(5, WRITE, PAGE)
    assert monitor.is_read == 0.0
    assert (monitor.in_flight(Kind.ALL), monitor.pages_in_flight(Kind.READS)) == (1, 2)
    assert (monitor.oldest_age_us, monitor.since(1), monitor.since(5)) == (2, 2, 2)
    assert monitor.last(1, Kind.ALL)[0].age_us == NEVER_US
    monitor.look(13, READ, 1)
    assert monitor.in_flight(Kind.ALL) == monitor.oldest_age_us == 0
    (last,) = monitor.last(1, Kind.READS)
    assert (last.latency_us, last.pending, last.size, last.age_us) == (10, 0, 2 * PAGE, 0)
    assert monitor.mean_log_latency(16) == np.log2(11)
    assert monitor.completed_within(1) == 1


def test_old_completions_are_forgotten(monkeypatch: pytest.MonkeyPatch) -> None:
    """What is kept does not grow with what happened."""
    monkeypatch.setattr(module, "_KEPT_OLD", 10)
    monitor, sizes = Monitor(), []
    for k in range(1000):
        monitor.look(k * 5e4, WRITE, PAGE)
        monitor.submit(10)
        sizes.append(len(monitor._recent))
    assert max(sizes) < 20
    monitor.look(1000 * 5e4, READ, PAGE)
    assert monitor.completed_within(1e5) == monitor.written_within(1e5) == 2


def test_time_does_not_go_back() -> None:
    monitor = Monitor()
    monitor.look(7, READ, 1)
    with pytest.raises(ValueError, match=r"an I/O at 6\.5 us came after one at 7 us"):
        monitor.look(6.5, READ, 1)
