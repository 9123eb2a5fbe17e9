"""The frame reader alone: where sections begin and end, and when it stops listening."""

import pytest

from hw.bus.frame import FrameReader
from sim.runner import run_bench


@pytest.mark.rtl
@pytest.mark.parametrize("serial", [False, True])
def test_frame(serial):
    run_bench(FrameReader(serial=serial), __file__, parameters={"serial": serial})
