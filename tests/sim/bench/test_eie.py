"""A small layer through the benchmark, and its page."""

from dataclasses import replace

import pytest

from hw.eie.config import PRESETS
from sim.bench.eie import measure
from sim.bench.layers import BenchLayer
from sim.bench.markdown import eie_page
from sim.bench.results import Bars, EieReport, PresetResult
from sim.engine import EieEngine

TINY = PRESETS["tiny"]
LAYER = BenchLayer("mini", 150, 60, 0.2, 0.5, 1.0, 1.25, seed=5)
BARS = Bars(event_deviation=0.15, ratio_low=0.85, ratio_high=1.10)


@pytest.fixture(scope="module")
def result():
    done = []
    with EieEngine(TINY) as engine:
        result = measure(engine, LAYER, 12, done.append)
    assert sum(done) == pytest.approx(12 * LAYER.cost(4))
    return result


@pytest.mark.rtl
def test_layer(result):
    assert (result.requests, result.compared, result.mismatches, result.counted) == (12, 12, 0, 8)
    work = 150 * 60 * 0.2 * 0.5 / 4
    assert work < result.cycles_mean <= result.cycles_max < 2 * work
    assert result.us_mean == result.cycles_mean / 800
    assert result.ratio == result.us_mean / 1.25
    assert -0.02 < result.event_deviation < 0.4  # biases and drain weigh in a small layer
    assert result.utilisation < result.load_balance < 1
    assert result.padding_share == 0  # of 16 rows at most 15 come before an entry
    assert result.load_cycles > 150 and result.readback_cycles > 60
    assert (result.batches, result.reload_cycles, result.repeat_difference) == (1, 0, 0)


@pytest.mark.rtl
def test_layer_in_batches(result):
    """The same layer where pointers do not fit: as many cycles, but for three starts."""
    config = replace(TINY, ptr_depth=64)
    with EieEngine(config) as engine:
        split = measure(engine, LAYER, 12)
    assert (split.requests, split.compared, split.mismatches, split.batches) == (12, 8, 0, 3)
    assert result.cycles_mean < split.cycles_mean < result.cycles_mean + 120
    assert split.reload_cycles > 3 * 4 * 30 and split.repeat_difference < 10
    assert split.activity.multiply_accumulates == result.activity.multiply_accumulates


@pytest.mark.rtl
def test_page(result):
    split = result.model_copy(update={"layer": "halves", "batches": 2, "mismatches": 1})
    rows = [result, split]
    report = EieReport(
        date="2026-01-02",
        command="kiln bench eie",
        presets=[PresetResult.of("tiny", TINY, rows, None)],
    )
    assert not report.presets[0].passed
    page = eie_page(report)
    assert "`kiln bench eie`, 2026-01-02." in page
    assert "## tiny: 4 PEs" in page
    assert "| mini | " in page and "| 0 of 12 | pass |" in page and "| 1 of 12 | FAIL |" in page
    assert "halves: the column pointers do not fit at once" in page
    assert EieReport.model_validate_json(report.model_dump_json()) == report


@pytest.mark.rtl
def test_bars(result):
    good = result.model_copy(update={"event_deviation": -0.15, "ratio": 1.1})
    far = result.model_copy(update={"event_deviation": 0.16, "ratio": 1.1})
    slow = good.model_copy(update={"ratio": 1.2})

    def passed(*layers):
        return PresetResult.of("tiny", TINY, list(layers), BARS).passed

    assert passed(good) and not passed(far)
    assert passed(*[good] * 9) and not passed(*[slow] * 9)
    assert passed(*[slow] * 8)  # the mean is only judged over all layers
