"""Span read: activation groups to ranges of entries."""

import pytest

from hw.eie.config import EieConfig
from hw.eie.wide.pointer import SpanRead
from sim.runner import run_bench
from tests.hw.bank import Bank

SIZES = [(8, 1, 2, 1), (104, 2, 8, 16), (64, 3, 4, 4), (136, 4, 2, 2), (64, 2, 8, 8)]
"""Pointers, SRAM latency, lanes, columns to a group."""

CONFIGS = [
    EieConfig(
        n_pe=4,
        spmat_depth=64,
        ptr_depth=depth,
        act_depth=64,
        sram_latency=latency,
        lanes=lanes,
        group_max=group,
    )
    for depth, latency, lanes, group in SIZES
]


@pytest.mark.rtl
def test_span_read():
    units = {f"unit_{k}": SpanRead(config) for k, config in enumerate(CONFIGS)}
    banks = [(f"top.{unit}.{bank}", "port__en") for unit in units for bank in ("even", "odd")]
    run_bench(Bank(**units), __file__, parameters={"configs": CONFIGS}, public=banks)
