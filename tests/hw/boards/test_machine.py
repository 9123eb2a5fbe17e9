"""A board's whole gateware through its UART pins: results equal to the golden model's."""

from pathlib import Path

import pytest

from hw.boards.machine import SerialMachine
from hw.cnn.system import Cnn
from hw.eie.config import PRESETS
from hw.eie.system import Eie
from sim.runner import run_bench
from tests.hw.cnn.networks import Case

DIVISOR = 4
PATIENCE = 4000
BOARDS = ["icebreaker", "ulx3s"]


def run(engine, bench, **parameters):
    machine = SerialMachine(engine, divisor=DIVISOR, patience=PATIENCE)
    parameters |= {"divisor": DIVISOR, "patience": PATIENCE}
    run_bench(machine, Path(__file__).with_name(bench), parameters=parameters)


@pytest.mark.rtl
@pytest.mark.parametrize("board", BOARDS)
def test_eie(board):
    config = PRESETS[board]
    run(Eie(config), "bench_eie.py", config=config)


@pytest.mark.rtl
def test_cnn():
    run(Cnn(Case(1).compiled.config), "bench_cnn.py")
