"""What nextpnr says of a board's design, and the page of results that it goes to."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field, ValidationError

__all__ = ["BoardResult", "Clock", "FpgaReport", "Usage", "fpga_page", "parse_nextpnr"]

_KINDS = {
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
"""Cells of nextpnr that the report shows, by what they are."""

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


class BoardResult(_Model):
    """A bitstream and what it takes of its device."""

    board: str
    device: str
    preset: str
    n_pe: Annotated[int, Field(ge=1)]
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
    def fmax_mhz(self) -> float:
        """Of the slowest clock."""
        return min(clock.fmax_mhz for clock in self.clocks.values())

    @property
    def met(self) -> bool:
        """Whether all clocks run as fast as asked for."""
        return all(clock.met for clock in self.clocks.values())


class FpgaReport(_Model):
    """The boards that have been built, by name."""

    boards: dict[str, BoardResult] = {}

    def including(self, result: BoardResult) -> FpgaReport:
        """The report with a board's result new or replaced."""
        return FpgaReport(boards=dict(sorted({**self.boards, result.board: result}.items())))


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
        if each.used or (kind in _KINDS and each.available)
    }
    clocks = {
        name: Clock(fmax_mhz=round(each.achieved, 2), constraint_mhz=round(each.constraint, 2))
        for name, each in report.fmax.items()
    }
    return usage, clocks


_HEAD = """# The engine on FPGA boards

`kiln fpga` builds these; the figures are nextpnr's, after placement and routing. How to build and
use them: [docs/fpga.md](../fpga.md).

| board | device | PEs | clock, MHz | fmax, MHz | met | bitstream | built |
| --- | --- | ---: | ---: | ---: | --- | ---: | --- |
"""


def _row(result: BoardResult) -> str:
    return (
        f"| {result.board} | {result.device} | {result.n_pe} | {result.mhz:g} "
        f"| {result.fmax_mhz:.2f} | {'yes' if result.met else 'NO'} "
        f"| {result.bitstream_bytes:,} bytes | {result.date} |\n"
    )


def _usage_lines(usage: Mapping[str, Usage]) -> str:
    lines = "| cells | used | of | share |\n| --- | ---: | ---: | ---: |\n"
    for kind, what in _KINDS.items():
        if kind in usage:
            each = usage[kind]
            lines += f"| {what} | {each.used:,} | {each.available:,} | {each.share:.0%} |\n"
    return lines


def fpga_page(report: FpgaReport) -> str:
    """The results as Markdown."""
    page = _HEAD + "".join(map(_row, report.boards.values()))
    for result in report.boards.values():
        tools = ", ".join(f"{name} {version}" for name, version in result.tools.items())
        page += (
            f"\n## {result.board}\n\n`{result.command}`, {result.date}; {tools}; seed "
            f"{result.seed}.\nPreset `{result.preset}`, serial line at {result.baud:,} baud.\n\n"
            f"{_usage_lines(result.utilisation)}"
        )
    return page
