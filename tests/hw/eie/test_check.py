"""The section check against the model's judgement."""

import pytest

from hw.eie.check import SectionCheck
from hw.eie.config import EieConfig
from sim.runner import run_bench

CONFIGS = [
    EieConfig(n_pe=1, spmat_depth=1 << 20, ptr_depth=1 << 16, act_depth=1 << 16, max_passes=4096),
    EieConfig(n_pe=4, spmat_depth=64, ptr_depth=64, act_depth=9, lanes=8, group_max=16),
    EieConfig(n_pe=256, spmat_depth=9, ptr_depth=20, act_depth=6, file_depth=2, max_passes=1),
]


@pytest.mark.rtl
@pytest.mark.parametrize("config", CONFIGS, ids=lambda config: f"{config.n_pe}x{config.lanes}")
def test_check(config):
    run_bench(SectionCheck(config), __file__, parameters={"config": config})
