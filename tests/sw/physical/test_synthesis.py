"""A unit from Verilog to a netlist that meets its clock."""

from pathlib import Path

import pytest

from sw.physical.library import LibraryError, load_library
from sw.physical.mapping import heavier_inputs, load_unit, max_loads
from sw.physical.sram import SramTable
from sw.physical.synthesis import UnitReport, UnitSource, synthesise
from sw.physical.timing import Budget, Exceptions

ACCUMULATE = """
module top(clk, rst, en, a, sum);
  input clk, rst, en;
  input [15:0] a;
  output [15:0] sum;
  \\top.inner  inner (
    .clk(clk), .rst(rst), .en(en), .a(a), .sum(sum)
  );
endmodule
module \\top.inner (clk, rst, en, a, sum);
  input clk, rst, en;
  input [15:0] a;
  output reg [15:0] sum;
  always @(posedge clk)
    if (rst) sum <= 0;
    else if (en) sum <= sum + a;
endmodule
"""
FILE = """
module top(clk, en, to, from, d, q);
  input clk, en;
  input [4:0] to, from;
  input [7:0] d;
  output [7:0] q;
  reg [7:0] words [0:31];
  always @(posedge clk) if (en) words[to] <= d;
  assign q = words[from];
endmodule
"""
LOOP = """
module top(clk, a, y);
  input clk, a;
  output y;
  wire x = a & ~y;
  assign y = x | ~a;
endmodule
"""


def run(
    tmp_path: Path,
    verilog: str,
    budget: Budget | None = None,
    parts: tuple[str, ...] = (),
    exceptions: Exceptions | None = None,
) -> UnitReport:
    source = UnitSource(
        "unit", verilog, {"top": "top", "macros": {}}, parts, exceptions or Exceptions()
    )
    return synthesise(source, tmp_path, load_library(), SramTable.load(), budget or Budget())


def test_an_accumulator(tmp_path: Path) -> None:
    report = run(tmp_path, ACCUMULATE, parts=("inner",))
    assert report.slack_ns is not None and report.slack_ns > 0
    assert (report.flip_flops, report.clock_gates, report.loops) == (16, 1, 0)
    assert report.area_um2 == pytest.approx(sum(cell.area_um2 for cell in report.cells.values()))
    assert report.parts["inner"].area_um2 + report.parts["(top)"].area_um2 == pytest.approx(
        report.area_um2
    )
    # Ends at the flip-flop's data, not at the edge that it takes them with.
    times = [stage.time_ns for stage in report.critical_path]
    assert times == sorted(times)
    assert times[-1] + report.slack_ns < report.period_ns
    assert report.critical_path[-1].pin.endswith(("/D", "/E", "/CE", "/GATE"))


def test_a_tight_clock_takes_the_recipe_for_speed(tmp_path: Path) -> None:
    """At 0.62 ns the recipe for area is too slow; at 0.2 ns so is every one."""
    loose = run(tmp_path / "loose", ACCUMULATE, parts=("inner",))
    budget = Budget(period=0.62, input_delay=0.05, output_delay=0.05)
    tight = run(tmp_path / "tight", ACCUMULATE, budget, ("inner",))
    assert loose.parts["inner"].recipe == "area"
    assert tight.parts["inner"].recipe != "area"
    assert tight.area_um2 > loose.area_um2
    late = run(tmp_path / "late", ACCUMULATE, Budget(period=0.35), ("inner",))
    assert late.slack_ns is not None and late.slack_ns < 0
    assert late.parts["inner"].recipe == "speed"


def test_a_constant_input_is_not_timed(tmp_path: Path) -> None:
    late = Budget(input_delay=1.2)
    assert (run(tmp_path / "a", ACCUMULATE, late, ("inner",)).slack_ns or 0) < 0
    constant = Exceptions(constant=("a", "en", "rst"))
    report = run(tmp_path / "b", ACCUMULATE, late, ("inner",), constant)
    assert report.slack_ns is not None and report.slack_ns > 0
    still = Exceptions((*(f"a[{k}]" for k in range(16)), "en", "rst"))
    assert (run(tmp_path / "c", ACCUMULATE, late, ("inner",), still).slack_ns or 0) > 0


def test_a_register_file(tmp_path: Path) -> None:
    """A clock gate a word, and one for eight of them; Yosys's own multiplexers are not asked."""
    report = run(tmp_path, FILE)
    assert (report.flip_flops, report.clock_gates) == (256, 32 + 4)
    assert "kiln_register_file" in (tmp_path / "prepare.log").read_text()


def test_a_loop_is_seen(tmp_path: Path) -> None:
    assert run(tmp_path, LOOP).loops == 1


def test_a_part_that_is_not_there(tmp_path: Path) -> None:
    with pytest.raises(
        ValueError, match=r"top has no part inner/core: there is no core in top\.inner"
    ):
        run(tmp_path, ACCUMULATE, parts=("inner/core",))


def test_the_netlist_is_what_the_report_says(tmp_path: Path) -> None:
    report = run(tmp_path, ACCUMULATE, parts=("inner",))
    text = (tmp_path / "netlist.v").read_text()
    for kind, cell in report.cells.items():
        assert text.count(f"  {kind} ") == cell.count


def test_heavier_inputs() -> None:
    pins = (
        "pin (A) { capacitance : 0.0017; } pin (Z) { capacitance : 0.0; max_capacitance : 0.06; }"
    )
    library = "capacitive_load_unit (1, pf);\n" + pins
    heavier = heavier_inputs(library, 1.0)
    assert "capacitance : 0.0027;" in heavier
    assert "capacitance : 0;" in heavier
    assert "max_capacitance : 0.06;" in heavier
    assert load_unit(library) == 1000.0
    assert max_loads("cell (X) {" + library + "}") == {"X": pytest.approx(60.0)}


def test_a_library_of_ones_own(tmp_path: Path) -> None:
    """Kiln's own cells under another name, as a file of the user's: the same results."""
    path = tmp_path / "mine.lib"
    path.write_text(load_library().text.replace("library (kiln45)", "library (mine)"))
    library = load_library(path)
    assert library.name == "mine"
    source = UnitSource("unit", ACCUMULATE, {"top": "top", "macros": {}}, ("inner",))
    report = synthesise(source, tmp_path / "run", library, SramTable.load(), Budget())
    assert report == run(tmp_path / "own", ACCUMULATE, parts=("inner",))


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("nothing", "no library group"),
        ("library (x) { cell (INV_X1) { } }", "no buffer"),
        (
            'library (x) { cell (BUF_X1) { pin (Z) { function : "A"; } } }',
            "no cell for the constant",
        ),
    ],
)
def test_unusable_libraries(tmp_path: Path, text: str, message: str) -> None:
    path = tmp_path / "bad.lib"
    path.write_text(text)
    with pytest.raises(LibraryError, match=message):
        load_library(path)
    with pytest.raises(LibraryError, match="missing"):
        load_library(tmp_path / "missing.lib")
