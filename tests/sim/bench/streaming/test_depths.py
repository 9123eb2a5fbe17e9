"""Which depths of skips are measured, and how builds are timed; pipelines made up."""

import os
from types import SimpleNamespace

import numpy as np
import pytest

from sim.bench.streaming import depths, fresh, run
from sim.bench.streaming.depths import balanced_depths, depth_points
from sim.bench.streaming.fresh import fresh_build
from sim.bench.streaming.subject import Effort, Subject
from sw import weights
from sw.golden.cnn_file import read_graph
from tests.sim.bench.streaming.made_up import report

INTERVAL = 4608


@pytest.fixture(scope="module")
def subject():
    free, residual = (
        read_graph(weights.FOLDER / f"cnn_digits_{kind}.safetensors")[0]
        for kind in ("skipfree", "residual")
    )
    pixels, labels = np.zeros((8, 1, 8, 8), np.uint8), np.zeros(8, np.int64)
    right = {False: 0.97, True: 0.98}
    return Subject("digits", "digits", free, residual, pixels, labels, 4, INTERVAL, right)


@pytest.fixture
def flow(monkeypatch):
    """Pipelines that stand still below a depth of their first queue."""
    asked = []

    def few_frames(subject, compiled, config, progress):
        found = [skip.depth for skip in config.skips]
        asked.append(found)
        if found and found[0] < few_frames.least:
            return None
        interval = 1.0 * config.bound + (found[0] < few_frames.enough if found else 0)
        return SimpleNamespace(interval=interval, multipliers=80, images=6)

    few_frames.least, few_frames.enough = 100, 0
    for module in (depths, fresh, run):
        monkeypatch.setattr(module, "few_frames", few_frames)
    return few_frames, asked


def quiet(what):
    pass


def test_all_queues_cut(subject, flow):
    points = depth_points(subject, (0.25, 0.9, 1.0), quiet, quiet)
    assert [(round(point.share, 3), point.less) for point in points] == [
        (0.25, False),
        (0.9, False),
        (0.995, True),
        (1.0, False),
    ]
    cut, full = points[2].depths, points[3].depths
    assert {name: depth - 1 for name, depth in full.items()} == cut
    assert points[0].interval is None and points[3].interval == INTERVAL


def test_queues_cut_one_by_one(subject, flow):
    few_frames, asked = flow
    few_frames.enough = 10**9
    found = balanced_depths(subject, INTERVAL, quiet, quiet)
    full = list(found.depths.values())
    unbounded, computed, *cut = asked
    assert unbounded == [4 * max(full)] * 3 and computed == full
    assert [[a - b for a, b in zip(full, each, strict=True)] for each in cut] == [
        [1, 0, 0],
        [0, 1, 0],
        [0, 0, 1],
    ]
    assert list(found.less) == list(found.depths) and found.computed == INTERVAL + 1


def test_full_depths_must_flow(subject, flow):
    flow[0].least = 10**9
    with pytest.raises(RuntimeError, match="stood still with skips without end"):
        balanced_depths(subject, INTERVAL, quiet, quiet)


def test_fresh_build_has_a_cache_of_its_own(subject, flow, monkeypatch):
    monkeypatch.setenv("KILN_CACHE", "mine")
    seen = []
    monkeypatch.setattr(
        fresh,
        "few_frames",
        lambda *rest: seen.append(dict(os.environ)) or flow[0](*rest),
    )
    monkeypatch.delenv("CCACHE_DISABLE", raising=False)
    found = fresh_build(subject)
    assert os.environ["KILN_CACHE"] == "mine" and "CCACHE_DISABLE" not in os.environ
    assert seen[0]["KILN_CACHE"] != "mine" and not os.path.exists(seen[0]["KILN_CACHE"])
    assert seen[0]["CCACHE_DISABLE"] == "1"
    assert (found.network, found.frames) == ("digits", 6) and found.seconds > 0


def test_a_machine_that_was_measured_is_no_bound(subject, flow, monkeypatch):
    """Foldings that come to the skip-free machine take its interval."""
    _, free, _ = report().machines
    free.run.machine, free.run.interval = "skip-free", 4700.0
    monkeypatch.setattr(run, "_machine", lambda *rest: free.model_copy())
    monkeypatch.setattr(run, "_small", lambda progress: report().small)
    found = report(machines=[], foldings=[])
    effort = Effort(8, 0, budgets=(45, 163, 180, 330), measured=1)
    run.measure(found, [(subject, effort)], quiet, quiet)
    assert [(point.measured, point.interval) for point in found.foldings] == [
        (True, 18432.0),
        (True, 4700.0),
        (True, 4700.0),
        (False, 2304.0),
    ]
