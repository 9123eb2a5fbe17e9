# amaranth: UnusedElaboratable=no
"""Queue and fork of streams."""

import pytest
from amaranth.hdl import signed
from amaranth.lib import data

from hw.stream import Fork, Queue
from sim.runner import run_bench
from tests.hw.bank import Bank

ITEM = data.StructLayout({"index": 7, "value": signed(16)})
DEPTHS = [1, 2, 3, 8]
LIMITED = 8
SINKS = [1, 2, 5]


@pytest.mark.rtl
def test_queue_and_fork():
    queues = {f"queue_{depth}": Queue(ITEM, depth) for depth in DEPTHS}
    forks = {f"fork_{n}": Fork(8, n) for n in SINKS}
    limited = Queue(ITEM, LIMITED, limited=True)
    parameters = {"depths": DEPTHS, "sinks": SINKS, "limited": LIMITED}
    run_bench(Bank(**queues, **forks, limited=limited), __file__, parameters=parameters)


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: Queue(8, 0), "Queue depth must be a positive integer, not 0"),
        (lambda: Queue(8, -1), "Queue depth must be a positive integer, not -1"),
        (lambda: Queue(8, "4"), "Queue depth must be a positive integer, not '4'"),
        (lambda: Fork(8, 0), "Number of sinks must be a positive integer, not 0"),
        (lambda: Fork(8, 1.5), "Number of sinks must be a positive integer, not 1.5"),
    ],
)
def test_refusals(make, message):
    with pytest.raises(ValueError) as caught:
        make()
    assert str(caught.value) == message
