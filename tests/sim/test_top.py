# amaranth: UnusedElaboratable=no
"""The harness around Verilated tops, on a machine that sends back what it was sent."""

from functools import cache

import numpy as np
import pytest

from hw.emit import emit
from sim.top import HarnessError, Protocol, Result, VerilatedTop
from tests.sim.loopback import (
    ADDEND,
    BUSY,
    CONTROL,
    CYCLES,
    DEPTH,
    FAULT,
    LOADING,
    NO_IRQ,
    NO_LAST,
    NO_RESULT,
    READY,
    SCRATCH,
    STATUS,
    Loopback,
)

PROTOCOL = Protocol(
    control=CONTROL,
    start=1,
    status=STATUS,
    ready_mask=READY | LOADING,
    ready_value=READY,
    loading=LOADING,
    active=BUSY,
    cycles=CYCLES,
)
LAST_KEEP = 0x3

pytestmark = pytest.mark.rtl


@cache
def loopback():
    return emit(Loopback(), name="top")


@pytest.fixture
def top():
    with VerilatedTop(loopback(), limit=20_000) as top:
        yield top


def frames(count, words, seed=1):
    return np.random.default_rng(seed).integers(0, 1 << 64, (count, words), dtype=np.uint64)


def code_of(call, *arguments, **options):
    with pytest.raises(HarnessError) as caught:
        call(*arguments, **options)
    return caught.value.code


def test_registers(top):
    for value in (0, 1, 0xFFFF_FFFF, 0x1234_5678):
        top.write_register(SCRATCH, value)
        assert top.read_register(SCRATCH) == value
    top.write_register(ADDEND, 7)
    assert (top.read_register(SCRATCH), top.read_register(ADDEND)) == (0x1234_5678, 7)


def test_bus_errors(top):
    with pytest.raises(HarnessError, match="reading register 0x40: the bus answered with an error"):
        top.read_register(0x40)
    assert code_of(top.write_register, CYCLES, 1) == Result.BUS
    top.write_register(SCRATCH, 5)
    assert top.read_register(SCRATCH) == 5


def test_send_start_receive(top):
    [words] = frames(1, 17)
    assert top.send(words) == 17
    assert top.read_register(STATUS) == READY and not top.irq
    assert code_of(top.wait_irq, 50) == Result.TIMEOUT
    top.write_register(CONTROL, 1)
    first = top.receive(10)
    assert (first.ended, first.keep) == (False, 0xFF)
    rest = top.receive(10)
    assert (rest.ended, rest.keep) == (True, LAST_KEEP)
    np.testing.assert_array_equal(np.concatenate([first.words, rest.words]), words)
    top.wait_irq()
    assert top.irq


def test_frame_in_parts(top):
    [words] = frames(1, 12)
    top.send(words[:5], last=False)
    assert top.read_register(STATUS) == LOADING
    top.send(words[5:])
    top.write_register(CONTROL, 1)
    np.testing.assert_array_equal(top.receive(DEPTH).words, words)


@pytest.mark.parametrize("sending, receiving", [(0, 0), (0.5, 0), (0, 0.5), (0.9, 0.9)])
@pytest.mark.parametrize("words", [1, 2, DEPTH])
def test_infer(top, words, sending, receiving):
    top.stall(3, sending, receiving)
    top.write_register(ADDEND, 1000)
    sent = frames(40, words)
    results, cycles = top.infer(PROTOCOL, sent, words)
    np.testing.assert_array_equal(results, sent + np.uint64(1000))
    if receiving:
        assert words == 1 or (cycles > words + 1).any()
        assert cycles.mean() == pytest.approx(words / (1 - receiving) + 1, rel=0.5)
    else:
        assert (cycles == words + 1).all()


def test_stalls_are_reproducible():
    def run(seed):
        with VerilatedTop(loopback()) as top:
            top.stall(seed, 0.3, 0.4)
            return top.infer(PROTOCOL, frames(20, 9), 9)[1].tolist(), top.cycle

    assert run(1) == run(1)
    assert run(1) != run(2)


