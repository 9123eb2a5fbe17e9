"""Depths of skips, on the benchmark's page."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from sim.bench.tables import markdown_table

from .few import FEW
from .plots import DEPTH_PLOT
from .results import Balanced, DepthPoint

__all__ = ["depth_parts"]

_HEAD = """\
The residual digits network with the queues of all skips cut to a share of their computed depths,
{frames} frames; `-` where the pipeline stands still for ever.
"""

_BALANCED = """\
One queue at a time, the others as computed, at {bound:,} cycles a frame, with which no convolution
has cycles to spare; source and sink are always ready. *No limit* is four times the deepest queue.
"""


def depth_parts(points: Sequence[DepthPoint], balanced: Balanced | None) -> Iterator[str]:
    """Text, tables and plot."""
    if not points and balanced is None:
        return
    yield "## Depth of skips\n"
    if points:
        yield _HEAD.format(frames=FEW)
        yield markdown_table(
            "share of the depths|depths, beats|frame interval, cycles",
            (
                [
                    f"{point.share:.1%}, one beat less in each"
                    if point.less
                    else f"{point.share:.0%}",
                    ", ".join(map(str, point.depths.values())),
                    _cycles(point.interval),
                ]
                for point in points
            ),
        )
        yield f"![Throughput over depth]({DEPTH_PLOT})\n"
    if balanced is not None:
        yield _BALANCED.format(bound=balanced.bound)
        yield markdown_table("depths|frame interval, cycles", _balanced(balanced))


def _balanced(found: Balanced) -> Iterator[list[str]]:
    yield ["no limit", _cycles(found.unbounded)]
    computed = ", ".join(map(str, found.depths.values()))
    yield [f"as computed: {computed}", _cycles(found.computed)]
    for name, interval in found.less.items():
        yield [f"{found.depths[name] - 1} after {name}", _cycles(interval)]


def _cycles(interval: float | None) -> str:
    return "-" if interval is None else f"{interval:,.0f}"
