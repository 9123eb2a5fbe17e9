import dataclasses
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from sw.physical.cells import read_cells
from sw.physical.liberty import write_liberty
from sw.physical.macros import (
    MacroGeometry,
    SramTooSlow,
    clock_to_output,
    macro_geometry,
    macro_liberty,
)
from sw.physical.sram import SramOutOfRange, SramTable

MACROS = {
    "fast": MacroGeometry(1024, 16, 1),
    "deep": MacroGeometry(16384, 64, 2),
    "slow": MacroGeometry(1024, 16, 2),
    "single": MacroGeometry(1, 512, 1),
    "narrow": MacroGeometry(4096, 8, 1),
}
PERIOD = 1.25
# A DFF_X1 that drives a BUF_X4, by hand: the rising edge is the later one.
REGISTER = 0.088109 + 0.0022896 * 3.401892
REGISTER += 0.019648 + 0.1157 * (0.0044021 + 0.0022081 * 3.401892 - 0.017)


@pytest.fixture(scope="module")
def table() -> SramTable:
    return SramTable.load()


def test_the_file(table: SramTable, parse_liberty: Callable[[str], Any]) -> None:
    macros = {name: MACROS[name] for name in ("fast", "deep")}
    library = parse_liberty(macro_liberty(macros, table, PERIOD))
    assert library.args == ["kiln45_sram"]
    cell = library.named("cell")["deep"]
    assert cell.number("area") == pytest.approx(429665)
    assert cell.number("cell_leakage_power") == pytest.approx((0.59314 + 2.20200) * 1e6)
    pins, buses = cell.named("pin"), cell.named("bus")
    assert set(pins) == {"clk", "en", "write"} and set(buses) == {"addr", "wdata", "rdata"}
    assert pins["clk"].number("min_period") == 1.168
    types = {name: group.number("bit_width") for name, group in library.named("type").items()}
    assert [types[buses[name].text("bus_type")] for name in ("addr", "wdata")] == [14, 64]
    assert buses["addr"].number("capacitance") == 3.401892
    setup, hold = buses["addr"].all("timing")
    assert setup.groups[0].at(0.1, 0.1) == 0.04334 and hold.groups[0].at(0.1, 0.1) == 0.008565


def test_two_ports(table: SramTable, parse_liberty: Callable[[str], Any]) -> None:
    dual = MacroGeometry(1024, 16, 1, "1r1w")
    cell = parse_liberty(macro_liberty({"dual": dual}, table, PERIOD)).named("cell")["dual"]
    assert cell.number("area") == pytest.approx(14332)
    pins, buses = cell.named("pin"), cell.named("bus")
    assert set(pins) == {"clk", "wen", "ren"}
    assert set(buses) == {"waddr", "raddr", "wdata", "rdata"}
    assert pins["clk"].number("min_period") == 0.445
    (arrives,) = buses["rdata"].all("timing")
    assert next(arrives.all("cell_rise")).at(0.1, 0.0) == 0.531


def test_geometry_by_name() -> None:
    assert macro_geometry("sram_1rw_100x7_l3") == MacroGeometry(100, 7, 3)
    assert macro_geometry("sram_1r1w_64x8_l1") == MacroGeometry(64, 8, 1, "1r1w")
    assert macro_geometry("sram_2rw_64x8_l1") is None and macro_geometry("DFF_X1") is None


def test_ports_of_one_bit_and_of_one_word(
    table: SramTable, parse_liberty: Callable[[str], Any]
) -> None:
    figures = dataclasses.replace(table.price(1024, 16), depth=1, width=1)

    class Same(SramTable):
        def price(self, *args: Any, **options: Any) -> Any:
            return figures

    text = macro_liberty({"bit": MacroGeometry(1, 1, 1)}, Same({}), PERIOD)
    cell = parse_liberty(text).named("cell")["bit"]
    assert set(cell.named("pin")) == {"clk", "en", "write", "wdata", "rdata"}
    assert not cell.named("bus")


