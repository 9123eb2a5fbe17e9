"""Which machines there are for which boards."""

import pytest

from hw.boards.boards import BOARDS
from hw.cnn.config import SkipKind
from hw.cnn.system import Cnn
from hw.eie.config import PRESETS
from sim.fpga.machines import BUILT, SYNTHESISED, subject_of

ULX3S = BOARDS["ulx3s"]
MULTIPLIERS = {"digits": (82, 84), "resnet8": (84, 86)}
"""Without skips and with them."""


@pytest.mark.parametrize("board", BOARDS)
def test_eie(board):
    subject = subject_of("eie", BOARDS[board])
    assert subject.machine.n_pe == PRESETS[board].n_pe
    assert subject.design.engine().config == PRESETS[board]


@pytest.mark.parametrize("network", MULTIPLIERS)
@pytest.mark.parametrize("skips", [False, True])
def test_networks(network, skips):
    name = f"{network}-residual" if skips else network
    subject = subject_of(name, ULX3S)
    assert (subject.machine.name, subject.machine.skips) == (name, skips)
    assert subject.machine.multipliers == MULTIPLIERS[network][skips]
    engine = subject.design.engine()
    assert isinstance(engine, Cnn) and engine.config.bound == subject.machine.interval
    assert len(engine.config.skips) == 3 * skips
    # Of a queue of two beats one word would be read and written at once.
    assert all(s.kind is SkipKind.FIFO and s.depth > 2 for s in engine.config.skips)


def test_other_boards():
    with pytest.raises(ValueError, match="digits has no place on icebreaker; it is for ulx3s"):
        subject_of("digits", BOARDS["icebreaker"])


def test_names():
    assert {*BUILT, *SYNTHESISED} == {"eie", "digits", "digits-residual", "resnet8"}
