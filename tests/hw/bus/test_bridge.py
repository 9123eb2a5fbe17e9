"""The bridge between requests and AXI ports, against independent AXI subordinates."""

import pytest

from hw.bus.bridge import Bridge
from sim.runner import run_bench

PATIENCE = 60


def test_bad_patience():
    with pytest.raises(ValueError) as caught:
        Bridge(12, 1)
    assert str(caught.value) == "Patience must be an integer of at least 2, not 1"


@pytest.mark.rtl
def test_bridge():
    run_bench(Bridge(12, PATIENCE), __file__, parameters={"patience": PATIENCE})
