from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from sw.traces.ssd import Ssd, SsdConfig
from sw.traces.workload import Workload, draw, generate
from tests.sw.traces.cases import same


def test_seeds_decide_everything() -> None:
    a, b, c = (generate(300, seed) for seed in (3, 3, 4))
    assert same(a, b) and not same(a, c)
    assert len(a) == 300


@pytest.mark.parametrize(
    "workload",
    [
        Workload(),
        Workload(burst=1),
        Workload(burst_share=0),
        Workload(burst_share=1),
        Workload(burst=5, burst_share=0.4, burst_us=500),
        Workload(burst=0.2, burst_share=0.5),
    ],
)
def test_rate_and_shares_are_met(workload: Workload) -> None:
    asked = draw(replace(workload, iops=5000, reads=0.3, blocks=1000), 300_000, 5)
    seconds = asked.submit_us[-1] / 1e6
    assert len(asked) / seconds == pytest.approx(5000, rel=0.02)
    assert asked.is_read.mean() == pytest.approx(0.3, abs=0.005)
    shares = {int(pages): float((asked.size == 4096 * pages).mean()) for pages in (1, 2, 4, 8, 16)}
    wanted = {1: 0.6, 2: 0.15, 4: 0.12, 8: 0.08, 16: 0.05}
    assert shares == pytest.approx(wanted, abs=0.005)
    assert (asked.offset % 4096 == 0).all()
    assert asked.offset.min() == 0 and asked.offset.max() == 999 * 4096
    assert (np.diff(asked.submit_us) >= 0).all() and asked.submit_us[0] >= 0


def test_bursts_are_so_much_denser() -> None:
    """In windows much shorter than a burst, counts have the two rates' mixture: their variance is
    that of a Poisson process where the stream is even, and more by the spread of rates."""

    def counts(burst: float) -> np.ndarray:
        workload = Workload(iops=100_000, burst=burst, burst_share=0.5, burst_us=1e5)
        times = draw(workload, 400_000, 2).submit_us
        return np.bincount((times // 1000).astype(int))[:-1]

    even, bursty = counts(1), counts(3)
    assert even.mean() == pytest.approx(100, rel=0.02)
    assert even.var() == pytest.approx(100, rel=0.1)
    # Rates are 50 and 150 a window: variance 100 of the counts and 2500 of the rates.
    assert np.quantile(bursty, [0.1, 0.9]) == pytest.approx([44, 158], rel=0.1)


def test_answers_are_the_devices() -> None:
    config = SsdConfig(channels=2, buffer_pages=8, pool_pages=20)
    workload = Workload(blocks=50)
    trace, asked, device = generate(200, 9, workload, config), draw(workload, 200, 9), Ssd(config)
    for k in range(200):
        latency = device.submit(
            float(asked.submit_us[k]),
            bool(asked.is_read[k]),
            int(asked.size[k]),
            int(asked.offset[k]),
        )
        assert trace.latency_us[k] == latency
    assert np.array_equal(trace.submit_us, asked.submit_us)
    assert np.array_equal(trace.size, asked.size)
    assert device.collections > 1


@pytest.mark.parametrize("name", ["iops", "burst", "burst_us", "blocks"])
@pytest.mark.parametrize("value", [0, -2, np.nan])
def test_what_must_be_positive(name: str, value: float) -> None:
    with pytest.raises(ValueError, match=f"{name} must be positive, not {value}"):
        Workload(**{name: value})


@pytest.mark.parametrize("name", ["reads", "burst_share"])
@pytest.mark.parametrize("value", [-0.1, 1.1, np.nan])
def test_what_must_be_a_share(name: str, value: float) -> None:
    with pytest.raises(ValueError, match=f"{name} must be from 0 to 1, not {value}"):
        Workload(**{name: value})


@pytest.mark.parametrize("n", [0, -1])
def test_there_must_be_requests(n: int) -> None:
    with pytest.raises(ValueError, match=f"there must be at least 1 request, not {n}"):
        draw(Workload(), n, 1)
    with pytest.raises(ValueError, match="at least 1 request"):
        generate(n, 1)
