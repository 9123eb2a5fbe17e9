"""The whole streaming network, from AXI to AXI, against the golden model."""

from pathlib import Path

import pytest

from hw.cnn.system import Cnn
from sim.runner import run_bench
from tests.hw.cnn.networks import Case


@pytest.mark.rtl
def test_system():
    run_bench(Cnn(Case(1).compiled.config), __file__)


@pytest.mark.rtl
def test_faults():
    run_bench(Cnn(Case(1).compiled.config), Path(__file__).with_name("bench_system_faults.py"))
