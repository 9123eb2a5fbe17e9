"""iCEBreaker with a Lattice iCE40 UP5K."""

from __future__ import annotations

from amaranth.hdl import ClockDomain, ClockSignal, Elaboratable, Instance, Module, Signal
from amaranth.lib.cdc import FFSynchronizer, ResetSynchronizer
from amaranth_boards.icebreaker import ICEBreakerPlatform

from .sram import SramFiles
from .top import Led

__all__ = ["LEDS", "IcebreakerClock", "IcebreakerPlatform"]

LEDS = (Led("green", "led_g", 0, "irq"), Led("red", "led_r", 0, "fault"))

_PLL = {15: (79, 6), 18: (47, 5), 21: (55, 5), 24: (63, 5)}
"""MHz -> DIVF, DIVQ for 12 MHz in; DIVR is 0."""

_RESET_CYCLES = 1 << 10
"""Block RAM reads as zero for some microseconds after configuration."""


class IcebreakerPlatform(SramFiles, ICEBreakerPlatform):
    """The board; its four 32-KiB SRAMs take the sparse matrix."""

    huge_bits = 1 << 17


class IcebreakerClock(Elaboratable):
    """
    Drives clock domain ``sync`` from the board's 12 MHz oscillator by a PLL, in reset until it has
    locked and for 1,024 cycles more.

    Parameters
    ----------
    mhz : :class:`int`
        15, 18, 21 or 24.
    """

    def __init__(self, mhz: int):
        if mhz not in _PLL:
            raise ValueError(f"Clock must be one of {[*_PLL]} MHz, not {mhz!r}")
        self.mhz = mhz

    def elaborate(self, platform):
        m = Module()
        m.domains.start = start = ClockDomain(reset_less=True, local=True)
        clock = Signal()
        lock, locked = Signal(), Signal()
        feedback, output = _PLL[self.mhz]
        m.submodules.pll = Instance(
            "SB_PLL40_PAD",
            p_FEEDBACK_PATH="SIMPLE",
            p_DIVR=0,
            p_DIVF=feedback,
            p_DIVQ=output,
            p_FILTER_RANGE=1,
            i_PACKAGEPIN=platform.request("clk12", dir="-").io,
            i_RESETB=1,
            i_BYPASS=0,
            o_PLLOUTGLOBAL=clock,
            o_LOCK=lock,
        )
        m.submodules.synchroniser = FFSynchronizer(lock, locked, o_domain="start")
        count = Signal(range(_RESET_CYCLES))
        ready = Signal()
        m.d.comb += [ClockSignal().eq(clock), start.clk.eq(clock)]
        with m.If(~locked):
            m.d.start += [count.eq(0), ready.eq(0)]
        with m.Elif(count == _RESET_CYCLES - 1):
            m.d.start += ready.eq(1)
        with m.Else():
            m.d.start += count.eq(count + 1)
        m.submodules.reset = ResetSynchronizer(~ready)
        platform.add_clock_constraint(clock, self.mhz * 1e6)
        return m
