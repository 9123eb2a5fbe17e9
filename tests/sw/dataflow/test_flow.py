"""Streams beat by beat, small enough to follow by hand."""

from itertools import repeat

import pytest

from sw.dataflow.flow import Fork, Record, added, given, offered, repacked


def offers(beats, takes):
    """First cycles in which beats are there, each taken then or at the given cycle, if later."""
    taken, found = None, []
    for cycle in takes:
        found.append(beats.send(taken))
        taken = max(found[-1], cycle)
    return found


def test_given():
    record = Record()
    assert offers(given([3, 5, 9, 12], record), [3, 8, 9]) == [3, 5, 9]
    assert not record.late
    assert offers(given([3, 5, 9, 12], record), [3, 9, 9]) == [3, 5, 9]
    assert record.late


@pytest.mark.parametrize(
    ("before", "after", "takes", "expected"),
    [
        (2, 2, [0, 9, 0], [0, 1, 10]),
        (1, 2, [0, 9, 0], [1, 3, 11]),
        (4, 2, [0, 9, 0], [0, 1, 10]),
        (4, 1, [0, 5, 0], [0, 1, 6]),
    ],
)
def test_repacked(before, after, takes, expected):
    """A beat a cycle, from cycle 0 on."""
    assert offers(repacked(offered(range(20)), before, after), takes) == expected


def test_added():
    """Two beats fit into the registers; the third is taken when the first leaves."""
    record = Record()
    beats = added(offered([0, 0, 0, 0]), offered([1, 1, 5, 5]), record)
    assert offers(beats, [20, 0, 0, 0]) == [3, 21, 22, 23]
    assert record.sums == [1, 2, 20, 21]


def queue(depth, deadlines, passes, record):
    fork = Fork(depth, 1, iter(deadlines), iter(passes))
    return fork.queue(offered(range(100)), record)


def test_fork():
    """The third beat comes when the first has left; the first unit may have it at once, and the
    fourth one a cycle later."""
    record = Record()
    assert offers(queue(2, [0, 1, 2, 11], repeat(True), record), [9, 0, 0, 0]) == [2, 10, 12, 13]
    assert (record.late, record.held) == (False, 2)
    assert offers(queue(2, [0, 1, 2, 10], repeat(True), record), [9, 0, 0, 0]) == [2, 10, 12, 13]
    assert record.late


def test_fork_drops():
    """Beats that are not for the queue are not held up by it."""
    record = Record()
    beats = queue(1, repeat(99), [True, False, False, True], record)
    assert offers(beats, [9, 0]) == [2, 12]
    assert record.held == 1
