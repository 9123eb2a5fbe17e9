"""Stages: replicas made anew, with verdicts on their own I/Os; and thresholds tried on them."""

from types import SimpleNamespace

import numpy as np
import pytest

from sim.cluster.calibrate import calibrate
from sim.cluster.devices import TraceDevice
from sim.cluster.requests import Request
from sim.cluster.stages import ModelStage, TraceStage
from sw.traces.ssd import SsdConfig
from sw.traces.trace import Trace
from sw.traces.workload import Workload, generate


class Numbering:
    """Stands for a predictor whose score of an I/O is its row in the whole trace."""

    name = "numbering"

    def __init__(self):
        features = SimpleNamespace(of=lambda trace: np.arange(len(trace))[:, None])
        self.predictor = SimpleNamespace(spec=SimpleNamespace(features=features))

    def scores(self, rows):
        return rows[:, 0]


@pytest.mark.parametrize("rows", [slice(0, 200), slice(200, None)])
def test_each_replica_has_the_verdicts_on_its_own_rows(rows):
    whole = generate(400, 2)
    stage = TraceStage(whole, rows, 3)
    first = rows.start
    threshold = first + 100
    devices = stage.devices(Numbering(), threshold)
    seen = 0
    for number, (part, device) in enumerate(zip(stage.parts, devices, strict=True)):
        assert part.submit_us[0] == 0
        for k in np.flatnonzero(part.is_read).tolist():
            request = Request(part.submit_us[k], number, k, True, 4096, 0)
            row = first + seen + k
            assert whole.latency_us[row] == device.would_take(request.at, request)
            assert device.predicted_slow(request.at, request) == (row > threshold)
        seen += len(part)
    assert seen == 200
    assert len(stage.requests) == seen


def test_devices_of_a_model_stage_know_nothing_of_an_earlier_run():
    stage = ModelStage(Workload(), SsdConfig(), 2, 50, 1)
    request = Request(0.0, 0, 0, True, 4096, 0)
    first, again = stage.devices()[0], stage.devices()[0]
    alone = first.submit(0.0, request)
    assert first.submit(0.0, request) > alone
    assert again.submit(0.0, request) == alone


def test_the_threshold_with_the_least_tail():
    """Of two replicas one is slow in its second half; where only what is slow is turned away, no
    read is slow; rejecting more sends fast reads to the slow one, rejecting none keeps it."""
    n = 100
    slow = np.arange(n) >= 50
    parts = [np.where(slow, 900.0, 50.0), np.full(n, 60.0)]
    requests = [Request(10.0 * k, number, k, True, 4096, 0) for k in range(n) for number in (0, 1)]

    class Stage:
        def __init__(self):
            self.requests = requests

        def devices(self, deployed=None, threshold=0):
            found = []
            for number, latency in enumerate(parts):
                trace = Trace(
                    10.0 * np.arange(n),
                    latency,
                    np.ones(n, bool),
                    np.full(n, 4096),
                    np.zeros(n, int),
                )
                score = np.where(slow, 90, 10) if number == 0 else np.full(n, 50)
                found.append(TraceDevice(number, trace, score > threshold))
            return found

    scores = np.repeat([10, 50, 90], [50, 100, 50])
    found = calibrate(Stage(), None, scores, 0.0, 0.0, 1.0, shares=(0.1, 0.6, 1.0))
    assert (found.threshold, found.share) == (50, 0.6)
    assert found.p99_us[0.6] < 100 < min(found.p99_us[0.1], found.p99_us[1.0])
