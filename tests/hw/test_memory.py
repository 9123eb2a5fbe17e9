# amaranth: UnusedElaboratable=no
"""Single-port SRAM: its accesses, and the macro it becomes in synthesis."""

import re

import pytest

from hw.emit import emit
from hw.memory import MemoryMacros, Sram
from sim.runner import run_bench
from tests.hw.bank import Bank

GEOMETRIES = [(8, 1, 1), (6, 16, 1), (32, 64, 2), (13, 33, 2), (1, 8, 2), (100, 7, 3), (16, 5, 4)]
"""Depth, width, latency; depths that are no power of two among them."""


@pytest.mark.rtl
def test_accesses():
    units = {f"sram_{k}": Sram(*geometry) for k, geometry in enumerate(GEOMETRIES)}
    run_bench(Bank(**units), __file__, parameters={"geometries": GEOMETRIES})


def test_macros():
    platform = MemoryMacros()
    units = {"a": Sram(100, 7, 3), "b": Sram(64, 16, 2), "c": Sram(100, 7, 3)}
    text = emit(Bank(**units), platform=platform).verilog
    assert platform.used == {"sram_1rw_100x7_l3": (100, 7, 3), "sram_1rw_64x16_l2": (64, 16, 2)}
    macros = re.findall(r"^  (sram\w+) macro \((.*?)\);$", text, re.M | re.S)
    assert sorted(name for name, _ in macros) == [*2 * ["sram_1rw_100x7_l3"], "sram_1rw_64x16_l2"]
    for _, pins in macros:
        ports = {"clk", "en", "write", "addr", "wdata", "rdata"}
        assert set(re.findall(r"\.(\w+)\(", pins)) == ports
    assert "module sram" not in text and "\n  reg " not in text


@pytest.mark.parametrize("field", ["depth", "width", "latency"])
@pytest.mark.parametrize("value", [0, -1, 2.0, None])
def test_refusals(field, value):
    with pytest.raises(ValueError) as caught:
        Sram(**{"depth": 8, "width": 8, "latency": 1, field: value})
    assert str(caught.value) == f"SRAM {field} must be a positive integer, not {value!r}"
