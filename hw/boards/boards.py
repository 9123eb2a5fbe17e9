"""The boards, the designs on them, and how a design's bitstream is built."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from amaranth.lib import wiring

from ..eie.config import PRESETS
from ..eie.system import Eie
from . import icebreaker, ulx3s
from .machine import SerialMachine
from .top import BoardTop, Led

__all__ = [
    "BAUD",
    "BOARDS",
    "NEXTPNR_REPORT",
    "PATIENCE_MS",
    "TOP",
    "YOSYS_STAT",
    "Board",
    "Design",
    "eie_on",
]

BAUD = 1_000_000
PATIENCE_MS = 50
"""How long a host may pause within a packet: longer than a USB bridge holds bytes back."""
TOP = "top"
NEXTPNR_REPORT = "nextpnr.json"
YOSYS_STAT = "cells.json"


@dataclass(frozen=True)
class Board:
    """
    A board.

    Parameters
    ----------
    name : str
        Also that of the EIE on it in :data:`hw.eie.config.PRESETS`.
    device : str
    platform
        Class of the platform.
    clock
        Component that makes a clock of so many MHz.
    leds : tuple of Led
    place_and_route : str
        The platform's nextpnr.
    pack : str
        The program that makes the bitstream.
    bitstream : str
        File that it makes.
    synthesis : str
        Options of Yosys's synthesis command.
    """

    name: str
    device: str
    platform: Callable[[], Any]
    clock: Callable[[int], Any]
    leds: tuple[Led, ...]
    place_and_route: str
    pack: str
    bitstream: str
    synthesis: str


@dataclass(frozen=True)
class Design:
    """
    A machine on a board.

    Parameters
    ----------
    board : Board
    engine
        Makes the machine, see :class:`SerialMachine`.
    mhz : int
        Its clock.
    seed : int
        Of placement: one that meets the clock.
    """

    board: Board
    engine: Callable[[], wiring.Component]
    mhz: int
    seed: int = 1

    @property
    def divisor(self) -> int:
        """Clock cycles per bit of the serial line."""
        return round(self.mhz * 1_000_000 / BAUD)

    def machine(self) -> SerialMachine:
        """All of the design but clock and pins."""
        patience = self.mhz * 1000 * PATIENCE_MS
        return SerialMachine(self.engine(), divisor=self.divisor, patience=patience)

    def plan(self, *, seed: int = 1) -> Any:
        """Amaranth's build plan: files, and the script that makes the bitstream, Yosys's count
        of cells, and nextpnr's report, whether the clock is met or not."""
        board = self.board
        return board.platform().prepare(
            BoardTop(self.machine(), board.clock(self.mhz), board.leds),
            TOP,
            synth_opts=board.synthesis,
            script_after_synth=f"tee -q -o {YOSYS_STAT} stat -json",
            nextpnr_opts=f"--report {NEXTPNR_REPORT} --timing-allow-fail --seed {seed}",
        )


# Of no memory in the machines is a word read and written in one cycle and then used: hence
# -no-rw-check. (Of a skip's queue of two beats one is; the compiler makes none below three.)
BOARDS = {
    board.name: board
    for board in (
        Board(
            name="ulx3s",
            device="LFE5U-85F-6BG381",
            platform=ulx3s.Ulx3sPlatform,
            clock=ulx3s.Ulx3sClock,
            leds=ulx3s.LEDS,
            place_and_route="nextpnr-ecp5",
            pack="ecppack",
            bitstream=f"{TOP}.bit",
            synthesis="-no-rw-check",
        ),
        Board(
            name="icebreaker",
            device="iCE40UP5K-SG48",
            platform=icebreaker.IcebreakerPlatform,
            clock=icebreaker.IcebreakerClock,
            leds=icebreaker.LEDS,
            place_and_route="nextpnr-ice40",
            pack="icepack",
            bitstream=f"{TOP}.bin",
            synthesis="-dsp -spram -no-rw-check",
        ),
    )
}

_EIE = {"ulx3s": (50, 1), "icebreaker": (21, 2)}
"""Clock and seed of the EIE on each board."""


def eie_on(board: Board) -> Design:
    """The EIE of a board's preset."""
    mhz, seed = _EIE[board.name]
    return Design(board, lambda: Eie(PRESETS[board.name]), mhz, seed)
