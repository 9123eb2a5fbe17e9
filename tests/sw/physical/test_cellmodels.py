"""Cell models in Verilator: every gate by its truth table, states by what happens to them."""

import re
import subprocess
from itertools import product

import pytest

from sim.toolchain import environment, verilator_path
from sw.physical.cellmodels import cell_models
from sw.physical.cells import read_cells

pytestmark = pytest.mark.rtl

GATES = {
    "INV": lambda a: not a,
    "BUF": lambda a: a,
    "CLKBUF": lambda a: a,
    **{f"NAND{n}": lambda *a: not all(a) for n in (2, 3, 4)},
    **{f"NOR{n}": lambda *a: not any(a) for n in (2, 3, 4)},
    **{f"AND{n}": lambda *a: all(a) for n in (2, 3, 4)},
    **{f"OR{n}": lambda *a: any(a) for n in (2, 3, 4)},
    "AOI21": lambda a, b1, b2: not (a or (b1 and b2)),
    "AOI22": lambda a1, a2, b1, b2: not ((a1 and a2) or (b1 and b2)),
    "AOI211": lambda a, b, c1, c2: not (a or b or (c1 and c2)),
    "AOI221": lambda a, b1, b2, c1, c2: not (a or (b1 and b2) or (c1 and c2)),
    "AOI222": lambda a1, a2, b1, b2, c1, c2: not ((a1 and a2) or (b1 and b2) or (c1 and c2)),
    "OAI21": lambda a, b1, b2: not (a and (b1 or b2)),
    "OAI22": lambda a1, a2, b1, b2: not ((a1 or a2) and (b1 or b2)),
    "OAI211": lambda a, b, c1, c2: not (a and b and (c1 or c2)),
    "OAI221": lambda a, b1, b2, c1, c2: not (a and (b1 or b2) and (c1 or c2)),
    "OAI222": lambda a1, a2, b1, b2, c1, c2: not ((a1 or a2) and (b1 or b2) and (c1 or c2)),
    "OAI33": lambda a1, a2, a3, b1, b2, b3: not ((a1 or a2 or a3) and (b1 or b2 or b3)),
    "XOR2": lambda a, b: a != b,
    "XNOR2": lambda a, b: a == b,
    "MUX2": lambda a, b, s: b if s else a,
    "HA": lambda a, b: {"CO": a and b, "S": a != b},
    "FA": lambda a, b, ci: {"CO": a + b + ci > 1, "S": (a + b + ci) % 2},
    "LOGIC0": lambda: False,
    "LOGIC1": lambda: True,
}

STATES = """
  reg d = 0, ck = 0, rn = 1, sn = 1, e = 0;
  wire q, qn, q2, qr, qrn, qs, qsn, gck;
  integer rises = 0, falls = 0;
  DFF_X1 f(.D(d), .CK(ck), .Q(q), .QN(qn));
  DFF_X1 behind(.D(q), .CK(gck), .Q(q2), .QN());
  DFFR_X1 r(.D(d), .RN(rn), .CK(ck), .Q(qr), .QN(qrn));
  DFFS_X1 s(.D(d), .SN(sn), .CK(ck), .Q(qs), .QN(qsn));
  CLKGATE_X1 g(.CK(ck), .E(e), .GCK(gck));
  always @(posedge gck) rises = rises + 1;
  always @(negedge gck) falls = falls + 1;
"""
"""Every signal below is changed one at a time, a step apart."""


def steps(*pairs):
    """Verilog that changes signals one by one and shows all outputs after each change."""
    show = (
        '#1 $display("state %b %b %b %b %b %b %b %b %0d %0d", '
        "q, qn, qr, qrn, qs, qsn, q2, gck, rises, falls);"
    )
    return "\n".join(f"    {name} = {value}; {show}" for name, value in pairs)


CHANGES = [
    *(("ck", 1), ("ck", 0), ("d", 1), ("ck", 1), ("d", 0), ("ck", 0)),  # 0-5: at rises only
    *(("rn", 0), ("rn", 1), ("sn", 0), ("sn", 1)),  # 6-9: clear and preset, without a clock
    *(("e", 1), ("ck", 1), ("e", 0), ("e", 1), ("e", 0), ("ck", 0)),  # 10-15: open for one pulse
    *(("ck", 1), ("e", 1), ("e", 0), ("ck", 0)),  # 16-19: stays shut while the clock is high
    *(("e", 1), ("d", 1), ("ck", 1), ("ck", 0), ("ck", 1)),  # 20-24: what is behind a gate
]


