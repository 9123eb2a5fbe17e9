"""The readout on a bus whose every word is known."""

import pytest

from hw.eie.config import EieConfig
from hw.eie.readout import Readout
from sim.runner import run_bench

CONFIGS = [
    EieConfig(n_pe=1, spmat_depth=16, ptr_depth=32, act_depth=40, sram_latency=1, counters=False),
    EieConfig(n_pe=4, spmat_depth=24, ptr_depth=64, act_depth=12),
    EieConfig(n_pe=2, spmat_depth=24, ptr_depth=64, act_depth=12, lanes=4, group_max=8),
    EieConfig(n_pe=256, spmat_depth=1 << 20, ptr_depth=1 << 16, act_depth=1 << 16, sram_latency=4),
]


@pytest.mark.rtl
@pytest.mark.parametrize("config", CONFIGS, ids=lambda config: f"{config.n_pe}x{config.lanes}")
def test_readout(config):
    run_bench(Readout(config), __file__, parameters={"config": config})
