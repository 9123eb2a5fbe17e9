"""Packets in and out of the link, without a line."""

import pytest

from hw.bus.packet import PacketLink
from sim.runner import run_bench

PATIENCE = 40


@pytest.mark.parametrize("patience", [1, 2.0, "4"])
def test_bad_patience(patience):
    with pytest.raises(ValueError) as caught:
        PacketLink(patience)
    assert str(caught.value) == f"Patience must be an integer of at least 2, not {patience!r}"


@pytest.mark.rtl
def test_packet():
    run_bench(PacketLink(PATIENCE), __file__, parameters={"patience": PATIENCE})
