"""The boards: what each is given to hold, and how its bitstream is built."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from ..eie.config import PRESETS, EieConfig
from .icebreaker import IcebreakerPlatform, IcebreakerTop
from .machine import SerialEie
from .ulx3s import Ulx3sPlatform, Ulx3sTop

__all__ = ["BAUD", "BOARDS", "NEXTPNR_REPORT", "PATIENCE_MS", "TOP", "Board"]

BAUD = 1_000_000
PATIENCE_MS = 50
"""How long a host may pause within a packet: longer than a USB bridge holds bytes back."""
TOP = "top"
NEXTPNR_REPORT = "nextpnr.json"


@dataclass(frozen=True)
class Board:
    """
    A board and the machine on it.

    Parameters
    ----------
    name : str
        Also that of its preset in :data:`hw.eie.config.PRESETS`.
    device : str
    mhz : int
        Clock of the machine.
    platform, top
        Classes of the platform and of the design on it.
    place_and_route : str
        The platform's nextpnr.
    pack : str
        The program that makes the bitstream.
    bitstream : str
        File that it makes.
    synthesis : str
        Options of Yosys's synthesis command.
    seed : int
        Of placement: one that meets the clock.
    """

    name: str
    device: str
    mhz: int
    platform: Callable[[], Any]
    top: Callable[[SerialEie, int], Any]
    place_and_route: str
    pack: str
    bitstream: str
    synthesis: str
    seed: int = 1

    @property
    def config(self) -> EieConfig:
        """The engine."""
        return PRESETS[self.name]

    @property
    def divisor(self) -> int:
        """Clock cycles per bit of the serial line."""
        return round(self.mhz * 1_000_000 / BAUD)

    def machine(self) -> SerialEie:
        """All of the design but clock and pins."""
        patience = self.mhz * 1000 * PATIENCE_MS
        return SerialEie(self.config, divisor=self.divisor, patience=patience)

    def plan(self, *, seed: int = 1) -> Any:
        """Amaranth's build plan: files, and the script that makes the bitstream and
        nextpnr's report, whether the clock is met or not."""
        return self.platform().prepare(
            self.top(self.machine(), self.mhz),
            TOP,
            synth_opts=self.synthesis,
            nextpnr_opts=f"--report {NEXTPNR_REPORT} --timing-allow-fail --seed {seed}",
        )


# Of no memory in the machine is a word read and written in one cycle and then used: hence
# -no-rw-check.
BOARDS = {
    board.name: board
    for board in (
        Board(
            name="ulx3s",
            device="LFE5U-85F-6BG381",
            mhz=50,
            platform=Ulx3sPlatform,
            top=Ulx3sTop,
            place_and_route="nextpnr-ecp5",
            pack="ecppack",
            bitstream=f"{TOP}.bit",
            synthesis="-no-rw-check",
        ),
        Board(
            name="icebreaker",
            device="iCE40UP5K-SG48",
            mhz=21,
            platform=IcebreakerPlatform,
            top=IcebreakerTop,
            place_and_route="nextpnr-ice40",
            pack="icepack",
            bitstream=f"{TOP}.bin",
            synthesis="-dsp -spram -no-rw-check",
            seed=2,
        ),
    )
}
