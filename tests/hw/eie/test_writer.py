"""The section writer alone: every kind of section, bus held and input stalled at random."""

import pytest

from hw.eie.config import EieConfig
from hw.eie.writer import SectionWriter
from sim.runner import run_bench

CONFIGS = [
    EieConfig(n_pe=n_pe, spmat_depth=64, ptr_depth=64, act_depth=64, lanes=lanes)
    for n_pe, lanes in ((1, 1), (8, 1), (4, 8))
]


@pytest.mark.rtl
@pytest.mark.parametrize("config", CONFIGS, ids=lambda config: f"{config.n_pe}x{config.lanes}")
def test_writer(config):
    run_bench(SectionWriter(config), __file__, parameters={"config": config})
