"""What keeps a block's input, and lets every other pixel through."""

import pytest

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


@pytest.mark.rtl
def test_skip():
    units = {name: SkipFifo(*case) for name, case in FIFOS.items()}
    units |= {name: FrameHold(*case) for name, case in HOLDS.items()}
    units |= {name: Subsample(*case) for name, case in SUBSAMPLES.items()}
    parameters = {"fifos": FIFOS, "holds": HOLDS, "subsamples": SUBSAMPLES}
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
