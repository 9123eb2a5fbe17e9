"""The stream driver and monitor, on a queue and on components that break a stream's rules."""

import pytest
from amaranth.hdl import signed
from amaranth.lib import data

from hw.stream import Queue
from sim.runner import run_bench

ITEM = data.StructLayout({"index": 7, "value": signed(16)})


@pytest.mark.rtl
def test_queue():
    run_bench(Queue(ITEM, 4), __file__, parameters={"depth": 4})
