"""Central control alone, with a model of the array; the descriptor check by itself."""

from pathlib import Path

import pytest

from hw.eie.config import EieConfig
from hw.eie.control import Control, DescriptorCheck
from sim.runner import run_bench
from tests.hw.bank import Bank

CONFIGS = [
    EieConfig(
        n_pe=n_pe,
        spmat_depth=64,
        ptr_depth=64,
        act_depth=16,
        sram_latency=latency,
        max_passes=9,
        lanes=lanes,
        group_max=group,
    )
    for n_pe, latency, lanes, group in ((1, 1, 1, 1), (4, 2, 8, 16), (8, 3, 1, 1))
]

CHECKED = [
    EieConfig(n_pe=4, spmat_depth=64, ptr_depth=64, act_depth=16, file_depth=16),
    EieConfig(n_pe=1, spmat_depth=1 << 20, ptr_depth=1 << 16, act_depth=1 << 16, file_depth=128),
    EieConfig(n_pe=4, spmat_depth=64, ptr_depth=72, act_depth=16, lanes=2, group_max=4),
    EieConfig(
        n_pe=16,
        spmat_depth=1 << 20,
        ptr_depth=1 << 16,
        act_depth=1 << 16,
        file_depth=8,
        lanes=8,
        group_max=16,
    ),
    EieConfig(n_pe=8, spmat_depth=64, ptr_depth=128, act_depth=16, lanes=8),
]


@pytest.mark.rtl
@pytest.mark.parametrize("config", CONFIGS, ids=lambda config: f"{config.n_pe}x{config.lanes}")
def test_control(config):
    run_bench(Control(config), __file__, parameters={"config": config})


@pytest.mark.rtl
def test_descriptor_check():
    units = {f"unit_{k}": DescriptorCheck(config) for k, config in enumerate(CHECKED)}
    bench = Path(__file__).with_name("bench_descriptor.py")
    run_bench(Bank(**units), bench, parameters={"configs": CHECKED})
