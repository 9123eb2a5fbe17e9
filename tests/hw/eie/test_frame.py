"""The frame reader alone: where sections begin and end, and when it stops listening."""

import pytest

from hw.eie.frame import FrameReader
from sim.runner import run_bench


@pytest.mark.rtl
def test_frame():
    run_bench(FrameReader(), __file__)
