"""The host registers, seen from AXI4-Lite."""

import pytest

from hw.cnn.registers import Registers
from sim.runner import run_bench
from tests.hw.cnn.pipelines import PIPELINES


@pytest.mark.rtl
def test_registers():
    run_bench(Registers(PIPELINES["block"]), __file__, parameters={"pipeline": "block"})
