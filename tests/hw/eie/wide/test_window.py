"""Lane select: entries to the activations of their columns."""

import pytest

from hw.eie.config import EieConfig
from hw.eie.wide.window import LaneSelect
from sim.runner import run_bench
from tests.hw.bank import Bank

SIZES = [(2, 1), (2, 2), (4, 4), (2, 16), (8, 8), (8, 16)]
"""Lanes, and columns to a group."""

CONFIGS = [
    EieConfig(8, spmat_depth=64, ptr_depth=64, act_depth=64, lanes=lanes, group_max=group)
    for lanes, group in SIZES
]


@pytest.mark.rtl
def test_lane_select():
    units = {f"unit_{k}": LaneSelect(config) for k, config in enumerate(CONFIGS)}
    run_bench(Bank(**units), __file__, parameters={"configs": CONFIGS})
