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
from .steady import Steady
from .timing import WINDOW_LATENCY, last_pixels

__all__ = ["skip_depths"]

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
        skip.source: prod(config.shape(skip.source)) // config.lanes(skip.source)
        for skip in config.skips
        if skip.kind is SkipKind.HOLD
    }
    if len(found) < len(config.skips):
        steady = Steady(config)
        # A beat that waits holds up the sum that gives it, and with it the queue before.
        for name in reversed(steady.sums):
            skip = steady.skip_of(name)
            if skip.kind is SkipKind.FIFO:
                found[skip.source] = _Queue(steady, skip, name).settle()
    return found


class _Queue:
    """The queue of a skip in the steady schedule."""

    def __init__(self, steady: Steady, skip: Skip, name: str) -> None:
        self._steady = steady
        self._config = steady.config
        self._skip = skip
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
        if self._skip.source in self._steady.sums:
            before, beats = self._frames - 1, self._times.size
            times = np.array(kept.sums[beats * before : beats * self._frames])
            self._steady.sums[self._skip.source] = times - before * self._config.bound
        return found

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
        unit = self._config.node(self._skip.reader).unit
        if isinstance(unit, ConvConfig):
            return self._steady.projection(self._sum, unit, queue)
        return repacked(queue, self._config.lanes(self._skip.source), unit.lanes)

    def _source(self, record: Record) -> Beats:
        """The tensor that is read twice, as its readers hold it up."""
        name, steady = self._skip.source, self._steady
        unit = None if name == INPUT else self._config.node(name).unit
        if isinstance(unit, AddConfig):
            return added(steady.summand(name, record), steady.shortcut(name), record)
        if isinstance(unit, ConvConfig):
            return convolved(unit, steady.cycles(steady.starts[name]), record)
        return given(steady.cycles(self._times), record)

    def _passes(self) -> Iterator[bool]:
        """Of each beat, whether it is for the queue."""
        if self._skip.stride == 1:
            return repeat(True)
        _, height, width = self._config.shape(self._skip.source)
        passes = np.zeros((height, width, self._times.shape[1]), bool)
        passes[::2, ::2] = True
        return chain.from_iterable(repeat(passes.reshape(-1).tolist()))

    def _first_unit(self) -> tuple[int, NDArray[np.int64]]:
        """Of what else reads the tensor: beats of one of which it takes another, and of each beat
        the last cycle in which it may take the last part."""
        (name,) = set(self._config.readers(self._skip.source)) - {self._skip.reader}
        unit, lanes = self._config.node(name).unit, self._config.lanes(self._skip.source)
        if not isinstance(unit, ConvConfig):
            cut = max(1, lanes // unit.lanes)
            return cut, self._times + cut - 1
        # A pixel is in time if the first window that it ends is.
        deadlines = np.full_like(self._times, _NEVER)
        starts = self._steady.starts[name] - WINDOW_LATENCY
        np.minimum.at(deadlines[:, -1], last_pixels(unit), starts)
        return max(1, lanes // unit.simd), deadlines
