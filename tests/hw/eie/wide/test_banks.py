"""The pair of SRAM banks: any word and the one behind it in one cycle."""

import pytest

from hw.eie.config import EieConfig
from hw.eie.wide.banks import WordPair
from sim.runner import run_bench
from tests.hw.bank import Bank

SIZES = [(8, 1), (24, 2), (78, 3), (16, 4)]
"""Words, and SRAM latency."""

CONFIGS = [
    EieConfig(4, spmat_depth=depth, ptr_depth=64, act_depth=64, sram_latency=latency, lanes=8)
    for depth, latency in SIZES
]


@pytest.mark.rtl
def test_word_pair():
    units = {f"unit_{k}": WordPair(config) for k, config in enumerate(CONFIGS)}
    banks = [(f"top.{unit}.{bank}", "port__en") for unit in units for bank in ("even", "odd")]
    run_bench(Bank(**units), __file__, parameters={"configs": CONFIGS}, public=banks)