@pytest.fixture(scope="module")
def output(tmp_path_factory):
    """What a bench with all cells prints."""
    cells, folder = read_cells(), tmp_path_factory.mktemp("cells")
    body, shows = [], []
    for cell in cells:
        if cell.kind not in ("gate", "tie"):
            continue
        inputs = [pin.name for pin in cell.pins.values() if not pin.is_output]
        for pin in cell.pins.values():
            if pin.is_output:
                wire = f"o_{cell.name}_{pin.name}"
                pins = [f".{name}(k[{n}])" for n, name in enumerate(inputs)]
                body.append(f"  wire {wire};")
                body.append(
                    f"  {cell.name} u_{wire}({', '.join([*pins, f'.{pin.name}({wire})'])});"
                )
                shows.append(f'      $display("gate {cell.name} {pin.name} %0d %b", k, {wire});')
    shown = "\n".join(shows)
    text = (
        "module bench;\n  reg [5:0] k = 0;\n" + "\n".join(body) + STATES + "  initial begin\n"
        f"    repeat (64) begin\n      #1;\n{shown}\n      k = k + 1;\n    end\n"
        f"{steps(*CHANGES)}\n    $finish;\n  end\nendmodule\n"
    )
    (folder / "bench.v").write_text(text)
    (folder / "cells.v").write_text(cell_models(cells))
    command = [str(verilator_path()), "--binary", "--top-module", "bench", "-Wno-fatal"]
    command += ["-Wno-lint", "-o", "bench", "--Mdir", "obj", "bench.v", "cells.v"]
    subprocess.run(command, cwd=folder, env=environment(), check=True, capture_output=True)
    done = subprocess.run(
        [folder / "obj" / "bench"], cwd=folder, check=True, capture_output=True, text=True
    )
    return done.stdout


def test_every_gate_has_its_truth_table(output):
    cells = read_cells()
    values = {
        (cell, pin, int(k)): value == "1"
        for cell, pin, k, value in re.findall(r"^gate (\w+) (\w+) (\d+) (\d)$", output, re.M)
    }
    checked = 0
    for cell in cells:
        if cell.kind not in ("gate", "tie"):
            continue
        count = sum(not pin.is_output for pin in cell.pins.values())
        for bits in product((False, True), repeat=count):
            right = GATES[cell.name.rpartition("_X")[0]](*bits)
            k = sum(bit << n for n, bit in enumerate(bits))
            for pin in cell.pins.values():
                if pin.is_output:
                    one = right[pin.name] if isinstance(right, dict) else right
                    assert values[cell.name, pin.name, k] == bool(one), (cell.name, bits)
                    checked += 1
    assert checked > 500


@pytest.fixture
def states(output):
    """Outputs after each of the changes, by name."""
    names = ("q", "qn", "qr", "qrn", "qs", "qsn", "q2", "gck", "rises", "falls")
    rows = re.findall(r"^state (.*)$", output, re.M)
    return [dict(zip(names, map(int, row.split()), strict=True)) for row in rows]


def column(states, name, first, last):
    return [states[k][name] for k in range(first, last + 1)]


def test_a_flip_flop_takes_its_input_at_the_rising_edge(states):
    assert column(states, "q", 0, 5) == [0, 0, 0, 1, 1, 1]
    for q, inverse in (("q", "qn"), ("qr", "qrn"), ("qs", "qsn")):
        assert all(state[q] != state[inverse] for state in states)


def test_clear_and_preset_need_no_clock(states):
    assert column(states, "qr", 5, 9) == [1, 0, 0, 0, 0]
    assert column(states, "qs", 9, 9) == [1]
    assert column(states, "qs", 16, 16) == [0]  # a clock with d low has come


def test_a_clock_gate_gives_whole_pulses_only(states):
    assert column(states, "gck", 10, 15) == [0, 1, 1, 1, 1, 0]
    assert column(states, "gck", 16, 19) == [0, 0, 0, 0]
    assert states[19]["rises"] - states[9]["rises"] == 1
    assert states[19]["falls"] - states[9]["falls"] == 1


def test_behind_a_clock_gate_what_was_there_before_the_edge_is_taken(states):
    assert column(states, "q", 21, 24) == [0, 1, 1, 1]
    assert column(states, "q2", 22, 24) == [0, 0, 1]


def test_a_chosen_few():
    text = cell_models(read_cells(), ["INV_X1", "DFF_X1", "INV_X1"])
    assert re.findall(r"^module (\w+)", text, re.M) == ["DFF_X1", "INV_X1"]
