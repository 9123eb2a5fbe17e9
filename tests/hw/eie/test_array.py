"""The array under central control computes what the golden model computes."""

import pytest

from hw.eie.config import EieConfig
from sim.runner import run_bench
from tests.hw.eie.core import Core

CONFIG = EieConfig(n_pe=4, spmat_depth=64, ptr_depth=128, act_depth=64, file_depth=4)


@pytest.mark.rtl
def test_array():
    run_bench(Core(CONFIG), __file__, parameters={"config": CONFIG})
