"""The sweeps on small machines, and their plots."""

from dataclasses import replace

import pytest

from hw.eie.config import PRESETS
from sim.bench.eie import measure
from sim.bench.layers import LAYERS, BenchLayer
from sim.bench.markdown import eie_page
from sim.bench.plots import plot_pe_counts, plot_queue_depths, speed_ups
from sim.bench.results import EieReport, PresetResult
from sim.bench.sweeps import pe_config, sweep_pes, sweep_queue_depth
from sim.engine import EieEngine

TINY = PRESETS["tiny"]
LAYER = BenchLayer("mini", 150, 60, 0.2, 0.5, 1.0, 1.25, seed=5)


@pytest.mark.rtl
def test_sweeps(tmp_path):
    depths = sweep_queue_depth(TINY, [LAYER], depths=(1, 2, 8, 16), inputs=3)
    assert [point.queue_depth for point in depths] == [1, 2, 8, 16]
    assert all(point.compared and not point.mismatches for point in depths)
    assert depths[0].cycles > depths[1].cycles > depths[3].cycles
    assert depths[0].load_balance < depths[1].load_balance < depths[3].load_balance
    with EieEngine(TINY) as engine:
        whole = measure(engine, LAYER, 3)
    # A limited queue is a queue of that depth.
    assert depths[2].cycles == pytest.approx(whole.cycles_mean)
    assert depths[2].load_balance == pytest.approx(whole.load_balance)

    counts = sweep_pes([2, 4], [LAYER], configure=lambda n_pe, layers: replace(TINY, n_pe=n_pe))
    assert all(point.compared and not point.mismatches for point in counts)
    factors = speed_ups(counts)
    assert factors[0] == 2 and 3 < factors[1] < 4.1
    assert counts[0].load_balance > counts[1].load_balance

    plot_queue_depths(depths, tmp_path / "depths.png")
    plot_pe_counts(counts, tmp_path / "counts.png")
    assert all((tmp_path / name).stat().st_size > 5000 for name in ("depths.png", "counts.png"))
    report = EieReport(
        date="2026-01-02",
        command="kiln bench eie",
        presets=[PresetResult.of("tiny", TINY, [whole], None)],
        queue_depths=depths,
        pe_counts=counts,
    )
    page = eie_page(report)
    assert "12 inferences compared with the golden model, 0 mismatches" in page
    assert "| layer | 1 | 2 | 8 | 16 |" in page and "| layer | 2 | 4 |" in page


def test_few_pes_hold_the_vectors():
    assert pe_config(64, LAYERS).act_depth == 1024
    assert pe_config(1, LAYERS).act_depth == 32768
    assert pe_config(8, LAYERS).act_depth == 4096
