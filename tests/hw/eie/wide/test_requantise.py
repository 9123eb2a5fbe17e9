"""Requantisation of a wide PE."""

import pytest

from hw.eie.config import EieConfig
from hw.eie.wide.requantise import WideRequantise
from sim.runner import run_bench


@pytest.mark.rtl
@pytest.mark.parametrize("lanes, file_depth", [(2, 2), (8, 64)])
def test_requantise(lanes, file_depth):
    config = EieConfig(
        n_pe=4, spmat_depth=64, ptr_depth=64, act_depth=64, lanes=lanes, file_depth=file_depth
    )
    run_bench(WideRequantise(config), __file__, parameters={"config": config})
