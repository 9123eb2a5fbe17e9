"""nextpnr's report, and the page of results."""

import json

import pytest

from sw.physical.fpga import BoardResult, Clock, FpgaReport, Usage, fpga_page, parse_nextpnr

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


def result(board="icebreaker", **changes):
    usage, clocks = parse_nextpnr(json.dumps(REPORT))
    fields = {
        "board": board,
        "device": "iCE40UP5K-SG48",
        "preset": board,
        "n_pe": 1,
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


def test_parse():
    usage, clocks = parse_nextpnr(json.dumps(REPORT))
    assert usage == {
        "ICESTORM_LC": Usage(used=4999, available=5280),
        "ICESTORM_DSP": Usage(used=0, available=8),
        "SB_GB": Usage(used=8, available=8),
    }
    assert clocks["clk"] == Clock(fmax_mhz=21.57, constraint_mhz=21.0)
    assert clocks["clk"].met and not clocks["slow"].met
    assert usage["ICESTORM_LC"].share == 4999 / 5280
    assert Usage(used=0, available=0).share == 0


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "Expecting value"),
        ("{}", "fmax"),
        ('{"fmax": {}, "utilization": {}}', "it has no clock"),
        ('{"fmax": {"a": {}}, "utilization": {}}', "achieved"),
        (json.dumps({**REPORT, "utilization": {"X": {"used": -1, "available": 1}}}), "used"),
    ],
)
def test_bad_reports(text, message):
    with pytest.raises(ValueError, match="no report of nextpnr") as error:
        parse_nextpnr(text)
    assert message in str(error.value)


def test_slowest_clock_counts():
    assert result().fmax_mhz == 9.5 and not result().met
    fast = {"clk": Clock(fmax_mhz=21.57, constraint_mhz=21)}
    assert result(clocks=fast).fmax_mhz == 21.57 and result(clocks=fast).met


def test_report_keeps_other_boards():
    report = FpgaReport().including(result("ulx3s")).including(result())
    assert list(report.boards) == ["icebreaker", "ulx3s"]
    newer = report.including(result(date="2026-12-01"))
    assert newer.boards["icebreaker"].date == "2026-12-01"
    assert newer.boards["ulx3s"] == report.boards["ulx3s"]
    assert FpgaReport.model_validate_json(newer.model_dump_json()) == newer


def test_page():
    page = fpga_page(FpgaReport().including(result()))
    assert "| icebreaker | iCE40UP5K-SG48 | 1 | 21 | 9.50 | NO | 104,090 bytes |" in page
    assert "| logic cells (LUT4 and flip-flop) | 4,999 | 5,280 | 95% |" in page
    assert "SB_GB" not in page
    assert "`kiln fpga --board icebreaker`, 2026-11-25; yosys 0.70; seed 1." in page
