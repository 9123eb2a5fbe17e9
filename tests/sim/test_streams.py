"""The stream driver and monitor, on a queue and on components that break a stream's rules."""

import pytest
from amaranth.hdl import Module, Signal, signed
from amaranth.lib import data, stream, wiring
from amaranth.lib.fifo import SyncFIFO
from amaranth.lib.wiring import In, Out

from hw.stream import Queue
from sim.payload import Codec
from sim.runner import BenchError, run_bench
from sim.stalls import PROFILES, Stalls

ITEM = data.StructLayout({"index": 7, "value": signed(16)})


@pytest.mark.rtl
def test_queue():
    run_bench(Queue(ITEM, 4), __file__, parameters={"depth": 4})
