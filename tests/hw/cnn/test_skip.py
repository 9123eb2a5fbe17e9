"""What keeps a block's input, and lets every other pixel through."""

import pytest
from amaranth.hdl import Module, Signal
from amaranth.lib import wiring

from hw.cnn.skip import FrameHold, SkipFifo, Subsample
from sim.runner import run_bench
from tests.hw.bank import Bank

FIFOS = {f"fifo_{depth}": (lanes, depth) for lanes, depth in ((1, 2), (2, 3), (1, 5), (3, 9))}
HOLDS = {"hold_12": (2, 3, 4, 2), "hold_16": (4, 4, 2, 2), "hold_1": (1, 1, 1, 1)}
SUBSAMPLES = {
    "even": (4, 4, 6, 2),
    "odd": (1, 3, 5, 1),
    "wide": (3, 1, 4, 3),
    "tall": (2, 5, 1, 1),
}


LATE = {"hold_12": 0, "hold_16": 5, "hold_1": 0}
"""Cycles from a frame's last beat on ``skip`` to its release."""


class Used(wiring.Component):
    """A frame's hold and who uses it: it is released when, or some cycles after, all was taken."""

    def __init__(self, shape, late):
        self.hold = FrameHold(*shape)
        self.late = late
        members = dict(self.hold.signature.members)
        del members["release"]
        super().__init__(members)

    def elaborate(self, platform):
        m = Module()
        m.submodules.hold = hold = self.hold
        for name in ("i", "o", "skip"):
            mine = wiring.flipped(getattr(self, name))
            wiring.connect(m, *(getattr(hold, name), mine)[:: -1 if name == "i" else 1])
        left = Signal(range(hold.beats), init=hold.beats - 1)
        taken = hold.skip.valid & hold.skip.ready
        with m.If(taken):
            m.d.sync += left.eq(left - 1)
            with m.If(left == 0):
                m.d.sync += left.eq(hold.beats - 1)
        used = [taken & (left == 0)]
        for k in range(self.late):
            used.append(Signal(name=f"used_{k}"))
            m.d.sync += used[-1].eq(used[-2])
        m.d.comb += hold.release.eq(used[-1])
        return m


@pytest.mark.rtl
def test_skip():
    units = {name: SkipFifo(*case) for name, case in FIFOS.items()}
    units |= {name: Used(case, LATE[name]) for name, case in HOLDS.items()}
    units |= {name: Subsample(*case) for name, case in SUBSAMPLES.items()}
    units["limited"] = SkipFifo(1, 9, adjustable=True)
    parameters = {"fifos": FIFOS, "holds": HOLDS, "subsamples": SUBSAMPLES, "late": LATE}
    run_bench(Bank(**units), __file__, parameters=parameters)


@pytest.mark.parametrize(
    ("lanes", "depth", "message"),
    [
        (0, 4, "lanes must be a positive integer, not 0"),
        (1, 1, "depth must be an integer of at least 2, not 1"),
        (1, "8", "depth must be an integer of at least 2, not '8'"),
    ],
)
def test_fifo_refusals(lanes, depth, message):
    with pytest.raises(ValueError) as caught:
        SkipFifo(lanes, depth)
    assert str(caught.value) == message


@pytest.mark.parametrize("unit", [FrameHold, Subsample])
@pytest.mark.parametrize(
    ("shape", "message"),
    [
        ((0, 2, 2, 1), "channels must be a positive integer, not 0"),
        ((1, 0, 2, 1), "height must be a positive integer, not 0"),
        ((1, 2, -3, 1), "width must be a positive integer, not -3"),
        ((1, 2, 2, None), "lanes must be a positive integer, not None"),
        ((6, 2, 2, 4), "lanes must divide the 6 channels, not 4"),
    ],
)
def test_frame_refusals(unit, shape, message):
    with pytest.raises(ValueError) as caught:
        unit(*shape)
    assert str(caught.value) == message
