# amaranth: UnusedElaboratable=no
"""Queue and register of streams."""

import pytest
from amaranth.hdl import signed
from amaranth.lib import data

from hw.stream import OutputRegister, Queue
from sim.runner import run_bench
from tests.hw.bank import Bank

ITEM = data.StructLayout({"index": 7, "value": signed(16)})
DEPTHS = [1, 2, 3, 8]


@pytest.mark.rtl
def test_queue_and_register():
    queues = {f"queue_{depth}": Queue(ITEM, depth) for depth in DEPTHS}
    bank = Bank(**queues, register=OutputRegister(ITEM))
    run_bench(bank, __file__, parameters={"depths": DEPTHS})


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: Queue(8, 0), "Queue depth must be a positive integer, not 0"),
        (lambda: Queue(8, -1), "Queue depth must be a positive integer, not -1"),
        (lambda: Queue(8, "4"), "Queue depth must be a positive integer, not '4'"),
    ],
)
def test_refusals(make, message):
    with pytest.raises(ValueError) as caught:
        make()
    assert str(caught.value) == message
