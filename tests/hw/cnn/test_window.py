"""The line buffer."""

import pytest

from hw.cnn.window import LineBuffer
from sim.runner import run_bench
from tests.hw.bank import Bank
from tests.hw.cnn.convs import SHORT, WINDOWS


@pytest.mark.rtl
def test_window():
    run_bench(Bank(**{name: LineBuffer(c) for name, c in {**WINDOWS, **SHORT}.items()}), __file__)