def test_stalls_hold_back_words(top):
    top.stall(1, sending=0.75)
    before = top.cycle
    top.send(frames(1, DEPTH)[0])
    assert 2.5 * DEPTH < top.cycle - before < 6 * DEPTH
    top.reset()
    top.stall(1)
    before = top.cycle
    top.send(frames(1, DEPTH)[0])
    assert top.cycle - before == DEPTH


@pytest.mark.parametrize("share", [1.0, -0.1])
def test_impossible_stalls(top, share):
    with pytest.raises(ValueError, match="stall probability must be from 0 to below 1, not"):
        top.stall(1, receiving=share)


@pytest.mark.parametrize(
    "fault, words, code",
    [
        (NO_IRQ, 5, Result.STOPPED),
        (NO_RESULT, 5, Result.STOPPED),
        (NO_LAST, 5, Result.LENGTH),
        (0, 4, Result.LENGTH),
        (0, 6, Result.LENGTH),
    ],
)
def test_failed_inferences(top, fault, words, code):
    good = frames(3, 5)
    top.infer(PROTOCOL, good, 5)
    top.write_register(FAULT, fault)
    assert code_of(top.infer, PROTOCOL, good, words) == code
    top.reset()
    results, _ = top.infer(PROTOCOL, good, 5)
    np.testing.assert_array_equal(results, good)


def test_failures_name_the_inference(top):
    with pytest.raises(HarnessError, match="inference 0 of 3: the result has another length"):
        top.infer(PROTOCOL, frames(3, 5), 4)


def test_inputs_that_are_never_ready(top):
    never = Protocol(**{**PROTOCOL.__dict__, "ready_mask": 1 << 31, "ready_value": 1 << 31})
    assert code_of(top.infer, never, frames(1, 5), 5) == Result.STOPPED
    top.reset()
    always = Protocol(**{**never.__dict__, "loading": READY})
    assert code_of(top.infer, always, frames(1, 5), 5, limit=500) == Result.TIMEOUT


def test_timeouts_are_bounded(top):
    before = top.cycle
    assert code_of(top.receive, 1, limit=100) == Result.TIMEOUT
    assert top.cycle - before == 100
    with pytest.raises(HarnessError, match=f"sending 70 words, {DEPTH} of them in: no answer"):
        top.send(frames(1, 70)[0], limit=200)
    assert top.cycle - before == 300
    top.reset()
    top.infer(PROTOCOL, frames(1, 5), 5)


def test_reset_in_mid_work(top):
    top.write_register(ADDEND, 9)
    top.send(frames(1, 20)[0])
    top.write_register(CONTROL, 1)
    top.receive(5)
    top.reset()
    assert top.read_register(ADDEND) == 0 and top.read_register(STATUS) == 0
    sent = frames(2, 20, seed=2)
    np.testing.assert_array_equal(top.infer(PROTOCOL, sent, 20)[0], sent)


def test_step_and_speed(top):
    assert top.speed == 0
    before = top.cycle
    top.step(50_000)
    assert top.cycle - before == 50_000
    assert top.speed > 100_000


def test_models_do_not_share_state():
    with VerilatedTop(loopback()) as one, VerilatedTop(loopback()) as other:
        one.write_register(SCRATCH, 1)
        other.write_register(SCRATCH, 2)
        assert (one.read_register(SCRATCH), other.read_register(SCRATCH)) == (1, 2)


def test_closed():
    top = VerilatedTop(loopback())
    top.close()
    top.close()
    with pytest.raises(RuntimeError, match="the model is closed"):
        top.read_register(SCRATCH)


def test_waves(tmp_path):
    path = tmp_path / "waves" / "out.fst"
    sent = frames(50, 20)

    def size(recorded):
        with VerilatedTop(loopback(), trace=path) as top:
            top.record(recorded)
            results, _ = top.infer(PROTOCOL, sent, 20)
            np.testing.assert_array_equal(results, sent)
        return path.stat().st_size

    assert size(True) > 2 * size(False) > 0
