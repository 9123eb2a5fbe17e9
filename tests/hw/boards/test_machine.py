"""A board's whole gateware through its UART pins: results equal to the golden model's."""

import pytest

from hw.boards.machine import SerialEie
from hw.eie.config import PRESETS
from sim.runner import run_bench

DIVISOR = 4
PATIENCE = 4000
BOARDS = ["icebreaker", "ulx3s"]


@pytest.mark.rtl
@pytest.mark.parametrize("board", BOARDS)
def test_machine(board):
    config = PRESETS[board]
    machine = SerialEie(config, divisor=DIVISOR, patience=PATIENCE)
    parameters = {"config": config, "divisor": DIVISOR, "patience": PATIENCE}
    run_bench(machine, __file__, parameters=parameters)
