"""Arithmetic of a wide PE, in geometries side by side."""

import pytest

from hw.eie.config import EieConfig
from hw.eie.wide.arith import WideArithmetic
from sim.runner import run_bench
from tests.hw.bank import Bank

SHAPES = ((2, 2, 2), (2, 4, 64), (4, 3, 4), (8, 2, 64), (8, 4, 8))
"""Lanes, stages of the multipliers, rows."""


@pytest.mark.rtl
def test_wide_arithmetic():
    configs = [
        EieConfig(
            n_pe=4,
            spmat_depth=64,
            ptr_depth=64,
            act_depth=64,
            lanes=lanes,
            mul_stages=stages,
            file_depth=depth,
        )
        for lanes, stages, depth in SHAPES
    ]
    units = {f"unit_{k}": WideArithmetic(config) for k, config in enumerate(configs)}
    run_bench(Bank(**units), __file__, parameters={"configs": configs})
