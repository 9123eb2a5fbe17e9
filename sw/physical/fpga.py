"""What Yosys and nextpnr say of a machine on an FPGA."""

from __future__ import annotations

import json
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError

__all__ = [
    "CELLS",
    "PLACED",
    "BoardResult",
    "Clock",
    "Engine",
    "FpgaReport",
    "Streaming",
    "Synthesis",
    "Usage",
    "build_name",
    "parse_nextpnr",
    "parse_stat",
]

PLACED = {
    "ICESTORM_LC": "logic cells (LUT4 and flip-flop)",
    "ICESTORM_DSP": "multipliers 16 x 16",
    "ICESTORM_RAM": "block RAMs, 4 kbit",
    "ICESTORM_SPRAM": "single-port RAMs, 256 kbit",
    "ICESTORM_PLL": "PLLs",
    "TRELLIS_COMB": "LUT4",
    "TRELLIS_FF": "flip-flops",
    "TRELLIS_RAMW": "distributed-RAM writers",
    "DP16KD": "block RAMs, 18 kbit",
    "MULT18X18D": "multipliers 18 x 18",
    "EHXPLLL": "PLLs",
    "SB_IO": "pins",
    "TRELLIS_IO": "pins",
}
"""Cells of nextpnr that reports show, by what they are."""

CELLS = {
    "LUT4": "LUT4",
    "CCU2C": "carry cells, of two LUT4",
    "TRELLIS_FF": "flip-flops",
    "TRELLIS_DPR16X4": "distributed RAMs, 16 x 4",
    "DP16KD": "block RAMs, 18 kbit",
    "MULT18X18D": "multipliers 18 x 18",
}
"""Cells that Yosys maps to an ECP5 and reports show, by what they are."""

_Count = Annotated[int, Field(ge=0)]


class _Model(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class Usage(_Model):
    """Cells of a kind that the design uses, and that the device has."""

    used: _Count
    available: _Count

    @property
    def share(self) -> float:
        """Part of the device's cells, 0 to 1; 0 where it has none."""
        return self.used / self.available if self.available else 0.0


class Clock(_Model):
    """Highest frequency at which a clock's paths are met, and what was asked for, in MHz."""

    fmax_mhz: Annotated[float, Field(gt=0)]
    constraint_mhz: Annotated[float, Field(gt=0)]

    @property
    def met(self) -> bool:
        """Whether it runs as fast as asked for."""
        return self.fmax_mhz >= self.constraint_mhz


class Engine(_Model):
    """An EIE."""

    kind: Literal["eie"] = "eie"
    preset: str
    n_pe: Annotated[int, Field(ge=1)]

    @property
    def name(self) -> str:
        """What ``kiln fpga`` calls it."""
        return self.kind


class Streaming(_Model):
    """A streaming network, with the skips it was trained with or without any; ``interval`` is in
    cycles a frame."""

    kind: Literal["cnn"] = "cnn"
    network: str
    skips: bool
    interval: Annotated[int, Field(ge=1)]
    multipliers: Annotated[int, Field(ge=1)]

    @property
    def name(self) -> str:
        """What ``kiln fpga`` calls it."""
        return f"{self.network}-residual" if self.skips else self.network


def build_name(board: str, machine: str) -> str:
    """What a machine on a board is called: as the board, where it is the EIE."""
    return board if machine == "eie" else f"{board}-{machine}"


class BoardResult(_Model):
    """A bitstream and what it takes of its device."""

    board: str
    device: str
    machine: Annotated[Engine | Streaming, Field(discriminator="kind")]
    mhz: float
    baud: int
    date: str
    command: str
    tools: dict[str, str]
    seed: int
    seconds: dict[str, float]
    bitstream: str
    bitstream_bytes: _Count
    bitstream_sha256: str
    utilisation: dict[str, Usage]
    clocks: dict[str, Clock]

    @property
    def name(self) -> str:
        """Of the board, and of its machine where that is no EIE."""
        return build_name(self.board, self.machine.name)

    @property
    def fmax_mhz(self) -> float:
        """Of the slowest clock."""
        return min(clock.fmax_mhz for clock in self.clocks.values())

    @property
    def met(self) -> bool:
        """Whether all clocks run as fast as asked for."""
        return all(clock.met for clock in self.clocks.values())


class Synthesis(_Model):
    """What Yosys makes of a machine: cells by kind, before placement."""

    board: str
    device: str
    machine: Streaming
    date: str
    command: str
    tools: dict[str, str]
    seconds: float
    cells: dict[str, _Count]


class FpgaReport(_Model):
    """Bitstreams that have been built, by board and machine, and machines that have been
    synthesised, by machine."""

    boards: dict[str, BoardResult] = {}
    syntheses: dict[str, Synthesis] = {}

    def including(self, *results: BoardResult | Synthesis) -> FpgaReport:
        """The report with results new or replaced."""
        boards, syntheses = dict(self.boards), dict(self.syntheses)
        for result in results:
            if isinstance(result, BoardResult):
                boards[result.name] = result
            else:
                syntheses[result.machine.name] = result
        return FpgaReport(
            boards=dict(sorted(boards.items())), syntheses=dict(sorted(syntheses.items()))
        )


class _NextpnrClock(BaseModel):
    achieved: float
    constraint: float


class _Nextpnr(BaseModel):
    fmax: dict[str, _NextpnrClock]
    utilization: dict[str, Usage]


def parse_nextpnr(text: str) -> tuple[dict[str, Usage], dict[str, Clock]]:
    """Utilisation and clocks of the JSON that ``nextpnr --report`` writes; kinds that neither the
    page shows nor the design uses are left out. ``ValueError`` says what is wrong with the text."""
    try:
        report = _Nextpnr.model_validate(json.loads(text))
    except (json.JSONDecodeError, ValidationError) as error:
        raise ValueError(f"no report of nextpnr: {error}") from None
    if not report.fmax:
        raise ValueError("no report of nextpnr: it has no clock")
    usage = {
        kind: each
        for kind, each in report.utilization.items()
        if each.used or (kind in PLACED and each.available)
    }
    clocks = {
        name: Clock(fmax_mhz=round(each.achieved, 2), constraint_mhz=round(each.constraint, 2))
        for name, each in report.fmax.items()
    }
    return usage, clocks


class _YosysModule(BaseModel):
    num_cells_by_type: dict[str, int]


class _YosysStat(BaseModel):
    design: _YosysModule


def parse_stat(text: str) -> dict[str, int]:
    """Cells by kind of what Yosys's ``stat -json`` writes. ``ValueError`` says what is wrong with
    the text."""
    try:
        return _YosysStat.model_validate(json.loads(text)).design.num_cells_by_type
    except (json.JSONDecodeError, ValidationError) as error:
        raise ValueError(f"no statistics of Yosys: {error}") from None
