"""
When a projection takes pixels from its skip's queue.

Its output waits for the other summand, so it is held up, unlike all else in an even schedule, and
takes in what fits into it: a cycle-by-cycle account of what its units hold.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from hw.cnn.config import ConvConfig

from .timing import FIFO_LATENCY, Times, conv_latency

__all__ = ["projection_pops"]


def projection_pops(
    unit: ConvConfig, pushes: Times, lanes: int, taken: NDArray[np.int64], taken_lanes: int
) -> NDArray[np.int64]:
    """
    Cycles in which beats of ``lanes`` channels leave the queue, int64 (beats,), that came into it
    at ``pushes`` and go through a 1 x 1 convolution.

    ``taken`` are the cycles in which a sum is ready to take the beats, of ``taken_lanes``
    channels, of what the convolution gives. Beats that leave after the last one has been taken are
    put there.
    """
    model = _Projection(unit, lanes, taken_lanes)
    available = pushes.reshape(-1) + FIFO_LATENCY
    pops = np.empty(len(available), np.int64)
    cycle, popped, sums = int(available[0]), 0, 0
    while popped < len(pops) and sums < len(taken):
        offered = available[popped] <= cycle
        pop, sum_taken = model.step(bool(offered), cycle >= taken[sums])
        if pop:
            pops[popped] = cycle
            popped += 1
        sums += sum_taken
        cycle += 1
    pops[popped:] = cycle
    return pops


class _Projection:
    """The units of a projection, a cycle at a time: line buffer, dot products, requantisation, and
    what gathers or cuts beats before and behind them."""

    def __init__(self, unit: ConvConfig, lanes: int, taken_lanes: int) -> None:
        self.unit = unit
        self.gather = max(1, unit.simd // lanes)
        self.cut = max(1, lanes // unit.simd)
        self.out_gather = max(1, taken_lanes // unit.lanes)
        self.out_cut = max(1, unit.lanes // taken_lanes)
        self.pieces = self.part = 0
        self.out_pieces = self.out_part = 0
        self.ahead = self.group = 0
        self.tap = 0
        self.offered = False
        self.offered_last = False
        # Of the dot products: their two registers, each with whether it is the last of its product.
        self.products: list[tuple[bool, bool]] = [(False, False)] * 2
        self.left = 0
        self.results = [False] * (conv_latency(unit) - 2)

    def step(self, beat: bool, sum_ready: bool) -> tuple[bool, int]:
        """A cycle in which a beat is or is not offered, and a sum could or could not take one.
        Whether the beat was taken, and how many the sum took."""
        unit = self.unit
        # From behind to the front: what can move, then what does.
        out_valid = self.results[-1]
        out_ready, sum_taken = self._leaves(out_valid, sum_ready)
        flow = not out_valid or out_ready
        drained = self.left > 0 and flow
        sums_ready = self.left == 0 or (drained and self.left == 1)
        sums_valid = self.products[1] == (True, True)
        move = not sums_valid or sums_ready
        take = self.offered and move
        go = self.ahead > 0 and (not self.offered or take)
        word, popped = self._enters(beat)

        if flow:
            self.results = [drained, *self.results[:-1]]
        if drained:
            self.left -= 1
        if sums_valid and sums_ready:
            self.left = unit.drain_beats
        if move:
            self.products = [(take, self.offered_last), self.products[0]]
        if take or not self.offered:
            self.offered = go
        step = False
        if go:
            self.offered_last = (self.tap + 1) % unit.dot_beats == 0
            self.tap = (self.tap + 1) % (unit.dot_beats * unit.folds)
            step = self.tap == 0
        came = False
        if word:
            self.group = (self.group + 1) % unit.groups
            came = self.group == 0
        self.ahead += came - step
        return popped, sum_taken

    def _enters(self, beat: bool) -> tuple[bool, bool]:
        """Whether a word goes into the line buffer, and whether the beat is taken."""
        room = self.ahead < self.unit.ring_pixels
        if self.gather > 1:
            if beat and self.pieces < self.gather - 1:
                self.pieces += 1
                return False, True
            word = beat and room
            self.pieces = 0 if word else self.pieces
            return word, word
        word = beat and room
        if word:
            self.part = (self.part + 1) % self.cut
        return word, word and self.part == 0

    def _leaves(self, valid: bool, sum_ready: bool) -> tuple[bool, int]:
        """Whether the output's beat is taken, and how many beats the sum takes."""
        if self.out_gather > 1:
            if valid and self.out_pieces < self.out_gather - 1:
                self.out_pieces += 1
                return True, 0
            taken = valid and sum_ready
            self.out_pieces = 0 if taken else self.out_pieces
            return taken, int(taken)
        taken = valid and sum_ready
        if taken:
            self.out_part = (self.out_part + 1) % self.out_cut
        return taken and self.out_part == 0, int(taken)
