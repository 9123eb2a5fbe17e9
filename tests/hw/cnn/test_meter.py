"""Counters of a running network against counts by hand."""

import pytest

from hw.cnn.meter import Meter
from sim.runner import run_bench

UNITS = 3


@pytest.mark.rtl
def test_meter():
    run_bench(Meter(UNITS), __file__, parameters={"units": UNITS})
