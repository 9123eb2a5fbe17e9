"""Results of machines on FPGAs, for tests."""

import json

from sw.physical.fpga import BoardResult, Engine, Streaming, Synthesis, parse_nextpnr

REPORT = {
    "critical_paths": [{"from": "posedge clk", "path": []}],
    "fmax": {
        "clk": {"achieved": 21.573, "constraint": 21.0016},
        "slow": {"achieved": 9.5, "constraint": 12.0},
    },
    "utilization": {
        "ICESTORM_LC": {"used": 4999, "available": 5280},
        "ICESTORM_DSP": {"used": 0, "available": 8},
        "SB_GB": {"used": 8, "available": 8},
        "SB_I2C": {"used": 0, "available": 2},
    },
}
EIE = Engine(preset="icebreaker", n_pe=1)
SKIPFREE = Streaming(network="digits", skips=False, interval=9216, multipliers=82)
RESIDUAL = Streaming(network="digits", skips=True, interval=9216, multipliers=84)


def result(machine, board="icebreaker", **changes):
    usage, clocks = parse_nextpnr(json.dumps(REPORT))
    fields = {
        "board": board,
        "device": "iCE40UP5K-SG48",
        "machine": machine,
        "mhz": 21,
        "baud": 1_000_000,
        "date": "2026-11-25",
        "command": f"kiln fpga --board {board}",
        "tools": {"yosys": "0.70"},
        "seed": 1,
        "seconds": {"synthesise": 16.0},
        "bitstream": "top.bin",
        "bitstream_bytes": 104090,
        "bitstream_sha256": "0" * 64,
        "utilisation": usage,
        "clocks": clocks,
    }
    return BoardResult(**{**fields, **changes})


def synthesis(machine, **cells):
    return Synthesis(
        board="ulx3s",
        device="LFE5U-85F-6BG381",
        machine=machine,
        date="2026-11-25",
        command="kiln fpga --machine digits",
        tools={"yosys": "0.70"},
        seconds=9,
        cells=cells,
    )
