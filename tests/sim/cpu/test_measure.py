"""All ways side by side: what is counted, in which order, and ways that cannot be had."""

from __future__ import annotations

import json

import numpy as np
import pytest
import torch

from sim.cpu import measure
from sim.cpu.case import UnavailableError
from sim.cpu.measure import cpu_report, measure_cpu
from sim.cpu.results import CpuReport, Way
from sim.cpu.torch_cpu import eager_runner
from sw.golden.eie import GoldenEie
from tests.sim.cpu.cases import case_of, small_network


@pytest.fixture(autouse=True)
def without_code_generation(monkeypatch):
    """Eager in the place of compiled, which takes many seconds to be ready."""
    monkeypatch.setitem(measure.WAYS, Way.COMPILED, eager_runner)


def fake(outputs, ns, calls=None):
    """A way with these outputs and times by row; notes the rows of every call."""

    def run(rows):
        if calls is not None:
            calls.append(rows.tolist())
        return outputs[rows], ns[rows]

    return lambda case: run


def test_rows_of_two_networks():
    cases = {"small": case_of(small_network()), "one": case_of(small_network((1, 1)))}
    done = []
    rows = measure_cpu(cases, requests=90, blocks=4, warmup=2, progress=done.append)
    assert [(row.network, row.way) for row in rows] == [
        (name, way) for name in cases for way in Way
    ]
    assert sum(done) == 2 * len(Way) * 90
    for row in rows:
        assert (row.requests, row.unavailable) == (90, None)
        assert 0 < row.median_ns <= row.p99_ns
        assert 0.9 <= row.agreement <= 1
        assert row.mismatches == (0 if row.way in (Way.C_DENSE, Way.C_SPARSE) else None)


def test_ways_take_turns_at_the_same_requests(monkeypatch):
    case = case_of(small_network())
    outputs, ns = np.zeros((37, 2), np.float32), np.ones(37, np.uint32)
    calls = []
    ways = {way: fake(outputs, ns, calls) for way in (Way.EAGER, Way.ONNX)}
    monkeypatch.setattr(measure, "WAYS", ways)
    measure_cpu({"net": case}, requests=40, blocks=2, warmup=3)
    first, second = list(range(20)), [*range(20, 37), 0, 1, 2]
    turn = [[34, 35, 36], first], [[17, 18, 19], second]
    assert calls == [*turn[0], *turn[0], *turn[1], *turn[1]]


def test_statistics(monkeypatch):
    """Times, decisions and outputs of a way whose rows are known."""
    case = case_of(small_network())
    real = case.network.forward(torch.from_numpy(case.inputs)).numpy()
    golden = GoldenEie(case.quantised)(case.quantised.quantise_inputs(case.inputs)).numpy()
    wrong = golden.copy()
    wrong[:4, 1] ^= 1
    flipped = np.concatenate([real[:10, ::-1], real[10:]])
    ns = np.arange(100, 137).astype(np.uint32)
    ways = {Way.EAGER: fake(flipped, ns), Way.C_DENSE: fake(wrong, ns)}
    monkeypatch.setattr(measure, "WAYS", ways)
    eager, dense = measure_cpu({"net": case}, requests=37, blocks=5)
    assert (eager.median_ns, eager.p99_ns) == (118, 136)
    assert eager.agreement == pytest.approx(27 / 37)
    assert (eager.mismatches, dense.mismatches) == (None, 4)


def test_unavailable_way_is_reported(monkeypatch):
    def absent(case):
        raise UnavailableError("not installed: it")

    monkeypatch.setitem(measure.WAYS, Way.ONNX, absent)
    monkeypatch.setenv("CC", "no-such-cc")
    done = []
    case = case_of(small_network())
    report = cpu_report({"net": case}, requests=20, blocks=2, progress=done.append)
    rows = {row.way: row for row in report.rows}
    assert rows[Way.ONNX].unavailable == "not installed: it"
    assert "no-such-cc" in rows[Way.C_DENSE].unavailable
    assert (rows[Way.C_SPARSE].requests, rows[Way.C_SPARSE].median_ns) == (0, None)
    assert rows[Way.EAGER].requests == 20
    assert (report.compiler, report.c_clock_ns) == (None, None)
    assert sum(done) == len(Way) * 20


def test_report_says_what_it_ran_on():
    report = cpu_report({"net": case_of(small_network())}, requests=20, blocks=2, warmup=0)
    assert report.processor and report.compiler
    assert report.versions["torch"] == torch.__version__
    assert report.python_clock_ns > 0 and report.c_clock_ns > 0
    assert CpuReport.model_validate(json.loads(report.model_dump_json())) == report


def test_threads_are_as_before():
    before = torch.get_num_threads()
    measure_cpu({"net": case_of(small_network())}, requests=5, blocks=1)
    assert torch.get_num_threads() == before


@pytest.mark.parametrize("wrong", [{"requests": 3, "blocks": 4}, {"blocks": 0}, {"warmup": -1}])
def test_counts_that_make_no_sense(wrong):
    with pytest.raises(ValueError, match="at least one request a block"):
        measure_cpu({}, **wrong)
