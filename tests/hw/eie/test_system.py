"""The whole engine through its AXI ports: equal to the golden model, and never stuck."""

from pathlib import Path

import pytest

from hw.eie.config import EieConfig
from hw.eie.system import Eie
from sim.runner import run_bench

CONFIGS = [
    EieConfig(
        n_pe=1,
        spmat_depth=512,
        ptr_depth=256,
        act_depth=128,
        file_depth=8,
        sram_latency=1,
        counters=False,
    ),
    EieConfig(n_pe=4, spmat_depth=256, ptr_depth=256, act_depth=64, file_depth=8, max_passes=32),
    EieConfig(
        n_pe=2,
        spmat_depth=256,
        ptr_depth=256,
        act_depth=64,
        file_depth=16,
        max_passes=32,
        lanes=4,
        group_max=8,
    ),
    EieConfig(
        n_pe=2,
        spmat_depth=256,
        ptr_depth=256,
        act_depth=64,
        file_depth=8,
        sram_latency=1,
        mul_stages=1,
        max_passes=32,
        counters=False,
        lean=True,
        dsp=True,
    ),
    EieConfig(n_pe=16, spmat_depth=128, ptr_depth=256, act_depth=20, file_depth=4, sram_latency=3),
]


@pytest.mark.rtl
@pytest.mark.parametrize("config", CONFIGS, ids=lambda config: f"{config.n_pe}x{config.lanes}")
def test_system(config):
    run_bench(Eie(config), __file__, parameters={"config": config})


@pytest.mark.rtl
@pytest.mark.parametrize("config", CONFIGS, ids=lambda config: f"{config.n_pe}x{config.lanes}")
def test_faults(config):
    run_bench(
        Eie(config),
        Path(__file__).with_name("bench_system_faults.py"),
        parameters={"config": config},
    )
