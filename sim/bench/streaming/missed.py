"""Why a bar of a network's machines is missed, on the benchmark's page."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from .bars import MEMORY_SAVED, SPEED_UP, memory_saved, speed_up
from .results import FULL_HOLD, MachineRow

__all__ = ["missed"]

_MEMORY = """\
On {network} {saved:.1%} of activation memory is saved, not {bar:.0%}, because the residual machine
is leaner than the bar assumes. Skips of blocks that halve the image are queued before their
projection, where they are narrowest, and only the quarter of the pixels that it reads: they take
{halved:,} of the {skips:,} bits of skips. With all of those pixels, four times as many, the saving
would be {whole:.1%}.
"""

_SPEED_UP = """\
On {network} the skip-free machine is {speed_up:.2f} times as fast as the unbuffered one, not
{bar:g}, because that one's worst block halves the image, to W = {width}: its first convolution
overlaps with the hold and is one pixel of its output late only. A frame takes
{formula} = {ratio:.4g} intervals and what the pipeline takes to fill; where both convolutions were
late by a row and a pixel, as in a block of stride 1, it would take {full_formula} = {full:.4g}.
"""


def missed(rows: Sequence[MachineRow]) -> Iterator[str]:
    """A paragraph for each bar of memory or throughput that a residual machine makes a network
    miss."""
    for data in dict.fromkeys(row.data for row in rows):
        free, buffered, unbuffered = (
            next(row for row in rows if row.data == data and row.run.machine == name)
            for name in ("skip-free", "buffered", "unbuffered")
        )
        saved, halved = memory_saved(free, buffered), buffered.halved_skip_bits
        if saved < MEMORY_SAVED and halved:
            yield _MEMORY.format(
                network=data,
                saved=saved,
                bar=MEMORY_SAVED,
                halved=halved,
                skips=buffered.run.bits["skips"],
                whole=1 - free.activation_bits / (buffered.activation_bits + 3 * halved),
            )
        hold = unbuffered.hold
        if speed_up(free, unbuffered) < SPEED_UP[data] and hold is not None and hold.stride == 2:
            yield _SPEED_UP.format(
                network=data,
                speed_up=speed_up(free, unbuffered),
                bar=SPEED_UP[data],
                width=hold.width,
                formula=hold.formula,
                ratio=hold.ratio,
                full_formula=FULL_HOLD,
                full=hold.full_ratio,
            )
