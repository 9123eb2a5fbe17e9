"""Sums of partial results over all PEs, for several numbers of PEs side by side."""

import pytest

from hw.eie.config import EieConfig
from hw.eie.wide.reduce import PartialSum
from sim.runner import run_bench
from tests.hw.bank import Bank

LEVELS = {1: 1, 2: 1, 4: 1, 8: 2, 32: 3}


def config_of(n_pe):
    return EieConfig(n_pe=n_pe, spmat_depth=64, ptr_depth=64, act_depth=64, lanes=2)


@pytest.mark.parametrize("n_pe, levels", [*LEVELS.items(), (16, 2), (64, 3), (256, 4)])
def test_levels(n_pe, levels):
    assert PartialSum(config_of(n_pe)).levels == levels


@pytest.mark.rtl
def test_sums():
    configs = [config_of(n_pe) for n_pe in LEVELS]
    units = {f"unit_{k}": PartialSum(config) for k, config in enumerate(configs)}
    parameters = {"configs": configs, "levels": list(LEVELS.values())}
    run_bench(Bank(**units), __file__, parameters=parameters)
