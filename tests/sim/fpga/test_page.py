"""The page of results of machines on FPGAs."""

from sim.fpga.page import fpga_page
from sw.physical.fpga import FpgaReport, Usage
from tests.sw.physical.fpga_results import EIE, RESIDUAL, SKIPFREE, result, synthesis


def placed(machine, **used):
    usage = {kind: Usage(used=count, available=1000) for kind, count in used.items()}
    return result(machine, board="ulx3s", mhz=50, utilisation=usage)


def test_engine():
    page = fpga_page(FpgaReport().including(result(EIE)))
    assert "| icebreaker | iCE40UP5K-SG48 | 1 | 21 | 9.50 | NO | 104,090 bytes |" in page
    assert "| logic cells (LUT4 and flip-flop) | 4,999 | 5,280 | 95% |" in page
    assert "SB_GB" not in page
    assert "`kiln fpga --board icebreaker`, 2026-11-25; yosys 0.70; seed 1." in page
    assert "Preset `icebreaker`, serial line at 1,000,000 baud." in page
    assert "Streaming" not in page and "skips" not in page


def test_streaming():
    page = fpga_page(FpgaReport().including(placed(SKIPFREE, DP16KD=10)))
    assert "| digits | ulx3s | 82 | 9,216 | 50 | 5,425 | 9.50 | NO | 104,090 bytes |" in page
    assert "\n## ulx3s-digits\n" in page
    assert "Network digits, without skips, serial line" in page
    assert "What skips cost" not in page


def test_cost():
    """What is saved is of the machine with skips; of other kinds Tailor says nothing."""
    report = FpgaReport().including(
        placed(SKIPFREE, TRELLIS_COMB=750, TRELLIS_FF=450, DP16KD=10, MULT18X18D=82),
        placed(RESIDUAL, TRELLIS_COMB=1000, TRELLIS_FF=500, DP16KD=16, MULT18X18D=84, EHXPLLL=1),
    )
    page = fpga_page(report)
    assert "## What skips cost: digits on ulx3s" in page
    assert "2 multipliers more." in page
    assert "| LUT4 | 1,000 | 750 | 25.0% | 16% |" in page
    assert "| flip-flops | 500 | 450 | 10.0% | 13% |" in page
    assert "| block RAMs, 18 kbit | 16 | 10 | 37.5% | 34% |" in page
    assert "| multipliers 18 x 18 | 84 | 82 | 2.4% |  |" in page


def test_synthesised():
    report = FpgaReport().including(synthesis(SKIPFREE, LUT4=90, CCU2C=5))
    assert "synthesised" not in fpga_page(report)
    page = fpga_page(report.including(synthesis(RESIDUAL, LUT4=100, CCU2C=5, PFUMX=7)))
    assert "## digits geometry, synthesised" in page
    assert "9,216 cycles a frame, 82 multipliers without" in page
    assert "| LUT4 | 100 | 90 | 10.0% | 16% |" in page
    assert "| carry cells, of two LUT4 | 5 | 5 | 0.0% |  |" in page
    assert "PFUMX" not in page
