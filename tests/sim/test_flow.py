# amaranth: UnusedElaboratable=no
"""Frames that flow through a machine one after the other, on one that sends them on as they are."""

from functools import cache

import numpy as np
import pytest

from hw.emit import emit
from sim.top import HarnessError, Result, VerilatedTop
from tests.sim.relay import DEPTH, HELD, PAUSE, Relay

WORDS = 6  # more than the machine has room for

pytestmark = pytest.mark.rtl


@cache
def relay():
    return emit(Relay(), name="top")


@pytest.fixture
def top():
    with VerilatedTop(relay(), limit=5_000) as top:
        yield top


def frames(count, words=WORDS, seed=1):
    return np.random.default_rng(seed).integers(0, 1 << 64, (count, words), dtype=np.uint64)


def failed(call, *arguments, **options):
    with pytest.raises(HarnessError) as caught:
        call(*arguments, **options)
    return caught.value


@pytest.mark.parametrize("words", [1, 2, WORDS])
def test_cycles(top, words):
    """A word a cycle, and out in the cycle after: starts and ends to the cycle."""
    sent = frames(20, words)
    before = top.cycle
    found = top.flow(sent, words)
    np.testing.assert_array_equal(found.results, sent)
    np.testing.assert_array_equal(found.starts, before + words * np.arange(20))
    np.testing.assert_array_equal(found.ends, found.starts + words)
    assert top.cycle == found.ends[-1] + 1
    assert (found.starts.dtype, found.ends.dtype) == (np.int64, np.int64)


def test_pauses(top):
    """A frame's first word is taken as soon as there is room, and its time is of that cycle."""
    top.write_register(PAUSE, 100)
    found = top.flow(frames(8), WORDS)
    np.testing.assert_array_equal(np.diff(found.ends), 100 + WORDS)
    # DEPTH words of the next frame are in while it waits. Its others follow from the cycle after
    # its first one leaves, and the first word of the frame behind it after those.
    leaves = found.ends[:-2] + 100 + 1
    np.testing.assert_array_equal(found.starts[2:], leaves + 1 + WORDS - DEPTH)


@pytest.mark.parametrize("sending, receiving", [(0.6, 0), (0, 0.6), (0.8, 0.8)])
def test_stalls(top, sending, receiving):
    top.stall(5, sending, receiving)
    sent = frames(200)
    found = top.flow(sent, WORDS)
    np.testing.assert_array_equal(found.results, sent)
    assert (np.diff(found.starts) >= WORDS).all() and (np.diff(found.ends) >= WORDS).all()
    assert (found.ends >= found.starts + WORDS).all()
    share = max(sending, receiving)
    assert np.diff(found.ends).mean() == pytest.approx(WORDS / (1 - share), rel=0.25)


def test_no_frames(top):
    before = top.cycle
    assert top.flow(frames(0), WORDS).results.shape == (0, WORDS)
    assert top.cycle == before


@pytest.mark.parametrize("words", [1, WORDS - 1, WORDS + 1, 2 * WORDS, 9 * WORDS])
def test_results_of_another_length(top, words):
    error = failed(top.flow, frames(3), words)
    assert error.code == Result.LENGTH
    assert str(error) == "frame 0 of 3: the result has another length than expected"
    top.reset()
    np.testing.assert_array_equal(top.flow(frames(3), WORDS).results, frames(3))


def test_last_result_too_long(top):
    """There is no room for its end."""
    error = failed(top.flow, frames(1), WORDS - 1)
    assert error.code == Result.LENGTH


def test_limit_is_between_results(top):
    """Of as many cycles as lie between two results; all together take many times that."""
    top.write_register(PAUSE, 200)
    interval = 200 + WORDS
    found = top.flow(frames(20), WORDS, limit=interval)
    assert (np.diff(found.ends) == interval).all()
    top.step(300)
    before = top.cycle
    error = failed(top.flow, frames(20), WORDS, limit=interval - 1)
    assert (error.code, str(error)[:15]) == (Result.TIMEOUT, "frame 1 of 20: ")
    assert top.cycle - before == 1 + WORDS + interval - 1


def test_limit_by_default(top):
    top.limit = 700
    top.write_register(HELD, 1)
    before = top.cycle
    error = failed(top.flow, frames(2), WORDS)
    assert (error.code, str(error)[:14]) == (Result.TIMEOUT, "frame 0 of 2: ")
    assert top.cycle - before == 700


def test_after_a_timeout(top):
    """What is in stays in, what is not is forgotten, and nothing is received by itself."""
    top.write_register(HELD, 1)
    sent = frames(2)
    failed(top.flow, sent, WORDS, limit=50)
    top.write_register(HELD, 0)
    top.step(30)
    found = top.receive(DEPTH, limit=100)
    np.testing.assert_array_equal(found.words, sent[0, :DEPTH])
    assert not found.ended
    assert failed(top.receive, 1, limit=100).code == Result.TIMEOUT
    top.reset()
    np.testing.assert_array_equal(top.flow(sent, WORDS).results, sent)


def test_packets_before_and_after(top):
    """A packet of another length, sent and received alone, is one packet."""
    alone = frames(1, DEPTH, seed=2)[0]
    for _ in range(2):
        assert top.send(alone) == DEPTH
        found = top.receive(DEPTH + 1)
        assert found.ended
        np.testing.assert_array_equal(found.words, alone)
        sent = frames(3, 2)
        np.testing.assert_array_equal(top.flow(sent, 2).results, sent)


def test_progress(top):
    """Called now and then with what is done, while the model runs in a thread of its own."""
    done = []
    sent = frames(20_000, 10)
    np.testing.assert_array_equal(top.flow(sent, 10, progress=done.append).results, sent)
    assert done == sorted(done) and 0 < done[-1] <= len(sent)
