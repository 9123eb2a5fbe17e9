"""ULX3S with a Lattice ECP5 LFE5U-85F."""

from __future__ import annotations

from amaranth.hdl import ClockSignal, Elaboratable, Instance, Module, Signal
from amaranth.lib import io
from amaranth.lib.cdc import ResetSynchronizer
from amaranth_boards.ulx3s import ULX3S_85F_Platform

from .sram import SramFiles
from .top import Led

__all__ = ["LEDS", "Ulx3sClock", "Ulx3sPlatform"]

LEDS = (
    Led("led_0", "led", 0, "irq"),
    Led("led_1", "led", 1, "active"),
    Led("led_2", "led", 2, "fault"),
)

_OSCILLATOR = 25
_VCO = 600


class Ulx3sPlatform(SramFiles, ULX3S_85F_Platform):
    """The board; programming it needs no tool here."""

    tiny_bits = 1 << 11

    @property
    def required_tools(self):
        return [tool for tool in super().required_tools if tool != "openFPGALoader"]


class Ulx3sClock(Elaboratable):
    """
    Drives clock domain ``sync`` from the board's 25 MHz oscillator by a PLL, in reset until it has
    locked.

    Parameters
    ----------
    mhz : :class:`int`
        A multiple of 25 or a divisor of 600 that is a multiple of 5.
    """

    def __init__(self, mhz: int):
        if _VCO % mhz or mhz % 5:
            raise ValueError(f"Clock must be a multiple of 5 MHz that divides {_VCO}, not {mhz!r}")
        self.mhz = mhz

    def elaborate(self, platform):
        m = Module()
        m.submodules.oscillator = oscillator = io.Buffer("i", platform.request("clk25", dir="-"))
        clock, locked = Signal(), Signal()
        reference = 5 if self.mhz % _OSCILLATOR else _OSCILLATOR
        m.submodules.pll = Instance(
            "EHXPLLL",
            p_CLKI_DIV=_OSCILLATOR // reference,
            p_CLKFB_DIV=self.mhz // reference,
            p_CLKOP_DIV=_VCO // self.mhz,
            p_CLKOP_CPHASE=_VCO // self.mhz - 1,
            p_CLKOP_FPHASE=0,
            p_CLKOP_ENABLE="ENABLED",
            p_FEEDBK_PATH="CLKOP",
            a_FREQUENCY_PIN_CLKI=str(_OSCILLATOR),
            a_FREQUENCY_PIN_CLKOP=str(self.mhz),
            a_ICP_CURRENT="12",
            a_LPF_RESISTOR="8",
            i_CLKI=oscillator.i,
            i_CLKFB=clock,
            i_RST=0,
            i_STDBY=0,
            i_PHASESEL0=0,
            i_PHASESEL1=0,
            i_PHASEDIR=1,
            i_PHASESTEP=1,
            i_PHASELOADREG=1,
            i_PLLWAKESYNC=0,
            i_ENCLKOP=0,
            o_CLKOP=clock,
            o_LOCK=locked,
        )
        m.d.comb += ClockSignal().eq(clock)
        m.submodules.reset = ResetSynchronizer(~locked)
        return m
