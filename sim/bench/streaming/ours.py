"""Kiln's own machines as rows beside published ones, and what they save without skips."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

from pydantic import BaseModel

from sim.streaming import StreamReport
from sw.physical.fpga import FpgaReport, Streaming

from .costs import Costs

__all__ = ["OurRow", "Saving", "our_rows", "our_savings", "read_fpga"]

_REPORT = "fpga.json"
_DSP, _BLOCK_RAM, _FLIP_FLOPS = "MULT18X18D", "DP16KD", "TRELLIS_FF"
_PLACED_LUT, _MAPPED_LUT = "TRELLIS_COMB", "LUT4"


class OurRow(BaseModel):
    """A machine of ours: cycles a frame, the clock where there is one, and what it takes of a
    device; ``multipliers`` are DSP blocks on one."""

    network: str
    skips: bool
    platform: str
    interval: float
    multipliers: int
    lut: int | None = None
    clock_mhz: float | None = None

    @property
    def frames_per_second(self) -> float | None:
        """At that clock."""
        return None if self.clock_mhz is None else self.clock_mhz * 1e6 / self.interval


class Saving(BaseModel):
    """Shares of cells that a machine with skips has and the one without does not."""

    what: str
    block_ram: float
    flip_flops: float
    lut: float

    @classmethod
    def of(cls, what: str, kept: Mapping[str, int], lean: Mapping[str, int], lut: str) -> Saving:
        """Of two machines, ``lut`` the name of their LUTs."""
        saved = {name: 1 - lean[name] / kept[name] for name in (_BLOCK_RAM, _FLIP_FLOPS, lut)}
        return cls(
            what=what,
            block_ram=saved[_BLOCK_RAM],
            flip_flops=saved[_FLIP_FLOPS],
            lut=saved[lut],
        )


def read_fpga(folder: Path) -> FpgaReport:
    """The report of FPGAs in a folder; an empty one where there is none."""
    path = folder / _REPORT
    return FpgaReport.model_validate_json(path.read_text()) if path.is_file() else FpgaReport()


def our_rows(
    fpga: FpgaReport, runs: Sequence[StreamReport], costs: Sequence[Costs]
) -> list[OurRow]:
    """Machines on boards; those that were mapped only; of what was on the RTL the others at the
    full rate, at the clock that synthesis says or, without that, aims at."""
    rows = {}
    for board in fpga.boards.values():
        if isinstance(board.machine, Streaming):
            cells = {name: usage.used for name, usage in board.utilisation.items()}
            rows[board.machine.name] = _on_fpga(
                board.machine, f"{board.device}, placed", cells, _PLACED_LUT, board.mhz
            )
    for name, mapped in fpga.syntheses.items():
        if name not in rows:
            platform = f"{mapped.device}, not placed"
            rows[name] = _on_fpga(mapped.machine, platform, mapped.cells, _MAPPED_LUT, None)
    there = {row.network for row in rows.values()}
    for run in runs:
        if run.network in there or run.machine == "unbuffered":
            continue
        found = [each.machine(run.machine) for each in costs if each.network == run.network]
        clocks = [machine.mhz for machine in found if machine is not None]
        rows[f"{run.network} {run.machine}"] = OurRow(
            network=run.network,
            skips=run.machine == "buffered",
            platform="RTL, clock as synthesised at 45 nm" if clocks else "RTL, clock aimed at",
            interval=run.interval,
            multipliers=run.multipliers,
            clock_mhz=clocks[0] if clocks else run.clock_mhz,
        )
    return list(rows.values())


def our_savings(fpga: FpgaReport) -> list[Saving]:
    """Of all pairs of machines, with skips and without, that were placed or mapped."""
    placed = {
        board.machine.name: {name: usage.used for name, usage in board.utilisation.items()}
        for board in fpga.boards.values()
        if isinstance(board.machine, Streaming)
    }
    mapped = {name: each.cells for name, each in fpga.syntheses.items()}
    return [
        Saving.of(f"Kiln, {name}, {how}", cells[f"{name}-residual"], cells[name], lut)
        for cells, how, lut in (
            (placed, "placed", _PLACED_LUT),
            (mapped, "not placed", _MAPPED_LUT),
        )
        for name in cells
        if f"{name}-residual" in cells
    ]


def _on_fpga(
    machine: Streaming, platform: str, cells: Mapping[str, int], lut: str, clock_mhz: float | None
) -> OurRow:
    return OurRow(
        network=machine.network,
        skips=machine.skips,
        platform=platform,
        interval=machine.interval,
        multipliers=cells[_DSP],
        lut=cells[lut],
        clock_mhz=clock_mhz,
    )
