"""The Liberty file as Yosys and OpenSTA read it."""

import re
from collections.abc import Callable
from pathlib import Path

import pytest

from sw.physical.cells import read_cells
from sw.physical.liberty import write_liberty
from sw.physical.mapping import RECIPES
from sw.physical.tables import CONSTRAINTS

Tool = Callable[[str], str]
STAGES = 10
DESIGN = """
module small(input clk, reset, enable, input [15:0] a, b,
             output reg [16:0] sum, output reg [7:0] held, output reg set);
  always @(posedge clk) sum <= a + b;
  always @(posedge clk) if (enable) held <= a[7:0];
  always @(posedge clk or posedge reset) if (reset) set <= 1; else set <= b[0];
endmodule
"""


@pytest.fixture(autouse=True)
def liberty(tmp_path: Path) -> None:
    (tmp_path / "kiln45.lib").write_text(write_liberty(read_cells()))


def chain(path: Path, stages: int) -> None:
    """Register, inverters, register."""
    gates = [f"  INV_X1 u{k} (.A(n[{k}]), .ZN(n[{k + 1}]));" for k in range(stages)]
    path.write_text(
        "module chain(input clk, d, output q);\n"
        f"  wire [{stages}:0] n;\n"
        "  DFF_X1 first (.D(d), .CK(clk), .Q(n[0]));\n"
        + "\n".join(gates)
        + f"\n  DFF_X1 last (.D(n[{stages}]), .CK(clk), .Q(q));\nendmodule\n"
    )


def slack(sta: Tool, path: Path, period: float, more: str = "") -> float:
    output = sta(
        f"read_liberty kiln45.lib\nread_verilog {path.name}\nlink_design {path.stem}\n{more}\n"
        f"create_clock -name clk -period {period} clk\n"
        "report_checks -from first/CK -to last/D -digits 6\n"
    )
    (found,) = re.findall(r"(-?[\d.]+)\s+slack \((?:MET|VIOLATED)\)", output)
    return float(found)


def by_hand(stages: int, wire: float) -> float:
    """Clock to Q, inverters and setup of the later path, ns; figures as in the tables."""
    load, last = 1.700230 + wire, 1.140290 + wire
    paths = []
    for rising in (True, False):
        first = load if stages else last
        if rising:
            delay = 0.088109 + 0.0022896 * first - 0.1794 * 0.017
            slew = 0.0044021 + 0.0022081 * first
        else:
            delay = 0.084332 + 0.0013371 * first - 0.1863 * 0.017
            slew = 0.0046929 + 0.00096614 * first
        edge = rising
        for stage in range(stages):
            out = last if stage == stages - 1 else load
            edge = not edge
            if edge:
                delay += 0.012284 + 0.002434 * out + 0.4329 * (slew - 0.017)
                slew = 0.0043629 + 0.0021967 * out
            else:
                delay += 0.0074237 + 0.0013292 * out + 0.1513 * (slew - 0.017)
                slew = 0.003937 + 0.00093963 * out
        paths.append(delay + (0.03365 if edge else 0.04334))
    return max(paths)


@pytest.mark.parametrize("stages", [STAGES, 1])
def test_a_chain_of_inverters_takes_what_its_figures_give(
    sta: Tool, tmp_path: Path, stages: int
) -> None:
    chain(tmp_path / "chain.v", stages)
    took = 1.25 - slack(sta, tmp_path / "chain.v", 1.25)
    assert took == pytest.approx(by_hand(stages, 1.0), rel=0.001)


def test_the_wire_load_is_what_a_net_has_by_default(sta: Tool, tmp_path: Path) -> None:
    chain(tmp_path / "chain.v", STAGES)
    named = "set_wire_load_mode top\nset_wire_load_model -name kiln45_wire"
    default = slack(sta, tmp_path / "chain.v", 1.25)
    assert slack(sta, tmp_path / "chain.v", 1.25, named) == default
    assert by_hand(STAGES, 1.0) - by_hand(STAGES, 0.0) > 0.01


def test_a_late_path_fails_its_setup(sta: Tool, tmp_path: Path) -> None:
    chain(tmp_path / "chain.v", 100)
    late = by_hand(100, 1.0)
    assert slack(sta, tmp_path / "chain.v", 1.25) == pytest.approx(1.25 - late, abs=0.001)
    assert late > 1.25


@pytest.mark.parametrize("how", ["-D 1000", *(f"-script {name}.abc" for name in RECIPES)])
def test_yosys_maps_all_of_a_design(yosys: Tool, sta: Tool, tmp_path: Path, how: str) -> None:
    for name in RECIPES:
        script = (CONSTRAINTS / "yosys" / f"{name}.abc").read_text()
        (tmp_path / f"{name}.abc").write_text(script.replace("{D}", "1000"))
    (tmp_path / "small.v").write_text(DESIGN)
    (tmp_path / "abc.constr").write_text("set_driving_cell BUF_X1\nset_load 5\n")
    log = yosys(
        "read_liberty -lib kiln45.lib\nread_verilog small.v\nsynth -flatten -top small\n"
        "clockgate -liberty kiln45.lib -min_net_size 4\ndfflibmap -liberty kiln45.lib\n"
        f"abc -liberty kiln45.lib -constr abc.constr {how}\n"
        "hilomap -hicell LOGIC1_X1 Z -locell LOGIC0_X1 Z\nopt_clean -purge\n"
        "check -mapped -assert\nstat -liberty kiln45.lib\n"
        "write_verilog -noattr -noexpr -simple-lhs net.v\n"
    )
    table = log.split("Printing statistics")[-1]
    cells = {
        name: int(n) for n, name in re.findall(r"^\s+(\d+)\s+[\d.]+\s+(\w+_X\d)$", table, re.M)
    }
    known = read_cells().cells
    assert set(cells) <= set(known)
    assert (cells["CLKGATE_X1"], cells["DFF_X1"]) == (1, 17 + 8)
    # dfflibmap gives a flip-flop with set, or one with clear between inverters.
    assert cells.get("DFFS_X1", 0) + cells.get("DFFR_X1", 0) == 1
    (area,) = re.findall(r"Chip area for module.*: ([\d.]+)", table)
    assert float(area) == pytest.approx(sum(n * known[name].area for name, n in cells.items()))
    output = sta(
        "read_liberty kiln45.lib\nread_verilog net.v\nlink_design small\n"
        "create_clock -name clk -period 1.25 clk\n"
        "set_input_delay 0.3 -clock clk {reset enable a b}\n"
        "report_check_types -max_delay -min_delay -recovery -removal -min_pulse_width -verbose\n"
        "report_checks -to [get_pins */E] -fields {slew}\n"
    )
    for check in ("setup", "hold", "recovery", "removal"):
        assert f"library {check} time" in output, check
    assert re.search(r"/E \(CLKGATE_X1\).*-0\.05\s+\S+\s+library setup time", output, re.S)
    assert "VIOLATED" not in output
