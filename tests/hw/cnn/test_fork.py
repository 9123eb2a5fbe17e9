"""One stream for two readers."""

import pytest

from hw.cnn.config import Number
from hw.cnn.fork import Fork
from sim.runner import run_bench
from tests.hw.bank import Bank

UNITS = {"u8_2": (Number.U8, 2), "s16_1": (Number.S16, 1)}


@pytest.mark.rtl
def test_fork():
    units = {name: (number.value, lanes) for name, (number, lanes) in UNITS.items()}
    bank = Bank(**{name: Fork(*unit) for name, unit in UNITS.items()})
    run_bench(bank, __file__, parameters={"units": units})


@pytest.mark.parametrize("lanes", [0, -1, "2", 1.0])
def test_refusals(lanes):
    with pytest.raises(ValueError) as caught:
        Fork(Number.U8, lanes)
    assert str(caught.value) == f"lanes must be a positive integer, not {lanes!r}"
