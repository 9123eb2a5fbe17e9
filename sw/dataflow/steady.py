"""
When each beat of a pipeline is on its way, if images come as evenly as the slowest unit takes them.

Nothing is held up then, but by a projection that gives beats more slowly than the other summand
for a while, and every beat leaves a unit as soon as it can. After some frames each is like the one
before, an interval later: times are those of such a frame. A pipeline for which there is a schedule
of an interval goes no slower when it is offered images earlier.
"""

from __future__ import annotations

from collections.abc import Iterator
from itertools import chain, count

import numpy as np
from numpy.typing import NDArray

from hw.cnn.config import (
    INPUT,
    AddConfig,
    AveragePoolConfig,
    ConvConfig,
    MaxPoolConfig,
    Node,
    PipelineConfig,
    Skip,
)

from .elastic import convolved, projected
from .flow import Beats, Record, added, offered, repacked
from .timing import (
    ADD_LATENCY,
    AVERAGE_LATENCY,
    FIFO_LATENCY,
    MAX_LATENCY,
    WINDOW_LATENCY,
    Times,
    conv_latency,
    last_pixels,
    subsampled,
)

__all__ = ["Steady"]

_FRAMES = 3


class Steady:
    """
    Such a schedule.

    Parameters
    ----------
    config : PipelineConfig

    Attributes
    ----------
    times : dict of str to Times
        Of every tensor.
    starts : dict of str to int64 array (output pixels,)
        Cycles of each convolution's windows' first taps.
    sums : dict of str to int64 array (beats,)
        Cycles in which sums take their beats.
    """

    def __init__(self, config: PipelineConfig) -> None:
        self.config = config
        pixels = config.height * config.width
        inputs = np.arange(pixels, dtype=np.int64) * config.bound // pixels
        self.times: dict[str, Times] = {INPUT: inputs[:, None] + np.arange(config.channels)}
        self.starts: dict[str, NDArray[np.int64]] = {}
        self.sums: dict[str, NDArray[np.int64]] = {}
        for node in config.nodes:
            self.times[node.name] = self._times(node)

    def cycles(self, times: NDArray[np.int64]) -> Iterator[int]:
        """Of one frame after the other."""
        frames = (times.reshape(-1) + self.config.bound * frame for frame in count())
        return chain.from_iterable(frame.tolist() for frame in frames)

    def skip_of(self, name: str) -> Skip:
        """The skip that ends in a sum."""
        node = self.config.node
        before = [each for each in node(name).sources if each != INPUT]
        readers = {name, *(each for each in before if isinstance(node(each).unit, ConvConfig))}
        return next(skip for skip in self.config.skips if skip.reader in readers)

    def summand(self, name: str, record: Record) -> Beats:
        """What a sum adds a skip to, in its beats."""
        first = self._summand(name)
        unit = self.config.node(first).unit
        assert isinstance(unit, ConvConfig)
        beats = convolved(unit, self.cycles(self.starts[first]), record)
        return repacked(beats, unit.lanes, self.config.lanes(name))

    def projection(self, name: str, unit: ConvConfig, queue: Beats) -> Beats:
        """What the projection before a sum gives of a queue's beats, in the sum's."""
        words = repacked(queue, self.config.lanes(self.skip_of(name).source), unit.simd)
        return repacked(projected(unit, words), unit.lanes, self.config.lanes(name))

    def shortcut(self, name: str) -> Beats:
        """What comes to a sum over its skip, if that is never full."""
        skip = self.skip_of(name)
        unit = self.config.node(skip.reader).unit
        if not isinstance(unit, ConvConfig):
            return offered(self.cycles(self.sums[name]))
        pushes = self.times[skip.source]
        if skip.stride == 2:
            pushes = subsampled(pushes, *self.config.shape(skip.source)[1:])
        return self.projection(name, unit, offered(self.cycles(pushes + FIFO_LATENCY)))

    def _summand(self, name: str) -> str:
        skip = self.skip_of(name)
        (first,) = set(self.config.node(name).sources) - {skip.source, skip.reader}
        return first

    def _times(self, node: Node) -> Times:
        source = node.sources[0]
        match node.unit:
            case ConvConfig() as unit:
                times = self._repacked(source, unit.simd)
                _, height, width = self.config.shape(source)
                if height != unit.height:
                    times = subsampled(times, height, width)
                ready = times[last_pixels(unit), -1] + WINDOW_LATENCY
                period = max(unit.dot_beats, unit.drain_beats)
                self.starts[node.name] = self._spaced(ready, unit.folds * period)
                firsts = np.arange(unit.folds) * period + unit.dot_beats + conv_latency(unit)
                beats = firsts[:, None] + np.arange(unit.drain_beats)
                return self.starts[node.name][:, None] + beats.reshape(-1)
            case AddConfig() as unit:
                self.sums[node.name] = self._sums(node, unit)
                return (self.sums[node.name] + ADD_LATENCY).reshape(unit.height * unit.width, -1)
            case AveragePoolConfig() as unit:
                return self._repacked(source, unit.lanes)[-1:] + AVERAGE_LATENCY
            case MaxPoolConfig() as unit:
                times = self._repacked(source, unit.lanes)
                grid = times.reshape(unit.height, unit.width, -1)
                last = grid[unit.size - 1 :: unit.size, unit.size - 1 :: unit.size]
                return last.reshape(-1, times.shape[1]) + MAX_LATENCY

    def _sums(self, node: Node, unit: AddConfig) -> NDArray[np.int64]:
        """When a sum takes its beats."""
        name = node.name
        if self.skip_of(name).reader == name:
            both = np.maximum(*(self._repacked(source, unit.lanes) for source in node.sources))
            return self._one_by_one(both).reshape(-1)
        record = Record()
        beats = added(self.summand(name, record), self.shortcut(name), record)
        taken = None
        for _ in range(_FRAMES * unit.cycles):
            taken = beats.send(taken)
        # A burst that the projection cannot follow may have put off all of the summand's windows.
        before = (_FRAMES - 1) * self.config.bound
        self.starts[self._summand(name)] = (
            np.array(record.starts[-unit.height * unit.width :]) - before
        )
        return np.array(record.sums[-unit.cycles :]) - before

    def _repacked(self, source: str, after: int) -> Times:
        """Beats of ``after`` channels: gathered with their last one, or cut into one a cycle."""
        times, before = self.times[source], self.config.lanes(source)
        if before <= after:
            return times.reshape(len(times), -1, after // before)[:, :, -1]
        return self._one_by_one(np.repeat(times, before // after, axis=1))

    def _one_by_one(self, times: Times) -> Times:
        return self._spaced(times.reshape(-1), 1).reshape(times.shape)

    def _spaced(self, ready: NDArray[np.int64], period: int) -> NDArray[np.int64]:
        """Starts of what takes ``period`` each, one after the other, none before it is ready."""
        steps = np.arange(len(ready)) * period
        early = ready - steps
        before = early.max() + len(ready) * period - self.config.bound
        return np.maximum(np.maximum.accumulate(early), before) + steps
