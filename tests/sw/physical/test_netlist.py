"""Netlists: read, measured, written."""

import json
from pathlib import Path

import pytest

from sw.physical.netlist import CellView, LibraryView, Netlist, read_library_view

LIBRARY = LibraryView(
    {
        name: CellView(name, area, {"A": cap}, ("Z",), load)
        for name, area, cap, load in (
            ("BUF_X1", 0.8, 1.0, 60.0),
            ("BUF_X2", 1.1, 1.8, 120.0),
            ("BUF_X8", 3.5, 6.6, 480.0),
            ("INV_X1", 0.5, 1.7, 60.0),
        )
    }
)


def design(tmp_path: Path) -> Netlist:
    """A part with two buffers inside a top with one; the part's output is an output of both."""
    part = {
        "ports": {
            "a": {"direction": "input", "bits": [2]},
            "z": {"direction": "output", "bits": [4, 2]},
        },
        "cells": {
            "b0": {"type": "BUF_X1", "connections": {"A": [2], "Z": [3]}},
            "b$1": {"type": "BUF_X2", "connections": {"A": [3], "Z": [4]}},
        },
    }
    top = {
        "ports": {
            "a": {"direction": "input", "bits": [2]},
            "z": {"direction": "output", "bits": [5, 5, 6]},
        },
        "cells": {
            "inner": {"type": "top.part", "connections": {"a": [7], "z": [5, 6]}},
            "b": {"type": "BUF_X1", "connections": {"A": [2], "Z": [7]}},
        },
    }
    path = tmp_path / "design.json"
    path.write_text(json.dumps({"modules": {"top": top, "top.part": part, "BUF_X1": {}}}))
    return Netlist.read(path, "top", LIBRARY)


def test_leaves_are_counted_through_parts(tmp_path: Path) -> None:
    netlist = design(tmp_path)
    assert netlist.count() == {"BUF_X1": 2, "BUF_X2": 1}
    assert netlist.count("top.part") == {"BUF_X1": 1, "BUF_X2": 1}
    assert [name for name, _ in netlist.instances()] == ["inner/b0", "inner/b$1", "b"]


def test_written_and_read_again(tmp_path: Path) -> None:
    netlist = design(tmp_path)
    netlist.write(tmp_path / "again.json")
    again = Netlist.read(tmp_path / "again.json", "top", LIBRARY)
    assert again.modules == netlist.modules


def test_verilog(tmp_path: Path) -> None:
    lines = design(tmp_path).verilog().splitlines()
    assert lines[0] == "module \\top.part (a, z);"
    assert "  BUF_X2 b$1 (.A(n3), .Z(z[0]));" in lines
    assert "  assign z[1] = a;" in lines
    assert "  \\top.part  inner (.a(n7), .z({z[2], z[0]}));" in lines
    assert "  assign z[1] = z[0];" in lines
    assert lines.index("module top(a, z);") > lines.index("endmodule")


def test_an_output_that_is_an_input(tmp_path: Path) -> None:
    netlist = design(tmp_path)
    ports = netlist.modules["top"].ports
    ports |= {"b": ("output", [40]), "c": ("input", [40])}
    lines = netlist.verilog().splitlines()
    assert "  assign b = c;" in lines and "module top(a, z, b, c);" in lines


def test_sizes_of_a_cell() -> None:
    assert LIBRARY.sizes("BUF_X2") == ["BUF_X1", "BUF_X2", "BUF_X8"]
    assert LIBRARY.sizes("INV_X1") == ["INV_X1"]


def test_library_as_yosys_tells_it(tmp_path: Path) -> None:
    module = {
        "attributes": {"area": "0.532"},
        "ports": {
            "A": {"direction": "input", "bits": [2]},
            "ZN": {"direction": "output", "bits": [3]},
        },
        "netnames": {"A": {"attributes": {"capacitance": "1.7"}}, "ZN": {"attributes": {}}},
    }
    path = tmp_path / "lib.json"
    path.write_text(json.dumps({"modules": {"INV_X1": module}}))
    view = read_library_view(path, {"INV_X1": 60.0})
    assert view == {"INV_X1": CellView("INV_X1", 0.532, {"A": 1.7}, ("ZN",), 60.0)}


def test_an_input_that_is_two_ports_is_refused(tmp_path: Path) -> None:
    netlist = design(tmp_path)
    netlist.modules["top"].ports["b"] = ("input", [2])
    with pytest.raises(ValueError, match="input b of top is a net of another port"):
        netlist.verilog()
