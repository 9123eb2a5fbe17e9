"""What Yosys and nextpnr say, and what is kept of it."""

import json

import pytest

from sw.physical.fpga import Clock, FpgaReport, Usage, parse_nextpnr, parse_stat
from tests.sw.physical.fpga_results import EIE, REPORT, RESIDUAL, SKIPFREE, result, synthesis


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
    assert result(EIE).fmax_mhz == 9.5 and not result(EIE).met
    fast = {"clk": Clock(fmax_mhz=21.57, constraint_mhz=21)}
    assert result(EIE, clocks=fast).fmax_mhz == 21.57 and result(EIE, clocks=fast).met


def test_names():
    assert result(EIE).name == "icebreaker"
    assert result(SKIPFREE, board="ulx3s").name == "ulx3s-digits"
    assert result(RESIDUAL, board="ulx3s").name == "ulx3s-digits-residual"


def test_report_keeps_others():
    report = FpgaReport().including(result(EIE, board="ulx3s"), result(SKIPFREE, board="ulx3s"))
    report = report.including(synthesis(SKIPFREE), result(EIE))
    assert list(report.boards) == ["icebreaker", "ulx3s", "ulx3s-digits"]
    assert list(report.syntheses) == ["digits"]
    newer = report.including(result(EIE, date="2026-12-01"))
    assert newer.boards["icebreaker"].date == "2026-12-01"
    assert newer.boards["ulx3s"] == report.boards["ulx3s"]
    assert newer.syntheses == report.syntheses
    assert FpgaReport.model_validate_json(newer.model_dump_json()) == newer


def test_parse_stat():
    text = json.dumps({"design": {"num_cells": 3, "num_cells_by_type": {"LUT4": 3}}})
    assert parse_stat(text) == {"LUT4": 3}


@pytest.mark.parametrize("text", ["", "{}", '{"design": {"num_cells_by_type": {"LUT4": "x"}}}'])
def test_bad_stat(text):
    with pytest.raises(ValueError, match="no statistics of Yosys"):
        parse_stat(text)
