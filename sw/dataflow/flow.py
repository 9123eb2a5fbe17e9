"""Streams beat by beat: what their readers hold up, and what waits for what."""

from __future__ import annotations

from collections import deque
from collections.abc import Generator, Iterable, Iterator
from dataclasses import dataclass, field
from itertools import pairwise

from .timing import FIFO_LATENCY

__all__ = ["Beats", "Fork", "Record", "added", "given", "offered", "repacked"]

Beats = Generator[int, int | None, None]
"""A stream: of each beat the first cycle in which it is there; is sent the one in which the beat
before was taken, ``None`` at first."""


@dataclass
class Record:
    """
    What was found on the way.

    Parameters
    ----------
    late : bool
        Whether something waited that may not.
    held : int
        The most beats in the queue.
    sums, starts : list of int
        Cycles in which a sum took its beats, and in which its summand's windows began.
    """

    late: bool = False
    held: int = 0
    sums: list[int] = field(default_factory=list)
    starts: list[int] = field(default_factory=list)


@dataclass(frozen=True)
class Fork:
    """
    Where a block begins: a beat is for its first unit and for the queue of its skip.

    Parameters
    ----------
    depth : int
        Beats that the queue holds.
    cut : int
        Beats of one of which the first unit takes another.
    deadlines : iterator of int
        Of each beat the last cycle in which the first unit may take the last part.
    passes : iterator of bool
        Whether the beat is for the queue.
    """

    depth: int
    cut: int
    deadlines: Iterator[int]
    passes: Iterator[bool]

    def queue(self, source: Beats, record: Record) -> Beats:
        """What the queue gives."""
        pops: deque[int] = deque()
        taken, free = None, 0
        while True:
            push = source.send(taken)
            taken = push + self.cut - 1
            if taken > next(self.deadlines):
                record.late = True
            if next(self.passes):
                if len(pops) == self.depth:
                    push = max(push, pops.popleft() + 1)
                    taken = max(taken, push)
                while pops and pops[0] < push:
                    pops.popleft()
                record.held = max(record.held, len(pops) + 1)
                pop = yield max(push + FIFO_LATENCY, free)
                assert pop is not None
                pops.append(pop)
                free = pop + 1


def offered(times: Iterable[int]) -> Beats:
    """Beats that are there from given cycles on, one a cycle."""
    free = 0
    for cycle in times:
        taken = yield max(cycle, free)
        assert taken is not None
        free = taken + 1


def given(times: Iterable[int], record: Record) -> Beats:
    """Beats that come in given cycles, each late that holds up the next."""
    for cycle, following in pairwise(times):
        taken = yield cycle
        assert taken is not None
        record.late |= taken >= following


def repacked(beats: Beats, before: int, after: int) -> Beats:
    """Beats of ``after`` channels: gathered, or cut."""
    if before == after:
        return beats
    if before < after:
        return _gathered(beats, after // before)
    return _cut(beats, before // after)


def _gathered(beats: Beats, pieces: int) -> Beats:
    taken = None
    while True:
        for _ in range(pieces - 1):
            taken = beats.send(taken)
        taken = yield beats.send(taken)


def _cut(beats: Beats, parts: int) -> Beats:
    taken = None
    while True:
        cycle = beats.send(taken)
        for _ in range(parts):
            taken = yield cycle
            assert taken is not None
            cycle = taken + 1


def added(first: Beats, second: Beats, record: Record) -> Beats:
    """What a sum gives, whose two registers may each hold a beat."""
    taken, sums, results = None, 0, 0
    while True:
        taken = max(first.send(taken), second.send(taken), sums)
        record.sums.append(taken)
        sums = max(taken + 1, results)
        left = yield sums + 1
        assert left is not None
        results = left
