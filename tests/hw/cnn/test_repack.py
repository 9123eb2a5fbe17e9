"""Beats put together and taken apart."""

import pytest

from hw.cnn.config import Number
from hw.cnn.repack import Repack
from sim.runner import run_bench
from tests.hw.bank import Bank

UNITS = {
    "u8_1_4": (Number.U8, 1, 4),
    "s16_2_6": (Number.S16, 2, 6),
    "u8_2_4": (Number.U8, 2, 4),
    "s16_4_1": (Number.S16, 4, 1),
    "u8_6_2": (Number.U8, 6, 2),
    "s32_2_2": (Number.S32, 2, 2),
}


@pytest.mark.rtl
def test_repack():
    units = {name: (number.value, *lanes) for name, (number, *lanes) in UNITS.items()}
    bank = Bank(**{name: Repack(*unit) for name, unit in UNITS.items()})
    run_bench(bank, __file__, parameters={"units": units})


@pytest.mark.parametrize(
    ("before", "after", "message"),
    [
        (0, 1, "before must be a positive integer, not 0"),
        (1, -2, "after must be a positive integer, not -2"),
        ("2", 1, "before must be a positive integer, not '2'"),
        (4, 6, "one of before and after must divide the other, not 4 and 6"),
        (3, 2, "one of before and after must divide the other, not 3 and 2"),
    ],
)
def test_refusals(before, after, message):
    with pytest.raises(ValueError) as caught:
        Repack(Number.U8, before, after)
    assert str(caught.value) == message
