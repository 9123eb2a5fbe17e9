"""The page of results of machines on FPGAs."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from sim.bench.streaming.peers import TAILOR_SAVED
from sim.bench.tables import markdown_table
from sw.physical.fpga import CELLS, PLACED, BoardResult, Engine, FpgaReport, Streaming, Usage

__all__ = ["fpga_page"]

_HEAD = """# Machines on FPGA boards

`kiln fpga` builds these; the figures are nextpnr's, after placement and routing. How to build and
use them: [docs/fpga.md](../fpga.md).

| board | device | PEs | clock, MHz | fmax, MHz | met | bitstream | built |
| --- | --- | ---: | ---: | ---: | --- | ---: | --- |
"""

_STREAMING = """
Streaming networks, a unit for each layer; frames/s are the pipeline's at that clock (the serial
line carries fewer).

| machine | board | multipliers | cycles a frame | clock, MHz | frames/s | fmax, MHz | met \
| bitstream | built |
| --- | --- | ---: | ---: | ---: | ---: | ---: | --- | ---: | --- |
"""

_COST = """
## What skips cost: {network} on {board}

The same network with the skips that it was trained with, kept in queues of the smallest depth at
the full rate, and without any; both in {interval:,} cycles a frame, with the host side and the
serial line, which are the same. Those with skips have projections too, {more} multipliers more.

"""

_SYNTHESISED = """
## {network} geometry, synthesised

`{command}`, {date}; {tools}. Cells that Yosys maps it to for the {device} of {board}, serial line
included; not placed. {interval:,} cycles a frame, {multipliers} multipliers without skips and
{more} with them.

"""

_PUBLISHED = """
Tailor's savings are as its authors published them, at most, of other networks on other devices.
"""

_TAILOR = {
    "TRELLIS_COMB": "LUTs",
    "LUT4": "LUTs",
    "TRELLIS_FF": "flip-flops",
    "DP16KD": "block RAM",
}
"""What a kind of cell is in Tailor's figures."""


def fpga_page(report: FpgaReport) -> str:
    """The results as Markdown."""
    engines = [each for each in report.boards.values() if isinstance(each.machine, Engine)]
    page = _HEAD + "".join(map(_engine_row, engines))
    page += "".join(_streaming(report)) + "".join(_costs(report)) + "".join(_synthesised(report))
    for name, result in report.boards.items():
        page += (
            f"\n## {name}\n\n`{result.command}`, {result.date}; {_tools(result.tools)}; seed "
            f"{result.seed}.\n{_machine(result)}, serial line at {result.baud:,} baud.\n\n"
            f"{_usage_lines(result.utilisation)}"
        )
    return page


def _engine_row(result: BoardResult) -> str:
    assert isinstance(result.machine, Engine)
    return (
        f"| {result.board} | {result.device} | {result.machine.n_pe} | {result.mhz:g} "
        f"| {_outcome(result)} |\n"
    )


def _outcome(result: BoardResult) -> str:
    return (
        f"{result.fmax_mhz:.2f} | {'yes' if result.met else 'NO'} "
        f"| {result.bitstream_bytes:,} bytes | {result.date}"
    )


def _tools(tools: Mapping[str, str]) -> str:
    return ", ".join(f"{name} {version}" for name, version in tools.items())


def _machine(result: BoardResult) -> str:
    machine = result.machine
    if isinstance(machine, Engine):
        return f"Preset `{machine.preset}`"
    return f"Network {machine.network}, {'with skips' if machine.skips else 'without skips'}"


def _usage_lines(usage: Mapping[str, Usage]) -> str:
    rows = [
        [what, f"{each.used:,}", f"{each.available:,}", f"{each.share:.0%}"]
        for kind, what in PLACED.items()
        if (each := usage.get(kind)) is not None
    ]
    return markdown_table("cells|used|of|share", rows)


def _streaming(report: FpgaReport) -> Iterator[str]:
    found = [each for each in report.boards.values() if isinstance(each.machine, Streaming)]
    if found:
        yield _STREAMING
    for result in found:
        machine = result.machine
        assert isinstance(machine, Streaming)
        yield (
            f"| {machine.name} | {result.board} | {machine.multipliers} | {machine.interval:,} "
            f"| {result.mhz:g} | {result.mhz * 1e6 / machine.interval:,.0f} "
            f"| {_outcome(result)} |\n"
        )


def _costs(report: FpgaReport) -> Iterator[str]:
    """Each network that has been built for a board with its skips and without."""
    for kept in report.boards.values():
        machine = kept.machine
        lean = report.boards.get(kept.name.removesuffix("-residual"))
        if not isinstance(machine, Streaming) or not machine.skips or lean is None:
            continue
        assert isinstance(lean.machine, Streaming)
        yield _COST.format(
            network=machine.network,
            board=kept.board,
            interval=machine.interval,
            more=machine.multipliers - lean.machine.multipliers,
        )
        yield _savings(
            {kind: each.used for kind, each in kept.utilisation.items()},
            {kind: each.used for kind, each in lean.utilisation.items()},
            PLACED,
        )


def _synthesised(report: FpgaReport) -> Iterator[str]:
    for kept in report.syntheses.values():
        lean = report.syntheses.get(kept.machine.network)
        if not kept.machine.skips or lean is None:
            continue
        yield _SYNTHESISED.format(
            network=kept.machine.network,
            command=lean.command,
            date=lean.date,
            tools=_tools(lean.tools),
            device=lean.device,
            board=lean.board,
            interval=lean.machine.interval,
            multipliers=lean.machine.multipliers,
            more=kept.machine.multipliers,
        )
        yield _savings(kept.cells, lean.cells, CELLS)


def _savings(kept: Mapping[str, int], lean: Mapping[str, int], kinds: Mapping[str, str]) -> str:
    """A row for each kind that the machine with skips has."""
    rows = []
    for kind, what in kinds.items():
        if not (before := kept.get(kind, 0)):
            continue
        after = lean.get(kind, 0)
        saved = f"{(before - after) / before:.1%}"
        published = f"{TAILOR_SAVED[_TAILOR[kind]]}%" if kind in _TAILOR else ""
        rows.append([what, f"{before:,}", f"{after:,}", saved, published])
    table = markdown_table("cells|with skips|without|saved|Tailor's saving, up to", rows)
    return table + _PUBLISHED
