"""Bytes of words."""

import pytest

from hw.cnn.unpack import Unpack
from sim.runner import run_bench
from tests.hw.bank import Bank

UNITS = {f"bytes_{count}": count for count in (1, 5, 8, 13, 16, 49)}


@pytest.mark.rtl
def test_unpack():
    bank = Bank(**{name: Unpack(count) for name, count in UNITS.items()})
    run_bench(bank, __file__, parameters={"units": UNITS})


@pytest.mark.parametrize("count", [0, -8, "64", None])
def test_refusals(count):
    with pytest.raises(ValueError) as caught:
        Unpack(count)
    assert str(caught.value) == f"frame_bytes must be a positive integer, not {count!r}"
