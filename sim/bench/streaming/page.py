"""The benchmark of streaming networks as a page of Markdown."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from sim.bench.tables import markdown_table
from sim.bench.verdicts import verdict_cells
from sim.verification import CLOCK_MHZ

from .costs_page import costs_parts
from .peers import PEERS, TAILOR
from .plots import DEPTH_PLOT, FOLDING_PLOT, MEMORY_PLOT
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

_MEMORY = """\
Bits are allocated storage, depth times width: line buffers with the word that was read last, queues
and frames of skips, parts of beats that wait for the others. Weights and parameters beside them are
the same but for the projections of the residual network.
"""

_REREAD = """\
Were the skips of {network} read from the line buffers of their blocks' first convolutions, which
still hold part of what they need (arXiv 2309.15631), {bits:,} bits would have to be kept besides
(computed, `sw/dataflow/alternatives.py`); against that the skip-free machine saves {saved:.1%}.
"""

_DEPTHS = """\
The residual digits network with the queues of all skips cut to a share of their computed depths,
six frames; `-` where the pipeline stands still for ever.
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

_PEERS = """\
As published, for a sense of scale: their networks, accuracies and devices are not ours. Ours are
RTL at the {clock} MHz that 45 nm synthesis aims at, no FPGA. Of removing skips by Tailor its
authors report savings of {tailor}.
"""


def cnn_page(report: CnnReport) -> str:
    """The page."""
    return "\n".join(_parts(report))


def _parts(report: CnnReport) -> Iterator[str]:
    yield _HEAD.format(command=report.command, date=report.date)
    yield "## Bars\n"
    yield markdown_table("what|measured|bar|", map(verdict_cells, report.verdicts))
    yield "## Three machines\n"
    yield _machines(report.machines)
    yield "## Memory\n"
    yield _MEMORY
    yield _memory(report.machines)
    yield from _reread(report.machines)
    yield f"![Activation memory]({MEMORY_PLOT})\n"
    if report.costs:
        yield from costs_parts(report.costs)
    if report.depths:
        yield "## Depth of skips\n"
        yield _DEPTHS
        yield markdown_table(
            "share of the depths|depths, beats|frame interval, cycles",
            (
                [
                    f"{point.share:.0%}",
                    ", ".join(map(str, point.depths.values())),
                    "-" if point.interval is None else f"{point.interval:,.0f}",
                ]
                for point in report.depths
            ),
        )
        yield f"![Throughput over depth]({DEPTH_PLOT})\n"
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
    yield "## Published\n"
    yield _PEERS.format(clock=CLOCK_MHZ, tailor=TAILOR)
    yield markdown_table(
        "design|network|platform|frames/s|top-1 %|DSP|LUT|MHz",
        (
            [
                peer.design,
                peer.network,
                peer.platform,
                f"{peer.frames_per_second:,g}",
                f"{peer.top1}",
                *(
                    "" if value is None else f"{value:,}"
                    for value in (peer.dsp, peer.lut, peer.clock_mhz)
                ),
            ]
            for peer in PEERS
        ),
        left=3,
    )


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
                f"{row.run.accuracy_rtl:.2%}",
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


def _memory(rows: Sequence[MachineRow]) -> str:
    return markdown_table(
        "network|machine|line buffers|skips|gathers|activations|weights|parameters",
        (
            [
                row.run.network,
                row.run.machine,
                f"{row.run.bits['line buffers']:,}",
                f"{row.run.bits['skips']:,}",
                f"{row.run.bits['gathers']:,}",
                f"{row.activation_bits:,}",
                f"{row.run.bits['weights']:,}",
                f"{row.run.bits['parameters']:,}",
            ]
            for row in rows
        ),
        left=2,
    )


def _reread(rows: Sequence[MachineRow]) -> Iterator[str]:
    """What a buffered machine would save if it read line buffers for its skips."""
    free = {row.data: row.activation_bits for row in rows if row.run.machine == "skip-free"}
    for row in rows:
        if row.reread_skip_bits is not None and row.data in free:
            bits = row.activation_bits - row.run.bits["skips"] + row.reread_skip_bits
            yield _REREAD.format(
                network=row.run.network,
                bits=row.reread_skip_bits,
                saved=1 - free[row.data] / bits,
            )


def _small(small: Small) -> str:
    return _SMALL.format(
        macs=small.macs,
        multipliers=small.multipliers,
        interval=small.interval,
        clock=small.clock_mhz,
        value=small.frames_per_multiplier,
    )
