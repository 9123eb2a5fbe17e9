"""Whole convolutions."""

import pytest

from hw.cnn.stage import ConvStage
from sim.runner import run_bench
from tests.hw.bank import Bank
from tests.hw.cnn.convs import STAGES


@pytest.mark.rtl
def test_stage():
    units = {name: ConvStage(c, index) for index, (name, c) in enumerate(STAGES.items())}
    run_bench(Bank(**units), __file__)
