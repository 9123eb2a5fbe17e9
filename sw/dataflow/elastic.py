"""Convolutions beat by beat, where what follows holds them up."""

from __future__ import annotations

from collections import deque
from collections.abc import Generator, Iterable
from itertools import pairwise

from hw.cnn.config import ConvConfig

from .flow import Beats, Record
from .timing import DOT_LATENCY, WINDOW_LATENCY, conv_latency

__all__ = ["Registers", "Windows", "convolved", "projected"]


class Registers:
    """
    Registers in a row, which move all at once or, as long as the last one's beat waits, not at all.

    Beats go through one after the other: after :meth:`enter`, ``arrival`` is the first cycle in
    which the beat can leave, and :meth:`leave` says when it does. The cycle of a move is its number
    plus the cycles that beats have waited before it.
    """

    def __init__(self, count: int) -> None:
        self._count = count
        self._move = -1
        self._waited = self._waited_in_all = 0
        # Moves before which a beat waited, and the cycles waited in all by then.
        self._waits: deque[tuple[int, int]] = deque()

    def enter(self, earliest: int, beats: int = 1) -> int:
        """The cycle in which the last of ``beats`` is taken, of which the first is there from
        ``earliest`` on and each other one a move later."""
        first = self._move + 1
        move = max(first, earliest - self._waited)
        while self._waits and self._waits[0][0] <= move:
            at, self._waited = self._waits.popleft()
            move = max(first, at, earliest - self._waited)
        move += beats - 1
        while self._waits and self._waits[0][0] <= move:
            _, self._waited = self._waits.popleft()
        self._move = move
        return move + self._waited

    @property
    def arrival(self) -> int:
        """Of the beat that entered last."""
        return self._move + self._count + self._waited_in_all

    def leave(self, cycle: int) -> None:
        """The beat that entered last leaves."""
        wait = cycle - self.arrival
        if wait:
            self._waited_in_all += wait
            self._waits.append((self._move + self._count, self._waited_in_all))


class Windows:
    """
    Dot products and requantisation, a pixel's window after the other.

    Parameters
    ----------
    unit : ConvConfig

    Attributes
    ----------
    tap : int
        Cycle in which the last tap was taken.
    """

    def __init__(self, unit: ConvConfig) -> None:
        self._unit = unit
        self._products = Registers(DOT_LATENCY)
        self._results = Registers(conv_latency(unit) - DOT_LATENCY)
        self._drained = 0
        self.tap = -1

    def give(self, earliest: int) -> Generator[int, int | None, int]:
        """Beats of a pixel whose first tap can be there from ``earliest`` on; returns the cycle in
        which the line buffer reads the last tap."""
        beats = self._unit.dot_beats
        for _ in range(self._unit.folds):
            if beats > 1:
                self.tap = self._products.enter(max(earliest, self.tap + 1), beats - 1)
            last = max(earliest, self.tap + 1)
            self.tap = self._products.enter(last)
            # Sums leave when the last of those before are on their way.
            sums = max(self._products.arrival, self._drained)
            self._products.leave(sums)
            for _ in range(self._unit.drain_beats):
                self._drained = self._results.enter(sums + 1)
                taken = yield self._results.arrival
                assert taken is not None
                self._results.leave(taken)
        return last - 1


def convolved(unit: ConvConfig, starts: Iterable[int], record: Record) -> Beats:
    """What a convolution gives whose windows begin in given cycles; each is late that holds up the
    next."""
    windows = Windows(unit)
    for start, following in pairwise(starts):
        record.starts.append(max(start, windows.tap + 1))
        yield from windows.give(start)
        record.late |= windows.tap >= following


def projected(unit: ConvConfig, words: Beats) -> Beats:
    """What a 1 x 1 convolution gives, which takes pixels as soon as they fit into it."""
    windows = Windows(unit)
    # Cycles from which on there is room for the next pixels.
    room = deque([0] * unit.ring_pixels)
    taken = None
    while True:
        free = room.popleft()
        for _ in range(unit.groups):
            taken = max(words.send(taken), free)
        assert taken is not None
        read = yield from windows.give(taken + WINDOW_LATENCY)
        room.append(read + 1)
