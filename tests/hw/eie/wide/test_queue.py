"""The queue of a wide PE, of several depths."""

import pytest

from hw.eie.config import EieConfig
from hw.eie.wide.queue import GroupQueue
from sim.runner import run_bench
from tests.hw.bank import Bank

SIZES = [(1, 1), (2, 16), (6, 4)]
"""Depth, columns to a group."""


@pytest.mark.rtl
def test_group_queue():
    configs = [
        EieConfig(
            n_pe=4,
            spmat_depth=64,
            ptr_depth=64,
            act_depth=64,
            lanes=4,
            queue_depth=depth,
            group_max=group,
        )
        for depth, group in SIZES
    ]
    units = {f"unit_{k}": GroupQueue(config) for k, config in enumerate(configs)}
    run_bench(Bank(**units), __file__, parameters={"configs": configs})
