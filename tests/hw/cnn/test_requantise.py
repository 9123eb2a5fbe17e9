"""From sums to activations."""

import pytest

from hw.cnn.requantise import Requantise
from sim.runner import run_bench
from tests.hw.bank import Bank
from tests.hw.cnn.convs import REQUANTISERS


@pytest.mark.rtl
def test_requantise():
    units = {name: Requantise(c, index) for index, (name, c) in enumerate(REQUANTISERS.items())}
    run_bench(Bank(**units), __file__)