def test_clock_to_output_by_latency(table: SramTable) -> None:
    cells = read_cells()
    deep = table.price(16384, 64)
    assert clock_to_output(deep, 1, PERIOD, cells) == 1.423
    assert clock_to_output(deep, 2, 1.4, cells) == pytest.approx(REGISTER)
    assert clock_to_output(deep, 2, PERIOD, cells) == pytest.approx(1.423 - PERIOD)
    assert clock_to_output(deep, 3, 0.6, cells) == pytest.approx(1.423 - 1.2)
    with pytest.raises(ValueError, match="latency of an SRAM must be at least 1, not 0"):
        clock_to_output(deep, 0, PERIOD, cells)


def test_a_macro_must_cycle_in_a_period(table: SramTable) -> None:
    message = "deep: 16384 x 64 bits take one access in 1.168 ns, and the period is 1.000 ns"
    with pytest.raises(SramTooSlow, match=message):
        macro_liberty({"deep": MACROS["deep"]}, table, 1.0)
    with pytest.raises(SramOutOfRange, match="use flip-flops"):
        macro_liberty({"small": MacroGeometry(8, 16, 1)}, table, PERIOD)


def netlist(name: str, depth: int, width: int) -> str:
    bits = (depth - 1).bit_length()
    return f"""
module {name}_path(input clk, e, w, input [{bits - 1}:0] a, input [{width - 1}:0] d, output q);
  wire n;
  wire [{width - 1}:0] r;
  DFF_X1 before (.D(e), .CK(clk), .Q(n));
  {name} sram (.clk(clk), .en(n), .write(w), .addr(a), .wdata(d), .rdata(r));
  DFF_X1 after (.D(r[3]), .CK(clk), .Q(q));
endmodule
"""


@pytest.mark.parametrize("name", ["fast", "deep", "slow"])
def test_opensta_sees_register_sram_register(
    table: SramTable, sta: Callable[[str], str], tmp_path: Path, name: str
) -> None:
    depth, width, latency, _ = MACROS[name]
    (tmp_path / "cells.lib").write_text(write_liberty(read_cells()))
    (tmp_path / "sram.lib").write_text(macro_liberty({name: MACROS[name]}, table, PERIOD))
    (tmp_path / "path.v").write_text(netlist(name, depth, width))
    output = sta(
        "read_liberty cells.lib\nread_liberty sram.lib\nread_verilog path.v\n"
        f"link_design {name}_path\ncreate_clock -name clk -period {PERIOD} clk\n"
        "report_checks -from before/CK -to sram/en -digits 6\n"
        "report_checks -from sram/clk -to after/D -digits 6\n"
    )
    found = [float(x) for x in re.findall(r"(-?[\d.]+)\s+slack \((?:MET|VIOLATED)\)", output)]
    load = 3.401892 + 1.0
    arrives = max(
        0.088109 + 0.0022896 * load - 0.1794 * 0.017, 0.084332 + 0.0013371 * load - 0.1863 * 0.017
    )
    into = PERIOD - 0.04334 - arrives
    access = {"fast": 0.491, "deep": 1.423, "slow": 0.491}[name]
    start = access if latency == 1 else max(REGISTER, access - PERIOD)
    load = 1.140290 + 1.0
    rises, falls = start + 0.00060792 * load + 0.03365, start + 0.00033084 * load + 0.04334
    assert found == [
        pytest.approx(into, abs=2e-6),
        pytest.approx(PERIOD - max(rises, falls), abs=2e-6),
    ]


def test_yosys_takes_macros_as_black_boxes(
    table: SramTable, yosys: Callable[[str], str], tmp_path: Path
) -> None:
    (tmp_path / "sram.lib").write_text(macro_liberty({"deep": MACROS["deep"]}, table, PERIOD))
    (tmp_path / "top.v").write_text(
        "module top(input clk, en, write, input [13:0] addr, input [63:0] wdata,\n"
        "           output [63:0] rdata);\n"
        "  deep sram (.clk, .en, .write, .addr, .wdata, .rdata);\nendmodule\n"
    )
    log = yosys(
        "read_liberty -lib sram.lib\nread_verilog -sv top.v\nsynth -top top\n"
        "check -mapped -assert\nstat -liberty sram.lib\n"
    )
    (area,) = re.findall(r"Chip area for module.*: ([\d.]+)", log)
    assert float(area) == pytest.approx(429665)
