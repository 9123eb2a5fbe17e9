"""Rows of several entries at once, in geometries side by side."""

import pytest

from hw.eie.config import EieConfig
from hw.eie.wide.rows import RowSum
from sim.runner import run_bench
from tests.hw.bank import Bank

SHAPES = ((2, 2), (2, 64), (4, 4), (4, 32), (8, 8), (8, 64), (8, 128))


@pytest.mark.rtl
def test_row_sums():
    configs = [
        EieConfig(n_pe=4, spmat_depth=64, ptr_depth=64, act_depth=64, lanes=lanes, file_depth=depth)
        for lanes, depth in SHAPES
    ]
    units = {f"unit_{k}": RowSum(config) for k, config in enumerate(configs)}
    run_bench(Bank(**units), __file__, parameters={"configs": configs})
