"""
Depths of skips: the fewest beats with which the pipeline keeps its full rate.

It keeps it where there is a schedule in which every frame is like the one before, an interval
later. What is tried is the steady one, but for beats that wait until their skip's queue has room,
and for those behind them. They may do so as long as no window of a convolution begins later.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Iterator
from itertools import chain, islice, repeat
from math import prod

import numpy as np
from numpy.typing import NDArray

from hw.cnn.config import INPUT, AddConfig, ConvConfig, PipelineConfig, Skip, SkipKind

from .elastic import convolved
from .flow import Beats, Fork, Record, added, given, repacked
from .layers import DataflowError
from .standstill import standstill_depth
from .steady import Steady
from .timing import WINDOW_LATENCY, last_pixels

__all__ = ["check_depths", "skip_depths"]

_LEAST = 3
"""Beats below which a queue does not move one a cycle."""
_NEVER = 1 << 60


def skip_depths(config: PipelineConfig) -> dict[str, int]:
    """
    Beats that the skip of each tensor that has one must hold, by the tensor's name, whatever the
    depths in ``config``.

    With one beat less in one of the queues the pipeline would be slower, if the convolutions
    around it have no cycles to spare; if they have, a queue may be longer than it must.
    """
    found = {
        skip.source: _frame_beats(config, skip)
        for skip in config.skips
        if skip.kind is SkipKind.HOLD
    }
    for queue in _queues(config):
        found[queue.skip.source] = queue.settle()
    return found


def check_depths(config: PipelineConfig) -> None:
    """
    Refuse depths with which a pipeline loses its rate or stands still.

    :class:`DataflowError` names the first skip that is too short, from the last one back, and how
    many beats it must hold beside the others as they are; as with :func:`skip_depths`, these may be
    more than it must where convolutions have cycles to spare. It says so where no frame at all gets
    through, as far as that is certain.
    """
    for skip in config.skips:
        beats = _frame_beats(config, skip)
        if skip.kind is SkipKind.HOLD and skip.depth != beats:
            raise DataflowError(
                f"{skip.source}: keeps {skip.depth:,} beats of a frame that has {beats:,}"
            )
    for queue in _queues(config):
        skip = queue.skip
        if queue.keeps_rate(skip.depth):
            continue
        needed = queue.settle()
        if skip.depth < needed:
            text = f"{skip.source}: a queue of {skip.depth:,} beats; {needed:,} are needed to keep "
            text += "the frame interval"
            least = standstill_depth(config, skip)
            if skip.depth < least:
                text += f", and with fewer than {least:,} the pipeline stands still"
            raise DataflowError(text)


def _frame_beats(config: PipelineConfig, skip: Skip) -> int:
    return prod(config.shape(skip.source)) // config.lanes(skip.source)


def _queues(config: PipelineConfig) -> Iterator[_Queue]:
    """From the last one back: a beat that waits holds up the sum that gives it, and with it the
    queue before."""
    if any(skip.kind is SkipKind.FIFO for skip in config.skips):
        steady = Steady(config)
        for name in reversed(steady.sums):
            skip = steady.skip_of(name)
            if skip.kind is SkipKind.FIFO:
                yield _Queue(steady, skip, name)


class _Queue:
    """The queue of a skip in the steady schedule."""

    def __init__(self, steady: Steady, skip: Skip, name: str) -> None:
        self._steady = steady
        self._config = steady.config
        self.skip = skip
        self._sum = name
        self._times = steady.times[skip.source]
        # The last one finds the queue as all that follow will.
        lag = int(steady.sums[name][-1] - self._times[-1, -1])
        self._frames = 2 + lag // self._config.bound
        self._cut, self._deadlines = self._first_unit()

    def settle(self) -> int:
        """The depth; what waits with it waits in the schedule from now on."""
        kept = self._run(_NEVER)
        enough = max(_LEAST, kept.held)

        def keeps_rate(depth: int) -> bool:
            nonlocal kept
            record = self._run(depth, strict=True)
            if not record.late:
                kept = record
            return not record.late

        found = bisect_left(range(enough), True, lo=_LEAST, key=keeps_rate)
        self._wait(kept)
        return found

    def keeps_rate(self, depth: int) -> bool:
        """Whether a depth is enough; if so, what waits with it waits in the schedule from now
        on."""
        record = self._run(depth, strict=True)
        enough = depth >= _LEAST and not record.late
        if enough:
            self._wait(record)
        return enough

    def _wait(self, record: Record) -> None:
        """The sum before the queue, if there is one, takes its beats as in a run."""
        if self.skip.source in self._steady.sums:
            before, beats = self._frames - 1, self._times.size
            times = np.array(record.sums[beats * before : beats * self._frames])
            self._steady.sums[self.skip.source] = times - before * self._config.bound

    def _run(self, depth: int, *, strict: bool = False) -> Record:
        """What is found in all frames; ``strict`` stops where something is late."""
        record = Record()
        beats = self._shortcut(depth, record)
        sums = self._steady.sums[self._sum]
        taken = None
        # With the first beat of a further frame, all are there that none of these reads.
        for cycle in islice(self._steady.cycles(sums), self._frames * len(sums) + 1):
            there = beats.send(taken)
            record.late |= there > cycle
            if strict and record.late:
                break
            taken = max(there, cycle)
        return record

    def _shortcut(self, depth: int, record: Record) -> Beats:
        """What comes to the sum over the queue."""
        deadlines = self._steady.cycles(self._deadlines)
        fork = Fork(depth, self._cut, deadlines, self._passes())
        queue = fork.queue(self._source(record), record)
        unit = self._config.node(self.skip.reader).unit
        if isinstance(unit, ConvConfig):
            return self._steady.projection(self._sum, unit, queue)
        return repacked(queue, self._config.lanes(self.skip.source), unit.lanes)

    def _source(self, record: Record) -> Beats:
        """The tensor that is read twice, as its readers hold it up."""
        name, steady = self.skip.source, self._steady
        unit = None if name == INPUT else self._config.node(name).unit
        if isinstance(unit, AddConfig):
            return added(steady.summand(name, record), steady.shortcut(name), record)
        if isinstance(unit, ConvConfig):
            return convolved(unit, steady.cycles(steady.starts[name]), record)
        return given(steady.cycles(self._times), record)

    def _passes(self) -> Iterator[bool]:
        """Of each beat, whether it is for the queue."""
        if self.skip.stride == 1:
            return repeat(True)
        _, height, width = self._config.shape(self.skip.source)
        passes = np.zeros((height, width, self._times.shape[1]), bool)
        passes[::2, ::2] = True
        return chain.from_iterable(repeat(passes.reshape(-1).tolist()))

    def _first_unit(self) -> tuple[int, NDArray[np.int64]]:
        """Of what else reads the tensor: beats of one of which it takes another, and of each beat
        the last cycle in which it may take the last part."""
        (name,) = set(self._config.readers(self.skip.source)) - {self.skip.reader}
        unit, lanes = self._config.node(name).unit, self._config.lanes(self.skip.source)
        if not isinstance(unit, ConvConfig):
            cut = max(1, lanes // unit.lanes)
            return cut, self._times + cut - 1
        # A pixel is in time if the first window that it ends is.
        deadlines = np.full_like(self._times, _NEVER)
        starts = self._steady.starts[name] - WINDOW_LATENCY
        np.minimum.at(deadlines[:, -1], last_pixels(unit), starts)
        return max(1, lanes // unit.simd), deadlines
