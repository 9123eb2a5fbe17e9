"""Sparse-matrix read of a wide PE: spans and pass slots to operations."""

import pytest

from hw.eie.config import EieConfig
from hw.eie.wide.spmat import WideSpmatRead
from sim.runner import run_bench
from tests.hw.bank import Bank

SIZES = [(8, 2, 1, 2, 1), (78, 16, 2, 4, 16), (8194, 8, 3, 8, 8), (300, 128, 4, 8, 16)]
"""Words of SRAM, rows of the accumulator file, SRAM latency, lanes, columns to a group. The third
has room for all entries that pointers of 16 bits can tell of."""

CONFIGS = [
    EieConfig(
        8,
        spmat_depth=depth,
        ptr_depth=64,
        act_depth=64,
        file_depth=rows,
        sram_latency=cycles,
        lanes=lanes,
        group_max=group,
    )
    for depth, rows, cycles, lanes, group in SIZES
]


@pytest.mark.rtl
def test_wide_spmat_read():
    units = {f"unit_{k}": WideSpmatRead(config) for k, config in enumerate(CONFIGS)}
    banks = [(f"top.{unit}.pair.{bank}", "port__en") for unit in units for bank in ("even", "odd")]
    banks += [(f"top.{unit}", "waiting") for unit in units]  # so that the simulator knows the unit
    banks += [(f"top.{unit}.pair", "needs") for unit in units]
    run_bench(Bank(**units), __file__, parameters={"configs": CONFIGS}, public=banks)
