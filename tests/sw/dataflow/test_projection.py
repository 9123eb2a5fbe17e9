"""A projection beat by beat against one cycle by cycle."""

import numpy as np
import pytest

from hw.cnn.config import ConvConfig, Number
from sw.dataflow.elastic import projected
from sw.dataflow.flow import offered
from sw.dataflow.timing import DOT_LATENCY, conv_latency


class Cycles:
    """Line buffer, dot products and requantisation of a 1 x 1 convolution."""

    def __init__(self, unit):
        self.unit = unit
        self.ahead = self.group = self.tap = self.left = 0
        self.tap_there = self.tap_last = False
        # Of the registers of dot products whether one is there, and whether it is the last.
        self.products = [(False, False)] * DOT_LATENCY
        self.results = [False] * (conv_latency(unit) - DOT_LATENCY)

    def step(self, word, ready):
        """A cycle in which a word is there or not, and a beat can leave or not; whether each
        went, and whether there was a beat."""
        unit = self.unit
        there = self.results[-1]
        flows = ready or not there
        drained = self.left > 0 and flows
        sums = self.products[-1] == (True, True)
        free = self.left == 0 or (drained and self.left == 1)
        moves = free or not sums
        take = self.tap_there and moves
        reads = self.ahead > 0 and (take or not self.tap_there)
        came = word and self.ahead < unit.ring_pixels

        if flows:
            self.results = [drained, *self.results[:-1]]
        self.left -= drained
        if sums and free:
            self.left = unit.drain_beats
        if moves:
            self.products = [(take, self.tap_last), *self.products[:-1]]
        if take or not self.tap_there:
            self.tap_there = reads
        if reads:
            self.tap = (self.tap + 1) % (unit.dot_beats * unit.folds)
            self.tap_last = self.tap % unit.dot_beats == 0
        self.ahead -= reads and self.tap == 0
        if came:
            self.group = (self.group + 1) % unit.groups
            self.ahead += self.group == 0
        return came, there and ready


UNITS = {
    "balanced": ConvConfig(4, 4, 4, 4, kernel=1, simd=2, pe=2, output=Number.S16),
    "single_tap": ConvConfig(4, 4, 4, 4, kernel=1, simd=4, pe=2, lanes=2, output=Number.S16),
    "single_fold": ConvConfig(2, 4, 4, 4, kernel=1, simd=2, pe=4, lanes=4, scaled=True),
    "draining": ConvConfig(4, 8, 4, 4, kernel=1, simd=4, pe=8, output=Number.S16),
    "slow": ConvConfig(8, 4, 4, 4, kernel=1, output=Number.S16, scaled=True),
}


@pytest.mark.parametrize("unit", UNITS.values(), ids=UNITS)
@pytest.mark.parametrize("seed", range(4))
def test_projected(unit, seed):
    rng = np.random.default_rng(seed)
    words, beats = 16 * unit.groups, 16 * unit.outputs // unit.lanes
    pace = max(unit.cycles, words)
    there = np.sort(rng.integers(0, pace, words)).tolist()
    takes = (np.sort(rng.integers(0, 2 * pace, beats)) + int(rng.integers(0, pace))).tolist()

    model, pops, taken, cycle = Cycles(unit), [], [], 0
    while len(taken) < beats:
        word = len(pops) < words and there[len(pops)] <= cycle
        came, left = model.step(word, takes[len(taken)] <= cycle)
        pops += [cycle] * came
        taken += [cycle] * left
        cycle += 1

    def queue():
        stream, pop = offered(there), None
        for _ in range(words):
            pop = yield stream.send(pop)
            found_pops.append(pop)

    found_pops, found = [], []
    stream, cycle = projected(unit, queue()), None
    for earliest in takes:
        cycle = max(stream.send(cycle), earliest)
        found.append(cycle)
    assert found == taken
    assert found_pops == pops[: len(found_pops)]
    assert len(found_pops) >= words - 1
