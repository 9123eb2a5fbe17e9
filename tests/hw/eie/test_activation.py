"""Accumulator file, requantisation and source file."""

import pytest

from hw.eie.activation import AccumulatorFile, Requantise, SourceFile
from hw.eie.config import EieConfig
from sim.runner import run_bench

UNITS = [
    (AccumulatorFile, 16),
    (Requantise, 64),
    (SourceFile, 2),
    (SourceFile, 128),
]


@pytest.mark.rtl
@pytest.mark.parametrize("unit, file_depth", UNITS)
def test_activation(unit, file_depth):
    config = EieConfig(n_pe=4, spmat_depth=64, ptr_depth=64, act_depth=64, file_depth=file_depth)
    parameters = {"unit": unit.__name__, "config": config}
    run_bench(unit(config), __file__, parameters=parameters)
