"""Pointer read: columns to ranges of entries."""

import pytest

from hw.eie.config import EieConfig
from hw.eie.pointer import PointerRead
from sim.runner import run_bench
from tests.hw.bank import Bank

SIZES = [(4, 1), (100, 2), (64, 3), (128, 4)]
"""Pointers and SRAM latency."""

CONFIGS = [
    EieConfig(n_pe=4, spmat_depth=64, ptr_depth=depth, act_depth=64, sram_latency=latency)
    for depth, latency in SIZES
]


@pytest.mark.rtl
def test_pointer_read():
    units = {f"unit_{k}": PointerRead(config) for k, config in enumerate(CONFIGS)}
    banks = [(f"top.{unit}.{bank}", "port__en") for unit in units for bank in ("even", "odd")]
    run_bench(Bank(**units), __file__, parameters={"configs": CONFIGS}, public=banks)
