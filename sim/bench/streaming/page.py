"""The benchmark of streaming networks as a page of Markdown."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from sim.bench.tables import markdown_table
from sim.bench.verdicts import verdict_cells
from sim.verification import CLOCK_MHZ

from .costs_page import costs_parts
from .depths_page import depth_parts
from .memory_page import memory_parts
from .missed import missed
from .peers_page import peers_parts
from .plots import FOLDING_PLOT, MEMORY_PLOT
from .results import CnnReport, MachineRow, Small

__all__ = ["cnn_page"]

_HEAD = """\
# What skips cost in a streaming datapath

`{command}`, {date}.

Networks of images stream through one unit for each of their layers; three machines are made of the
same units. *skip-free*: the student, whose block inputs are read once. *buffered*: the residual
network, with a queue of the smallest depth at the full rate for each skip. *unbuffered*: the
residual network without such queues: the layer that a skip begins at keeps its whole frame, and
takes no new one until the sum at the skip's end has used it. How they work is in
[docs/streaming.md](../streaming.md). All cycles are of the RTL, every logit is compared with the
integer golden model's.
"""

_MACHINES = """\
*images* are all that ran on the RTL, those with words held back included; *accuracy* counts only
images that no network was trained or chosen with, and how many those are. Frames a second are at
the {clock} MHz that synthesis at 45 nm aims at.
"""

_FRESH = """\
The skip-free machine of {network}, {multipliers:,} multipliers, took {seconds:,.0f} s from its
network to {frames} frames on the RTL: compiled, elaborated, built and run, with nothing kept from
before, on the machine that made this page.
"""

_FOLDINGS = """\
The skip-free digits network, folded for budgets of multipliers; *rtl* says whether the interval was
measured or is the slowest unit's bound.
"""

_SMALL = """\
The geometry of ResNet8 (32 x 32 pixels, 16 to 64 channels, {macs:,} multiplications a frame)
without skips, untrained: {multipliers} multipliers, all of the machine's, take a frame every
{interval:,.0f} cycles. At {clock} MHz that is {value:.2f} frames a second and multiplier; the best
published figure, fpgaConvNet's 12.9, is frames a second and DSP block, which can hold more than one
8-bit multiplier.
"""


def cnn_page(report: CnnReport) -> str:
    """The page."""
    return "\n".join(_parts(report))


def _parts(report: CnnReport) -> Iterator[str]:
    yield _HEAD.format(command=report.command, date=report.date)
    yield "## Bars\n"
    yield markdown_table("what|measured|bar|", map(verdict_cells, report.verdicts))
    yield from missed(report.machines)
    yield from (
        _FRESH.format(
            network=each.network,
            multipliers=each.multipliers,
            frames=each.frames,
            seconds=each.seconds,
        )
        for each in report.fresh
    )
    yield "## Three machines\n"
    yield _MACHINES.format(clock=CLOCK_MHZ)
    yield _machines(report.machines)
    yield from memory_parts(report.machines)
    yield f"![Activation memory]({MEMORY_PLOT})\n"
    if report.costs:
        yield from costs_parts(report.costs)
    yield from depth_parts(report.depths, report.balanced)
    if report.foldings:
        yield "## Folding\n"
        yield _FOLDINGS
        yield markdown_table(
            "budget|multipliers|frame interval, cycles|MAC utilisation|rtl",
            (
                [
                    str(point.budget),
                    str(point.multipliers),
                    f"{point.interval:,.0f}",
                    f"{point.utilisation:.1%}",
                    "yes" if point.measured else "no",
                ]
                for point in report.foldings
            ),
        )
        yield f"![Frames over multipliers]({FOLDING_PLOT})\n"
    if report.small is not None:
        yield "## ResNet8 geometry\n"
        yield _small(report.small)
    yield from peers_parts(report)


def _machines(rows: Sequence[MachineRow]) -> str:
    return markdown_table(
        "network|machine|images|unlike|accuracy|latency, cycles|frame interval, cycles|bound"
        "|frames/s|multipliers|MAC utilisation",
        (
            [
                row.run.network,
                row.run.machine,
                f"{row.run.images + (row.stalled.images if row.stalled else 0):,}",
                str(row.run.mismatches + (row.stalled.mismatches if row.stalled else 0)),
                f"{row.run.accuracy_golden:.1%} of {row.run.tested:,}",
                f"{row.run.latency:,}",
                f"{row.run.interval:,.0f}",
                f"{row.run.bound:,}",
                f"{row.run.frames_per_second:,.0f}",
                f"{row.run.multipliers:,}",
                f"{row.run.utilisation:.1%}",
            ]
            for row in rows
        ),
        left=2,
    )


def _small(small: Small) -> str:
    return _SMALL.format(
        macs=small.macs,
        multipliers=small.multipliers,
        interval=small.interval,
        clock=small.clock_mhz,
        value=small.frames_per_multiplier,
    )
