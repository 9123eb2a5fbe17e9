"""Programs that stand in for Yosys, nextpnr, icepack and ecppack."""

import json

REPORT = {
    "fmax": {"clk": {"achieved": 25.0, "constraint": 21.0}},
    "utilization": {"ICESTORM_LC": {"used": 5000, "available": 5280}},
}
CELLS = {"LUT4": 120, "TRELLIS_FF": 40}
LEAVES = {
    "yosys": {
        "top.json": "{}",
        "cells.json": json.dumps({"design": {"num_cells_by_type": CELLS}}),
    },
    "nextpnr-ice40": {"nextpnr.json": json.dumps(REPORT), "top.asc": "asc"},
    "icepack": {"top.bin": "bits"},
}
ECP5 = {
    "yosys": LEAVES["yosys"],
    "nextpnr-ecp5": {"nextpnr.json": json.dumps(REPORT), "top.config": "config"},
    "ecppack": {"top.bit": "bits"},
}


def install(folder, monkeypatch, *, leaves=LEAVES, fails=None, report=REPORT):
    """Put the programs, ``leaves``, and what each leaves, into a folder and name them in the
    environment; ``fails`` names one that ends with 3 and a message."""
    for tool, files in leaves.items():
        lines = ["#!/bin/sh", f"echo this is {tool}"]
        if tool == fails:
            lines += [f"echo {tool} has failed >&2", "exit 3"]
        for name, text in files.items():
            content = json.dumps(report) if name == "nextpnr.json" else text
            lines.append(f"echo '{content}' > {name}")
        script = folder / tool
        script.write_text("\n".join(lines) + "\n")
        script.chmod(0o755)
        monkeypatch.setenv(tool.upper().replace("-", "_"), str(script))
