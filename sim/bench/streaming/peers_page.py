"""Published designs and Kiln's own side by side, on the benchmark's page."""

from __future__ import annotations

from collections.abc import Iterator

from sim.bench.tables import markdown_table

from .ours import OurRow, Saving
from .peers import BLOCK_SAVED, PEERS, TAILOR_SAVED, Peer
from .results import CnnReport

__all__ = ["peers_parts"]

_HEAD = """\
As published, for a sense of scale: networks, accuracies and devices differ. All are for images of
CIFAR-10 but digits, whose frames are 8 x 8 pixels. Cycles a frame of others are their clock over
their frames a second, where both are known. Kiln's on FPGAs are those that it was folded for, which
the RTL keeps; LUTs, DSP blocks and clocks are those of [docs/results/fpga.md](fpga.md), where *not
placed* is what Yosys maps to, without a clock. Kiln's others are measured on the RTL, and their
multipliers stand in the column of DSP blocks. Kiln's accuracy is that of the integers that ship, on
all test images.
"""

_SAVED = """\
What removing skips saved: Tailor's figures are the most that its authors report, of hls4ml's
designs, latency unchanged; the block of ResNet is theirs too, in FINN.
"""


def peers_parts(report: CnnReport) -> Iterator[str]:
    """Text and tables."""
    yield "## Published\n"
    yield _HEAD
    accuracies = {
        (row.run.network, row.run.machine == "buffered"): f"{100 * row.accuracy:.1f}"
        for row in report.machines
        if row.run.machine != "unbuffered"
    }
    yield markdown_table(
        "design|network|platform|cycles a frame|MHz|frames/s|top-1 %|DSP|LUT|mJ a frame",
        [
            *map(_peer, PEERS),
            *(_our(row, accuracies.get((row.network, row.skips), "")) for row in report.ours),
        ],
        left=3,
    )
    yield _SAVED
    yield markdown_table(
        "design|block RAM|flip-flops|LUTs|frames/s",
        [
            [
                "Tailor, up to",
                *(f"{TAILOR_SAVED[kind]}%" for kind in ("block RAM", "flip-flops", "LUTs")),
                "",
            ],
            [
                "one block of ResNet, FINN",
                f"{BLOCK_SAVED['block RAM']:.1%}",
                "",
                f"{BLOCK_SAVED['LUTs']:.1%}",
                f"{BLOCK_SAVED['frames']:+.1%}",
            ],
            *map(_saving, report.savings),
        ],
    )


def _peer(peer: Peer) -> list[str]:
    return [
        peer.design,
        peer.network,
        peer.platform,
        _number(peer.interval),
        _number(peer.clock_mhz),
        f"{peer.frames_per_second:,g}",
        f"{peer.top1}",
        _number(peer.dsp),
        _number(peer.lut),
        "" if peer.frame_mj is None else f"{peer.frame_mj:g}",
    ]


def _our(row: OurRow, accuracy: str) -> list[str]:
    return [
        "Kiln",
        f"{row.network}, {'with' if row.skips else 'without'} skips",
        row.platform,
        _number(row.interval),
        _number(row.clock_mhz),
        _number(row.frames_per_second),
        accuracy,
        _number(row.multipliers),
        _number(row.lut),
        "",
    ]


def _saving(saving: Saving) -> list[str]:
    shares = (saving.block_ram, saving.flip_flops, saving.lut)
    return [saving.what, *(f"{share:.1%}" for share in shares), "unchanged"]


def _number(value: float | None) -> str:
    return "" if value is None else f"{value:,.0f}"
