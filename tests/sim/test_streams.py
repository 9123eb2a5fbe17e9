# amaranth: UnusedElaboratable=no
"""The stream driver and monitor, on a queue and on a unit that breaks the rules of streams."""

import re

import pytest
from amaranth.hdl import signed
from amaranth.lib import data

from hw.stream import Queue
from sim.runner import BenchError, run_bench
from tests.sim.faulty import FAULTS, Faulty

ITEM = data.StructLayout({"index": 7, "value": signed(16)})

MESSAGES = {
    "none": None,
    "drops_valid": r"o: valid fell before ready in cycle \d+",
    "changes_payload": r"o: payload changed from \d+ to \d+ while waiting, in cycle \d+",
    "loses": r"no end of the streams within 3400 cycles",
    "repeats": r"o: item 5 is 4, not 5",
    "reorders": r"o: item 3 is 2, not 3",
    "late": None,
}


@pytest.mark.rtl
def test_queue():
    run_bench(Queue(ITEM, 4), __file__)


@pytest.mark.rtl
@pytest.mark.parametrize("fault", FAULTS)
def test_rules(fault):
    def run(testcase):
        parameters = {"fault": FAULTS.index(fault)}
        path = __file__.replace("test_streams", "bench_faulty")
        return run_bench(Faulty(), path, parameters=parameters, testcase=testcase)

    if MESSAGES[fault] is None:
        assert run("test_items") == 1
    else:
        with pytest.raises(BenchError) as caught:
            run("test_items")
        assert re.search(MESSAGES[fault], str(caught.value))
    if fault == "late":
        with pytest.raises(BenchError, match=r"o: item 8 came in cycle \d+, not \d+"):
            run("test_cycles")
