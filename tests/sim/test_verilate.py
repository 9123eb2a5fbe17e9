"""What Verilator is told."""

from hw.emit import Emitted
from sim.verilate import QUIET, control_file, flags, with_held_reset

PORTS = [
    {"name": "clk", "direction": "in", "width": 1, "signed": False},
    {"name": "count", "direction": "out", "width": 12, "signed": False},
    {"name": "rst", "direction": "in", "width": 1, "signed": False},
]
PLAIN = Emitted("top", "", {"ports": PORTS, "modules": {}})
SHARED = Emitted("top", "", {"ports": PORTS, "modules": {"cell": PORTS}})


def test_flags():
    plain = flags(PLAIN)
    assert {f"-Wno-{name}" for name in QUIET} < set(plain) and "-Wall" in plain
    assert "-Wno-UNOPTFLAT" not in plain and "-fno-dfg" not in plain
    assert {"-fno-dfg", "-fno-table"} < set(flags(SHARED))


def test_control_file():
    assert control_file(PLAIN, [("top", "clk"), ("top.queue", "storage")]).splitlines() == [
        "`verilator_config",
        'public_flat_rw -module "top" -var "clk"',
        'public_flat_rw -module "top.queue" -var "storage"',
    ]
    assert control_file(SHARED, []).splitlines() == [
        "`verilator_config",
        'no_inline -module "cell"',
        'public_flat_rd -module "cell" -var "count"',
        'public_flat_rd -module "cell" -var "rst"',
    ]


def test_held_reset():
    assert with_held_reset(PLAIN).splitlines() == [
        "module harness(",
        "  input clk,",
        "  output [11:0] count,",
        "  input rst",
        ");",
        "  reg held_rst = 1'b1;",
        "  always @(posedge clk) held_rst <= rst;",
        "  top top (",
        "    .clk(clk),",
        "    .count(count),",
        "    .rst(held_rst)",
        "  );",
        "endmodule",
    ]
