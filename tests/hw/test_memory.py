# amaranth: UnusedElaboratable=no
"""SRAMs: their accesses, and the macros they become in synthesis."""

import re

import pytest

from hw.emit import emit
from hw.memory import SMALLEST_BITS, DualPortSram, Macro, MemoryMacros, Sram, in_flip_flops
from sim.runner import run_bench
from tests.hw.bank import Bank

GEOMETRIES = [(8, 1, 1), (6, 16, 1), (32, 64, 2), (13, 33, 2), (1, 8, 2), (100, 7, 3), (16, 5, 4)]
"""Depth, width, latency; depths that are no power of two among them."""
DUALS = [
    (1, 8, False),
    (5, 3, True),
    (16, 32, False),
    (100, 8, False),
    (67, 9, True),
    (1, 600, True),
]
"""Depth, width, and whether a read gives what is being written."""


@pytest.mark.rtl
def test_accesses():
    units = {f"sram_{k}": Sram(*geometry) for k, geometry in enumerate(GEOMETRIES)}
    units |= {f"dual_{k}": DualPortSram(d, w, transparent=t) for k, (d, w, t) in enumerate(DUALS)}
    run_bench(Bank(**units), __file__, parameters={"geometries": GEOMETRIES, "duals": DUALS})


def test_macros():
    platform = MemoryMacros()
    units = {"a": Sram(100, 7, 3), "b": Sram(64, 16, 2), "c": Sram(100, 7, 3)}
    text = emit(Bank(**units), platform=platform).verilog
    assert platform.used == {
        "sram_1rw_100x7_l3": Macro(100, 7, 3),
        "sram_1rw_64x16_l2": Macro(64, 16, 2),
    }
    macros = re.findall(r"^  (sram\w+) macro \((.*?)\);$", text, re.M | re.S)
    assert sorted(name for name, _ in macros) == [*2 * ["sram_1rw_100x7_l3"], "sram_1rw_64x16_l2"]
    for _, pins in macros:
        ports = {"clk", "en", "write", "addr", "wdata", "rdata"}
        assert set(re.findall(r"\.(\w+)\(", pins)) == ports
    assert "module sram" not in text and "\n  reg " not in text


def test_macros_of_two_ports():
    platform = MemoryMacros()
    units = {"a": DualPortSram(64, 8), "b": DualPortSram(1, 512), "c": DualPortSram(63, 8)}
    text = emit(Bank(**units), platform=platform).verilog
    assert platform.used == {
        "sram_1r1w_64x8_l1": Macro(64, 8, 1, "1r1w"),
        "sram_1r1w_1x512_l1": Macro(1, 512, 1, "1r1w"),
    }
    assert all(name == macro.name for name, macro in platform.used.items())
    macros = re.findall(r"^  (sram\w+) macro \((.*?)\);$", text, re.M | re.S)
    pins = {name: set(re.findall(r"\.(\w+)\(", pins)) for name, pins in macros}
    ports = {"clk", "wen", "waddr", "wdata", "ren", "raddr", "rdata"}
    # An address of no bits is left out where the macro's module is made or read.
    assert pins["sram_1r1w_64x8_l1"] == ports
    assert pins["sram_1r1w_1x512_l1"] >= ports - {"waddr", "raddr"}
    # The one that is too small is words and a register in the text itself.
    assert len(re.findall(r"^  reg \[7:0\] .* \[62:0\];$", text, re.M)) == 1


@pytest.mark.parametrize("make", [lambda d, w: Sram(d, w, 1), DualPortSram])
@pytest.mark.parametrize("depth, width", [(16, 31), (16, 32)])
def test_small_memories_are_no_macros(make, depth, width):
    platform = MemoryMacros()
    emit(Bank(unit=make(depth, width)), platform=platform)
    assert bool(platform.used) == (depth * width >= SMALLEST_BITS)
    assert in_flip_flops(depth, width) != bool(platform.used)


@pytest.mark.parametrize("field", ["depth", "width", "latency"])
@pytest.mark.parametrize("value", [0, -1, 2.0, None])
def test_refusals(field, value):
    with pytest.raises(ValueError) as caught:
        Sram(**{"depth": 8, "width": 8, "latency": 1, field: value})
    assert str(caught.value) == f"SRAM {field} must be a positive integer, not {value!r}"


@pytest.mark.parametrize("depth, width", [(0, 8), (8, "1")])
def test_refusals_of_two_ports(depth, width):
    name, value = ("depth", depth) if depth == 0 else ("width", width)
    with pytest.raises(ValueError) as caught:
        DualPortSram(depth, width)
    assert str(caught.value) == f"SRAM {name} must be a positive integer, not {value!r}"
