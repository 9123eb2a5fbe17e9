"""The loader against a model of what frames mean, on good frames and on all kinds of bad ones."""

from pathlib import Path

import pytest

from hw.eie.config import EieConfig
from hw.eie.loader import Loader
from sim.runner import run_bench

CONFIGS = [
    EieConfig(n_pe=1, spmat_depth=16, ptr_depth=32, act_depth=40, file_depth=16, max_passes=1),
    EieConfig(n_pe=4, spmat_depth=24, ptr_depth=64, act_depth=8, file_depth=4, max_passes=3),
    EieConfig(
        n_pe=4, spmat_depth=24, ptr_depth=64, act_depth=8, file_depth=4, max_passes=2, lanes=2
    ),
    EieConfig(
        n_pe=2,
        spmat_depth=24,
        ptr_depth=64,
        act_depth=8,
        file_depth=4,
        max_passes=3,
        counters=False,
        lean=True,
        dsp=True,
    ),
    EieConfig(n_pe=16, spmat_depth=9, ptr_depth=20, act_depth=6, file_depth=2, max_passes=5),
]


@pytest.mark.rtl
@pytest.mark.parametrize("config", CONFIGS, ids=lambda config: f"{config.n_pe}x{config.lanes}")
def test_loader(config):
    run_bench(Loader(config), __file__, parameters={"config": config})


@pytest.mark.rtl
@pytest.mark.parametrize("config", CONFIGS, ids=lambda config: f"{config.n_pe}x{config.lanes}")
def test_faults(config):
    run_bench(
        Loader(config),
        Path(__file__).with_name("bench_loader_faults.py"),
        parameters={"config": config},
    )
