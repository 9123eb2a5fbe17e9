"""The host registers, seen from AXI4-Lite."""

from pathlib import Path

import pytest

from hw.eie.config import EieConfig
from hw.eie.registers import Registers
from sim.runner import run_bench

CONFIGS = [
    EieConfig(n_pe=4, spmat_depth=16, ptr_depth=32, act_depth=8, file_depth=16, queue_limit=True),
    EieConfig(n_pe=1, spmat_depth=16, ptr_depth=32, act_depth=8, sram_latency=1, counters=False),
    EieConfig(n_pe=256, spmat_depth=16, ptr_depth=32, act_depth=8, sram_latency=4, max_passes=4096),
]


@pytest.mark.rtl
@pytest.mark.parametrize("config", CONFIGS, ids=lambda config: f"{config.n_pe}pe")
def test_registers(config):
    run_bench(Registers(config), __file__, parameters={"config": config})


@pytest.mark.rtl
@pytest.mark.parametrize("config", CONFIGS, ids=lambda config: f"{config.n_pe}pe")
def test_control(config):
    run_bench(
        Registers(config),
        Path(__file__).with_name("bench_registers_control.py"),
        parameters={"config": config},
    )
