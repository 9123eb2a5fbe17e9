import numpy as np
import pytest

from hw.eie.config import PRESETS
from sim.bench.tail.machines import machine_rows
from sim.bench.tail.quality import judge_rtl, judge_trained, quality
from sim.engine import EieEngine
from sw.predictors.ssd import SPECS
from tests.sim.bench.tail.halves import halves, judged


def test_quality_by_hand():
    found = quality(np.array([3, -1, 2, -5]), np.array([True, True, False, False]))
    assert found.auc == pytest.approx(0.75)
    assert found.accuracy == 0.5
    assert (found.false_reject_rate, found.false_accept_rate) == (0.5, 0.5)


@pytest.mark.parametrize("name", SPECS)
def test_every_read_of_the_second_half_is_judged(name):
    found, test = judged(name), halves().reads(test=True)
    assert found.row.rows == len(found.truth) == len(found.outputs) == test.sum()
    assert np.array_equal(found.truth, halves().truth("p85")[test])
    assert found.row.widths == list(SPECS[name].widths)
    assert 0 < found.row.stored <= found.row.weights
    assert len(found.train_scores) == halves().reads(test=False).sum()


def test_busy_periods_are_another_truth():
    assert not np.array_equal(judged("kiln", "busy").truth, judged("kiln").truth)


def test_a_predictor_that_is_trained_is_judged_the_same():
    found = judged("kiln")
    again = judge_trained(found.deployed.predictor, halves(), PRESETS["wide8"])
    assert again.row == found.row


@pytest.mark.rtl
@pytest.mark.parametrize("name", SPECS)
def test_rtl_equals_golden(name):
    with EieEngine(PRESETS["wide8"]) as engine:
        found = judge_rtl(judged(name), engine, 150)
    assert (found.row.rtl_rows, found.row.mismatches) == (150, 0)
    assert found.row.rtl == quality_of_first(found, 150)


def quality_of_first(found, rows):
    outputs = found.outputs[:rows].astype(int)
    scores = outputs[:, 0] if outputs.shape[1] == 1 else outputs[:, 1] - outputs[:, 0]
    return quality(scores, found.truth[:rows])


@pytest.mark.rtl
def test_cycles():
    [row] = machine_rows([judged("kiln")], "wide8")
    assert (row.mismatches, row.requests, row.machine) == (0, 200, "wide8")
    assert 60 < row.cycles_mean <= row.cycles_max < 300
    assert row.occupied_cycles > row.cycles_mean + 10
