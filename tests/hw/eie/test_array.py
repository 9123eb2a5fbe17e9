"""The array under central control computes what the golden model computes."""

import pytest

from hw.eie.config import EieConfig
from sim.runner import run_bench
from tests.hw.eie.core import Core

CONFIGS = [
    EieConfig(n_pe=1, spmat_depth=1024, ptr_depth=1024, act_depth=256, file_depth=4),
    EieConfig(n_pe=2, spmat_depth=512, ptr_depth=512, act_depth=128, file_depth=8, sram_latency=1),
    EieConfig(n_pe=4, spmat_depth=512, ptr_depth=512, act_depth=64, file_depth=16),
    EieConfig(
        n_pe=8,
        spmat_depth=300,
        ptr_depth=500,
        act_depth=50,
        file_depth=4,
        queue_depth=2,
        sram_latency=3,
        mul_stages=3,
    ),
    EieConfig(n_pe=16, spmat_depth=512, ptr_depth=512, act_depth=64, mul_stages=1),
]


@pytest.mark.rtl
@pytest.mark.parametrize("config", CONFIGS, ids=lambda config: f"{config.n_pe}pe")
def test_array(config):
    run_bench(Core(config), __file__, parameters={"config": config})
