"""The sum that ends a block with a skip."""

import pytest

from hw.cnn.add import Add
from hw.cnn.config import AddConfig, Number
from sim.runner import run_bench
from tests.hw.bank import Bank

UNITS = {
    "wide": (AddConfig(4, 2, 3, lanes=2), 0),
    "identity": (AddConfig(3, 2, 2, lanes=3, second=Number.U8), 7),
    "narrow": (AddConfig(2, 1, 1), 255),
}


@pytest.mark.rtl
def test_add():
    units = {
        name: (each.second.value, each.lanes, index, each.cycles)
        for name, (each, index) in UNITS.items()
    }
    bank = Bank(**{name: Add(*unit) for name, unit in UNITS.items()})
    run_bench(bank, __file__, parameters={"units": units})
