"""Sparse-matrix read: columns and pass slots to operations."""

import pytest

from hw.eie.config import EieConfig
from hw.eie.spmat import SpmatRead
from sim.runner import run_bench
from tests.hw.bank import Bank

SIZES = [(8, 2, 1), (77, 16, 2), (8194, 4, 3), (300, 128, 4)]
"""Words of SRAM, rows of the accumulator file, SRAM latency. The third has room for all columns
that pointers of 16 bits can tell of."""

CONFIGS = [
    EieConfig(
        4, spmat_depth=depth, ptr_depth=64, act_depth=64, file_depth=rows, sram_latency=cycles
    )
    for depth, rows, cycles in SIZES
]


@pytest.mark.rtl
def test_spmat_read():
    units = {f"unit_{k}": SpmatRead(config) for k, config in enumerate(CONFIGS)}
    enables = [(f"top.{unit}.sram", "port__en") for unit in units]
    run_bench(Bank(**units), __file__, parameters={"configs": CONFIGS}, public=enables)
