"""Central control alone, with a model of the array."""

import pytest

from hw.eie.config import EieConfig
from hw.eie.control import Control
from sim.runner import run_bench

CONFIGS = [
    EieConfig(n_pe=n_pe, spmat_depth=64, ptr_depth=64, act_depth=16, sram_latency=n, max_passes=9)
    for n_pe, n in ((1, 1), (4, 2), (8, 3))
]


@pytest.mark.rtl
@pytest.mark.parametrize("config", CONFIGS, ids=lambda config: f"{config.n_pe}pe")
def test_control(config):
    run_bench(Control(config), __file__, parameters={"config": config})
