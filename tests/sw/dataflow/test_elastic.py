"""Registers and windows that are held up, against registers cycle by cycle."""

from itertools import count

import numpy as np
import pytest

from hw.cnn.config import ConvConfig
from sw.dataflow.elastic import Registers, Windows, convolved
from sw.dataflow.flow import Record, offered


def moved(stages, earliest, ready):
    """Cycles in which beats enter and leave registers, a cycle at a time."""
    row, entered, left = [None] * stages, [], []
    for cycle in count():
        if len(left) == len(earliest):
            return entered, left
        if row[-1] is not None and cycle < ready[row[-1]]:
            continue
        if row[-1] is not None:
            left.append(cycle)
        beat = len(entered)
        enters = beat < len(earliest) and cycle >= earliest[beat]
        row = [beat if enters else None, *row[:-1]]
        if enters:
            entered.append(cycle)


@pytest.mark.parametrize("seed", range(20))
def test_registers(seed):
    rng = np.random.default_rng(seed)
    stages = int(rng.integers(1, 6))
    earliest = np.cumsum(rng.integers(0, 5, 60)).tolist()
    ready = np.cumsum(rng.integers(0, 6, 60)).tolist()
    registers, entered, left = Registers(stages), [], []
    for first, free in zip(earliest, ready, strict=True):
        entered.append(registers.enter(first))
        left.append(max(registers.arrival, free))
        registers.leave(left[-1])
    assert (entered, left) == moved(stages, earliest, ready)


def test_registers_take_several():
    """A beat that waits three cycles holds up the two that follow, and the one behind them."""
    registers = Registers(2)
    assert (registers.enter(10, 3), registers.arrival) == (12, 14)
    registers.leave(17)
    assert (registers.enter(13, 2), registers.arrival) == (17, 19)


UNIT = ConvConfig(2, 8, 4, 4, kernel=3, pe=4, lanes=1)
"""18 taps for four sums, twice a pixel."""


def taken_beats(beats, takes):
    """Offers of a stream whose beats are taken at the earliest at given times."""
    taken, found = None, []
    for cycle in takes:
        found.append(beats.send(taken))
        taken = max(found[-1], cycle)
    return found


def test_windows():
    """Seven cycles from the last tap to the first beat; sums that wait hold up the next tap."""
    windows = Windows(UNIT)
    assert taken_beats(windows.give(100), [0] * 8) == [*range(124, 128), *range(142, 146)]


@pytest.mark.parametrize(("cycle", "late"), [(0, False), (138, False), (139, True)])
def test_beats_wait_until_the_next_sums(cycle, late):
    """Those of the first sums until the next come; a cycle more stops the multipliers."""
    record = Record()
    beats = convolved(UNIT, [100, 136, 172], record)
    assert len(taken_beats(beats, [cycle] + [0] * 15)) == 16
    with pytest.raises(StopIteration):
        beats.send(1000)
    assert record.late is late


def test_offered():
    beats = offered([3, 3, 10])
    assert [beats.send(None), beats.send(3), beats.send(7)] == [3, 4, 10]
