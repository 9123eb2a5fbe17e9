# amaranth: UnusedElaboratable=no
"""The stream driver and monitor, on a queue and on a unit that breaks the rules of streams."""

import re
from pathlib import Path

import pytest
from amaranth.hdl import signed
from amaranth.lib import data

from hw.stream import Queue
from sim.runner import BenchError, run_bench
from tests.sim.faulty import FAULTS, Faulty

ITEM = data.StructLayout({"index": 7, "value": signed(16)})

# What is said of each fault by the tests of bench_faulty.py; nothing where they pass.
MESSAGES = {
    ("test_items", "drops_valid"): r"o: valid fell before ready in cycle \d+",
    ("test_items", "changes_payload"): r"o: payload changed from \d+ to \d+ while waiting, in cy",
    ("test_items", "loses"): r"o: item 5 is 6, not 5",
    ("test_items", "repeats"): r"o: item 5 is 4, not 5",
    ("test_items", "reorders"): r"o: item 3 is 2, not 3",
    ("test_cycles", "late"): r"o: item 8 came in cycle \d+, not \d+",
}


@pytest.mark.rtl
def test_queue():
    assert run_bench(Queue(ITEM, 4), __file__) > 20


@pytest.mark.rtl
def test_rules():
    with pytest.raises(BenchError) as caught:
        run_bench(Faulty(), Path(__file__).with_name("bench_faulty.py"))
    said = {
        (match[1], FAULTS[int(match[2])]): match[3]
        for match in re.finditer(r"^(test_\w+)/fault=(\d+): (.*)$", str(caught.value), re.M)
    }
    for key, message in MESSAGES.items():
        assert re.match(message, said[key])
    fine = {("test_items", "none"), ("test_items", "late"), ("test_cycles", "none")}
    assert not fine & said.keys()
