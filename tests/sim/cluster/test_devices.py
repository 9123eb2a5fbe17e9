from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from sim.cluster.devices import ModelDevice, TraceDevice
from sim.cluster.requests import Request
from sw.predictors.features import FEATURES, FeatureSet
from sw.traces.ssd import Ssd, SsdConfig
from sw.traces.trace import Trace
from sw.traces.workload import generate
from tests.sim.cluster.cases import read
from tests.sw.traces.cases import PAGE, READ, WRITE, trace_of, traces

TRACE = trace_of(
    (0, 99, WRITE, PAGE), (10, 1, READ, PAGE), (20, 2, READ, PAGE), (20, 3, READ, PAGE),
    (24, 98, WRITE, PAGE), (40, 4, READ, PAGE), (90, 97, WRITE, PAGE),
)  # fmt: skip


def test_own_ios_take_what_they_took() -> None:
    device = TraceDevice(1, TRACE, np.array([0, 1, 0, 0, 0, 1, 0], bool))
    for row, latency in enumerate([99, 1, 2, 3, 98, 4, 97]):
        for now in (0, 50):
            assert device.submit(now, read(now, 1, row)) == latency
            assert device.would_take(now, read(now, 1, row)) == latency
            assert device.predicted_slow(now, read(now, 1, row)) == (row in (1, 5))


@pytest.mark.parametrize(
    ("now", "latency"),
    [
        (0, 1), (10, 1), (14.9, 1), (15, 1), (15.1, 2), (20, 2), (20.1, 3), (30, 3), (30.1, 4),
        (40, 4), (1e9, 4),
    ],
)  # fmt: skip
def test_others_take_what_the_nearest_read_took(now: float, latency: float) -> None:
    """Of two as near, the earlier; of those at the same time, the one on the side of ``now``."""
    device = TraceDevice(0, TRACE, TRACE.latency_us == latency)
    request = read(now, primary=1, row=6)
    assert device.submit(now, request) == device.would_take(now, request) == latency
    assert device.predicted_slow(now, request) is True
    assert TraceDevice(0, TRACE, TRACE.latency_us != latency).predicted_slow(now, request) is False


@given(traces(), st.floats(-10, 2e5))
def test_nearest_like_a_naive_model(trace: Trace, now: float) -> None:
    reads = np.flatnonzero(trace.is_read)
    if not len(reads):
        return
    found = TraceDevice(0, trace).submit(now, read(now, primary=3))
    away = np.abs(trace.submit_us[reads] - now)
    nearest = reads[np.isclose(away, away.min(), rtol=0, atol=1e-9)]
    assert found in trace.latency_us[nearest]


@pytest.mark.parametrize("features", FEATURES.values(), ids=FEATURES)
def test_a_model_answers_and_is_watched_like_its_trace(features: FeatureSet) -> None:
    """What the predictor is shown of a device in use is what its trace would show."""
    config = SsdConfig(channels=2, buffer_pages=8, pool_pages=50)
    trace = generate(300, 5, ssd=config)
    rows: list[np.ndarray] = []

    def slow(row: np.ndarray) -> bool:
        rows.append(row)
        return len(rows) % 3 == 0

    device = ModelDevice(config, features, slow)
    for k in range(len(trace)):
        now = float(trace.submit_us[k])
        request = Request(
            *(now, 0, k, bool(trace.is_read[k]), int(trace.size[k]), int(trace.offset[k]))
        )
        if request.is_read:
            assert device.predicted_slow(now, request) == (len(rows) % 3 == 0)
            assert device.would_take(now, request) == trace.latency_us[k]
        assert device.submit(now, request) == trace.latency_us[k]
    np.testing.assert_allclose(np.stack(rows), features.of(trace)[trace.is_read], rtol=1e-5)


def test_asking_a_model_changes_nothing() -> None:
    config = SsdConfig(channels=1)
    asked, plain = ModelDevice(config, FEATURES["kiln"], lambda row: True), Ssd(config)
    for now in (0.0, 10.0, 20.0):
        for _ in range(3):
            asked.predicted_slow(now, read(now, page=5))
            asked.would_take(now, read(now, page=5))
        assert asked.submit(now, read(now)) == plain.submit(now, True, PAGE, 0)


def test_a_replica_without_a_predictor_has_no_verdict() -> None:
    config = SsdConfig()
    for device in (
        TraceDevice(0, TRACE),
        ModelDevice(config),
        ModelDevice(config, FEATURES["kiln"]),
        ModelDevice(config, slow=lambda row: True),
    ):
        with pytest.raises(ValueError, match="this replica has no predictor"):
            device.predicted_slow(0, read(0, row=1))
