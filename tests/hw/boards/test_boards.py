"""The boards' designs: clocks, pins and memories, up to the tools' door."""

import re

import numpy as np
import pytest

from hw.boards.boards import BAUD, BOARDS, eie_on
from hw.boards.icebreaker import IcebreakerClock
from hw.boards.ulx3s import Ulx3sClock, Ulx3sPlatform
from hw.eie.config import PRESETS
from hw.memory import Sram
from sw import weights
from sw.compress.compile import compile_network
from sw.predictors.mittos import generate

OSCILLATOR = {"ulx3s": 25, "icebreaker": 12}


def files_of(design):
    return {
        name: text.decode() if isinstance(text, bytes) else text
        for name, text in design.plan(seed=5).files.items()
    }


@pytest.fixture(scope="module", params=BOARDS)
def design(request):
    return eie_on(BOARDS[request.param])


@pytest.fixture(scope="module")
def board(design):
    return design.board


@pytest.fixture(scope="module")
def files(design):
    return files_of(design)


def test_serial_line(design):
    """The bit rate is met within 1 %, and the clock is what the PLL gives."""
    assert abs(design.mhz * 1e6 / design.divisor / BAUD - 1) < 0.01
    assert design.machine().engine.config == PRESETS[design.board.name]


def test_pll(design, board, files):
    """Divider settings as the PLLs' formulas have it, inside the oscillator's range."""
    values = {k: int(v) for k, v in re.findall(r"parameter \\(\w+) (\d+)$", files["top.il"], re.M)}
    text = files["top.il"]
    if board.name == "ulx3s":
        assert "cell \\EHXPLLL" in text
        reference = OSCILLATOR[board.name] / values["CLKI_DIV"]
        assert reference * values["CLKFB_DIV"] == design.mhz
        assert 400 <= design.mhz * values["CLKOP_DIV"] <= 800
    else:
        assert "cell \\SB_PLL40_PAD" in text
        oscillator = OSCILLATOR[board.name] * (values["DIVF"] + 1) / (values["DIVR"] + 1)
        assert 533 <= oscillator <= 1066
        assert oscillator / 2 ** values["DIVQ"] == design.mhz


def test_script(board, files):
    script = files["build_top.sh"]
    assert f"{board.place_and_route.upper().replace('-', '_')}" in script
    assert "--report nextpnr.json --timing-allow-fail --seed 5" in script


def test_pins(board, files):
    """Those of the board's FTDI and LEDs."""
    if board.name == "ulx3s":
        for port, pin in (("uart_0__rx__io", "M1"), ("uart_0__tx__io", "L4"), ("led_0__io", "B2")):
            assert f'LOCATE COMP "{port}" SITE "{pin}";' in files["top.lpf"]
    else:
        for port, pin in (("uart_0__rx__io", 6), ("uart_0__tx__io", 9), ("led_g_0__io", 37)):
            assert f"set_io {port} {pin}" in files["top.pcf"]


def test_memories(board, files):
    """One Verilog module for each geometry; the large ones of the iCE40 in its large RAMs."""
    macros = {name for name in files if name.startswith("sram_1rw_")}
    config = PRESETS[board.name]
    latency = config.sram_latency
    spmat = f"sram_1rw_{config.spmat_depth}x64_l{latency}.v"
    assert {spmat, f"sram_1rw_{config.act_depth}x16_l{latency}.v"} <= macros
    huge = {name for name in macros if 'ram_style = "huge"' in files[name]}
    assert huge == ({spmat} if board.name == "icebreaker" else set())
    assert f"assign rdata = stage_{latency};" in files[spmat]


@pytest.mark.parametrize(
    ("depth", "style"), [(32, "distributed"), (63, "distributed"), (64, "block"), (4096, "block")]
)
def test_tiny_memories(depth, style):
    """Small memories of a network go to the ECP5's distributed RAM."""
    platform = Ulx3sPlatform()
    platform.get_sram(Sram(depth, 32, 1))
    (text,) = platform.extra_files.values()
    assert f'(* ram_style = "{style}" *)' in str(text)


def test_predictor_fits_the_ulx3s():
    calibration = generate(200, seed=0).features.astype(np.float32)
    program, _ = compile_network(weights.load(98), PRESETS["ulx3s"], calibration=calibration)
    assert len(program.passes) == len(program.layers) == 8


def test_bad_clocks():
    with pytest.raises(ValueError) as error:
        Ulx3sClock(45)
    assert str(error.value) == "Clock must be a multiple of 5 MHz that divides 600, not 45"
    with pytest.raises(ValueError) as error:
        IcebreakerClock(20)
    assert str(error.value) == "Clock must be one of [15, 18, 21, 24] MHz, not 20"
