"""Kiln's own machines beside published ones."""

import pytest

from sim.bench.streaming.ours import our_rows, our_savings, read_fpga
from sw.physical.fpga import BoardResult, FpgaReport, Streaming, Synthesis
from tests.sim.bench.streaming.made_up import run
from tests.sim.bench.streaming.test_costs import costs

FACTS = {"board": "ulx3s", "device": "LFE5U", "date": "2026-01-02", "command": "x", "tools": {}}


def machine(network, skips):
    return Streaming(network=network, skips=skips, interval=9216, multipliers=80)


def placed(skips):
    used = {"MULT18X18D": 80, "DP16KD": 80, "TRELLIS_FF": 900, "TRELLIS_COMB": 1500}
    if skips:
        used |= {"DP16KD": 100, "TRELLIS_FF": 1000, "TRELLIS_COMB": 2000}
    return BoardResult(
        **FACTS,
        machine=machine("digits", skips),
        mhz=60.0,
        baud=1,
        seed=1,
        seconds={},
        bitstream="top.bit",
        bitstream_bytes=1,
        bitstream_sha256="0",
        utilisation={name: {"used": count, "available": 5000} for name, count in used.items()},
        clocks={"clk": {"fmax_mhz": 69.0, "constraint_mhz": 60.0}},
    )


def mapped(network):
    cells = {"MULT18X18D": 84, "DP16KD": 64, "TRELLIS_FF": 800, "LUT4": 1200}
    return Synthesis(**FACTS, machine=machine(network, False), seconds=1.0, cells=cells)


def fpga():
    return FpgaReport().including(placed(False), placed(True), mapped("digits"), mapped("resnet8"))


def test_rows():
    runs = [run(name, network="resnet33") for name in ("skip-free", "buffered", "unbuffered")]
    found = our_rows(fpga(), [run("skip-free"), *runs], [])
    assert [(row.network, row.skips, row.platform) for row in found] == [
        ("digits", False, "LFE5U, placed"),
        ("digits", True, "LFE5U, placed"),
        ("resnet8", False, "LFE5U, not placed"),
        ("resnet33", False, "RTL, clock aimed at"),
        ("resnet33", True, "RTL, clock aimed at"),
    ]
    digits, resnet8, resnet33 = found[0], found[2], found[3]
    assert (digits.lut, digits.multipliers, digits.clock_mhz) == (1500, 80, 60.0)
    assert digits.frames_per_second == pytest.approx(60e6 / 9216)
    assert (resnet8.lut, resnet8.frames_per_second) == (1200, None)
    assert (resnet33.lut, resnet33.clock_mhz) == (None, 800)


def test_clock_of_synthesis():
    (row,) = our_rows(FpgaReport(), [run("skip-free")], [costs()])
    assert row.clock_mhz == pytest.approx(625)
    assert row.platform == "RTL, clock as synthesised at 45 nm"


def test_savings():
    (saving,) = our_savings(fpga())
    assert saving.what == "Kiln, digits, placed"
    assert saving.block_ram == pytest.approx(0.2)
    assert saving.flip_flops == pytest.approx(0.1)
    assert saving.lut == pytest.approx(0.25)


def test_read(tmp_path):
    assert read_fpga(tmp_path) == FpgaReport()
    (tmp_path / "fpga.json").write_text(fpga().model_dump_json())
    assert read_fpga(tmp_path) == fpga()
