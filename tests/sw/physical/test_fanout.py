import copy
import json
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from sw.physical.cells import read_cells
from sw.physical.fanout import BUFFER, buffer_netlist
from sw.physical.liberty import write_liberty

Tool = Callable[[str], str]
LIBRARY = read_cells()


def cell(kind: str, **bits: Any) -> dict[str, Any]:
    pins = LIBRARY[kind].pins
    return {
        "type": kind,
        "port_directions": {pin: "output" if pins[pin].is_output else "input" for pin in bits},
        "connections": {pin: [bit] for pin, bit in bits.items()},
    }


def file_of_registers(rows: int) -> dict[str, Any]:
    """An XOR of two inputs that ``rows`` registers take, on one clock."""
    cells = {"xor": cell("XOR2_X1", A=2, B=3, Z=4)}
    for row in range(rows):
        cells[f"row_{row}"] = cell("DFF_X1", D=4, CK=5, Q=10 + row)
    ports = {
        name: {"direction": "input", "bits": [bit]}
        for name, bit in (("a", 2), ("b", 3), ("clk", 5))
    }
    ports["q"] = {"direction": "output", "bits": list(range(10, 10 + rows))}
    return {"modules": {"file": {"attributes": {}, "ports": ports, "cells": cells}}}


def roots(module: dict[str, Any]) -> dict[tuple[str, str], int]:
    """The net that every input pin gets its value from, buffers of the trees left out."""
    behind = {
        each["connections"]["Z"][0]: each["connections"]["A"][0]
        for name, each in module["cells"].items()
        if name.startswith("fanout_")
    }

    def root(bit: int) -> int:
        return root(behind[bit]) if bit in behind else bit

    return {
        (name, pin): root(each["connections"][pin][0])
        for name, each in module["cells"].items()
        if not name.startswith("fanout_")
        for pin, direction in each["port_directions"].items()
        if direction == "input"
    }


def loads(module: dict[str, Any]) -> dict[int, float]:
    """Load of every net, fF, with 1 fF of wire per pin."""
    found: dict[int, float] = {}
    for each in module["cells"].values():
        for pin, direction in each["port_directions"].items():
            if direction == "input":
                capacitance = LIBRARY[each["type"]].pins[pin].capacitance
                bit = each["connections"][pin][0]
                found[bit] = found.get(bit, 0.0) + capacitance + 1.0
    return found


@pytest.mark.parametrize("rows", [1, 4, 5, 64, 1000])
def test_every_pin_keeps_its_source_and_no_driver_has_too_much(rows: int) -> None:
    netlist = file_of_registers(rows)
    before = roots(copy.deepcopy(netlist)["modules"]["file"])
    result = buffer_netlist(netlist, LIBRARY)
    module = netlist["modules"]["file"]
    assert roots(module) == before
    load = loads(module)
    # 35 % of what an XOR2_X1 drives are 8.9 fF: four registers of 2.14 fF.
    assert (result.buffers == 0) == (rows <= 4)
    assert load[4] <= 0.35 * 25.3296
    buffers = [each for each in module["cells"].values() if each["type"] == BUFFER]
    assert len(buffers) == result.buffers
    assert result.area == pytest.approx(1.862 * result.buffers)
    for each in buffers:
        assert 0 < load[each["connections"]["Z"][0]] <= 0.25 * 242.31 + 3
    assert load[5] == pytest.approx(rows * 1.949653)


def test_black_boxes_and_their_pins() -> None:
    netlist = file_of_registers(2)
    module = netlist["modules"]["file"]
    module["cells"]["sram"] = {
        "type": "sram",
        "port_directions": {"clk": "input", "addr": "input", "rdata": "output"},
        "connections": {"clk": [5], "addr": [4, 4, "0", 4], "rdata": [90]},
    }
    netlist["modules"]["sram"] = {
        "attributes": {"blackbox": "00000000000000000000000000000001"},
        "ports": {},
        "cells": {},
    }
    assert buffer_netlist(netlist, LIBRARY).buffers == 1
    (bit,) = module["cells"]["fanout_0"]["connections"]["Z"]
    assert bit > 90
    assert module["cells"]["sram"]["connections"] == {
        "clk": [5],
        "addr": [bit, bit, "0", bit],
        "rdata": [90],
    }


def test_a_share_is_a_share() -> None:
    with pytest.raises(ValueError, match=r"share must be above 0 and at most 1, not 2"):
        buffer_netlist(file_of_registers(1), LIBRARY, 2.0)


def test_buffers_make_a_file_of_registers_faster(yosys: Tool, sta: Tool, tmp_path: Path) -> None:
    (tmp_path / "kiln45.lib").write_text(write_liberty(LIBRARY))
    netlist = file_of_registers(64)
    slacks = []
    for name in ("before", "after"):
        (tmp_path / f"{name}.json").write_text(json.dumps({"creator": "test", **netlist}))
        yosys(
            f"read_liberty -lib kiln45.lib\nread_json {name}.json\nhierarchy -check -top file\n"
            f"delete =A:blackbox\nwrite_verilog -noattr -noexpr -simple-lhs {name}.v\n"
        )
        output = sta(
            f"read_liberty kiln45.lib\nread_verilog {name}.v\nlink_design file\n"
            "create_clock -name clk -period 1.25 clk\nset_input_delay 0 -clock clk {a b}\n"
            "report_checks -digits 4\n"
        )
        slacks += [float(x) for x in re.findall(r"(-?[\d.]+)\s+slack", output)]
        buffer_netlist(netlist, LIBRARY)
    assert slacks[1] > slacks[0] + 0.4
