"""Dot products."""

import pytest

from hw.cnn.multiply import DotProducts
from sim.runner import run_bench
from tests.hw.bank import Bank
from tests.hw.cnn.convs import DOTS


@pytest.mark.rtl
def test_multiply():
    units = {name: DotProducts(c, index) for index, (name, c) in enumerate(DOTS.items())}
    run_bench(Bank(**units), __file__)
