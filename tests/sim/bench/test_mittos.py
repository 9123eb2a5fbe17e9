"""The MittOS benchmark in small: cases, machines, measurement, verdicts, page."""

from dataclasses import replace

import numpy as np
import pytest

from hw.eie.config import PRESETS
from sim.bench.mittos import fitted, machine_cost, run_machine
from sim.bench.mittos_markdown import mittos_page
from sim.bench.mittos_results import MittosReport
from sim.bench.predictors import MACHINES, PREDICTORS, Predictor, chosen
from sw.predictors.mittos import generate

TINY = PRESETS["tiny"]


@pytest.fixture(scope="module")
def heimdall():
    return Predictor("heimdall", None, ("tiny",)).prepare(6, 20)


@pytest.fixture(scope="module")
def measured(heimdall):
    done = []
    rows = run_machine("tiny", TINY, [heimdall], lambda what, cost: done.append((what, cost)))
    assert [what for what, _ in done] == ["heimdall on tiny, real", "heimdall on tiny, worst"]
    assert sum(cost for _, cost in done) == pytest.approx(machine_cost(TINY, [heimdall]))
    return rows


def report(facts, rows):
    return MittosReport(
        date="today", command="kiln", clock_mhz=800, seed=1, networks=[facts], rows=rows
    )


def test_cases(heimdall):
    real, worst = heimdall.facts.cases
    assert real.requests == worst.requests == 6
    assert worst.all_nonzero == 6 and worst.layer_density == [1.0, 1.0, 1.0]
    assert real.all_nonzero < 6 and real.layer_density[1] < 1
    assert real.same_masks and worst.same_masks
    assert heimdall.facts.weights == 12 * 128 + 128 * 16 + 16
    assert not heimdall.facts.quality


def test_a_zero_among_the_activations_is_seen(heimdall):
    _, case = heimdall.cases
    activations = case.activations.copy()
    activations[2, 5] = 0
    masks = [layer.index != 0 for layer in case.quantised.layers]
    facts = replace(case, activations=activations).facts(masks)
    assert facts.all_nonzero == 5 and not facts.valid
    masks[0][3, 3] = False
    assert not case.facts(masks).same_masks


def test_shipped_predictor_is_judged_on_fresh_requests():
    [predictor] = chosen(["precise_linear-98"])
    prepared = predictor.prepare(20, 60)
    real = prepared.cases[0]
    assert len(real.activations) == 20 and prepared.facts.judged == 60
    assert np.array_equal(real.late, generate(60, 20260).ebusy[:20])
    assert prepared.facts.quality["golden"].accuracy > 0.95
    assert prepared.facts.paper_accuracy == 0.9803 and prepared.facts.cpu_us == 13.4


@pytest.mark.rtl
def test_rows(heimdall, measured):
    real, worst = measured
    assert (real.case, worst.case) == ("real", "worst")
    assert real.mismatches == worst.mismatches == 0
    assert real.requests == worst.requests == 6
    assert real.cycles_mean <= real.cycles_max < worst.cycles_max
    assert worst.us_max == worst.cycles_max / 800
    assert worst.columns == 12 + 128 + 16
    assert worst.entries == heimdall.facts.weights and worst.padding == 0
    assert 0.5 < worst.utilisation < 1
    assert worst.load_cycles > 3 and worst.readback_cycles > 1
    assert worst.estimate_us is None and worst.ratio is None and not worst.deepened


@pytest.mark.rtl
def test_differences_fail(heimdall, measured):
    assert report(heimdall.facts, measured).passed
    wrong = [measured[0], measured[1].model_copy(update={"mismatches": 1})]
    assert not report(heimdall.facts, wrong).passed


@pytest.mark.rtl
@pytest.mark.parametrize(
    ("us", "passed", "stretched"), [(0.29, True, True), (0.45, True, False), (0.46, False, False)]
)
def test_bar_of_time(heimdall, measured, us, passed, stretched):
    update = {"network": "precise_linear-98", "machine": "wide32", "us_max": us}
    rows = [row.model_copy(update=update) for row in measured]
    bar = report(heimdall.facts, rows).verdicts[0]
    assert (bar.measured, bar.passed, bar.stretched) == (us, passed, stretched)


@pytest.mark.rtl
def test_page(heimdall, measured):
    page = mittos_page(report(heimdall.facts, measured))
    assert "`kiln`, today" in page and "weights drawn" not in page
    assert "with drawn weights, so that there is no accuracy" in page
    assert "| heimdall |" in page and "0 of 12" in page
    assert ".png" not in page and "## Accuracy" not in page


def test_sram_is_deepened_until_a_network_fits(heimdall):
    small = replace(TINY, spmat_depth=64)
    program = fitted(heimdall.cases[0], small)
    assert program.config == replace(TINY, spmat_depth=256)


def test_names():
    assert [each.name for each in chosen(["good_custom", "linnos"])] == [
        "good_custom-0",
        "good_custom-90",
        "good_custom-95",
        "linnos",
    ]
    assert chosen([]) == list(PREDICTORS)
    assert all(name in MACHINES for each in PREDICTORS for name in each.machines)
    with pytest.raises(ValueError, match="no network 'x'; there are precise_linear-90, "):
        chosen(["x"])
