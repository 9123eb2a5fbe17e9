"""The array under central control computes what the golden model computes."""

import pytest

from hw.eie.config import EieConfig
from sim.runner import run_bench
from tests.hw.eie.core import Core

CONFIGS = [
    EieConfig(n_pe=4, spmat_depth=64, ptr_depth=128, act_depth=64, file_depth=4),
    EieConfig(
        n_pe=2,
        spmat_depth=64,
        ptr_depth=128,
        act_depth=64,
        file_depth=4,
        sram_latency=1,
        mul_stages=1,
        counters=False,
        lean=True,
        dsp=True,
    ),
    EieConfig(
        n_pe=8, spmat_depth=64, ptr_depth=128, act_depth=64, file_depth=8, lanes=4, group_max=16
    ),
]


@pytest.mark.rtl
@pytest.mark.parametrize("config", CONFIGS, ids=lambda config: f"{config.n_pe}x{config.lanes}")
def test_array(config):
    run_bench(Core(config), __file__, parameters={"config": config})
