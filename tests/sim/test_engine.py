"""The bulk engine on a small EIE: results, cycles, counters, and what it says when refused."""

import numpy as np
import pytest

from hw.eie.config import PRESETS
from hw.eie.format import Control, Counter, Error, Register, Status
from sim.engine import EieEngine, EngineError
from sim.top import HarnessError
from sw.compress.frame import activation_frame, program_frame
from sw.compress.layout import build_program
from sw.compress.random import random_inputs, random_quantised
from sw.golden.eie import GoldenEie

CONFIG = PRESETS["tiny"]
SIZES = [20, 33, 7]

pytestmark = pytest.mark.rtl


class Case:
    """A random network, its frame, rows of inputs, and what is right for them."""

    def __init__(self, config=CONFIG, sizes=SIZES, rows=150, density=0.4, seed=5):
        rng = np.random.default_rng(seed)
        network = random_quantised(rng, sizes, density)
        self.program = build_program(network, config)
        self.frame = program_frame(self.program)
        self.inputs = random_inputs(rng, network, rows, 0.7)
        self.outputs = GoldenEie(network)(self.inputs).numpy()


@pytest.fixture(scope="module")
def case():
    return Case()


@pytest.fixture(scope="module")
def shared_engine():
    with EieEngine(CONFIG) as engine:
        yield engine


@pytest.fixture
def engine(shared_engine):
    """An engine after reset, whatever the test before has done to it."""
    shared_engine.reset()
    shared_engine.stall(0)
    return shared_engine


def test_identity(engine):
    assert engine.read_register(Register.ID) == 0x4E4C494B
    assert engine.read_register(Register.CONFIG) == CONFIG.n_pe | CONFIG.file_depth << 16
    assert engine.status == Status(0) and engine.errors == Error(0)


@pytest.mark.parametrize("sending, receiving", [(0, 0), (0.6, 0), (0, 0.9), (0.4, 0.4)])
def test_equals_golden(engine, case, sending, receiving):
    engine.stall(1, sending, receiving)
    engine.load(case.frame)
    assert (engine.inputs, engine.outputs, engine.passes) == (20, 7, len(case.program.passes))
    done = []
    run = engine.infer_batch(case.inputs, progress=done.append)
    np.testing.assert_array_equal(run.outputs, case.outputs)
    assert run.outputs.dtype == np.int16 and (run.cycles > 0).all()
    assert sum(done) == len(case.inputs) and len(done) == 2
    assert engine.errors == Error(0) and engine.irq


def test_cycles_are_those_of_the_machine_alone(engine, case):
    engine.load(case.frame)
    calm = engine.infer_batch(case.inputs[:20]).cycles
    engine.stall(1, sending=0.5, receiving=0.9)
    np.testing.assert_array_equal(engine.infer_batch(case.inputs[:20]).cycles, calm)


def test_no_rows(engine, case):
    engine.load(case.frame)
    run = engine.infer_batch(case.inputs[:0])
    assert run.outputs.shape == (0, 7) and run.cycles.shape == (0,)


def test_counters(engine, case):
    engine.load(case.frame)
    cycles = engine.infer_batch(case.inputs[:1]).cycles[0]
    counters = engine.counters()
    assert counters.shape == (CONFIG.n_pe, len(Counter))
    ends = engine.pass_cycles()
    assert len(ends) == engine.passes and (np.diff(ends) > 0).all() and ends[0] > 0
    assert 0 <= cycles - ends[-1] <= 2
    assert engine.pass_cycles(1).tolist() == ends[:1].tolist()
    spent = counters[:, [Counter.ENTRIES, Counter.EMPTY, Counter.STARVED, Counter.TURN]].sum(1)
    assert (spent <= cycles).all() and (spent > cycles // 2).all()
    engine.infer_batch(case.inputs[:1])
    again = engine.counters()  # the turns of the broadcast may differ, so columns may wait longer
    fixed = [Counter.ENTRIES, Counter.PADDING, Counter.EMPTY, Counter.TURN]
    np.testing.assert_array_equal(again[:, fixed], counters[:, fixed])


def test_two_programs_in_turn(engine, case):
    other = Case(sizes=[3, 50], seed=6)
    for one in (case, other, case):
        engine.load(one.frame)
        np.testing.assert_array_equal(engine.infer_batch(one.inputs).outputs, one.outputs)


@pytest.mark.parametrize("word, bit, errors", [(3, 7, Error.CRC), (100, 63, Error.CRC)])
def test_damaged_program(engine, case, word, bit, errors):
    engine.load(case.frame)
    damaged = case.frame.copy()
    damaged[word] ^= np.uint64(1 << bit)
    with pytest.raises(EngineError, match=r"the program was refused; error bits: .*CRC") as caught:
        engine.load(damaged)
    assert errors in caught.value.errors
    with pytest.raises(RuntimeError, match="no program is loaded"):
        engine.infer_batch(case.inputs)
    engine.load(case.frame)
    np.testing.assert_array_equal(engine.infer_batch(case.inputs[:5]).outputs, case.outputs[:5])


def test_program_for_another_machine(engine):
    with pytest.raises(EngineError) as caught:
        engine.load(Case(config=PRESETS["weng8"]).frame)
    assert Error.CONFIG in caught.value.errors


@pytest.mark.parametrize("words", [1, 5])
def test_stub_of_a_program(engine, case, words):
    with pytest.raises(EngineError) as caught:
        engine.load(case.frame[:words])
    assert caught.value.errors & (Error.FORMAT | Error.CRC)


def test_watchdog(engine, case):
    engine.load(case.frame)
    engine.watchdog = 30
    assert engine.watchdog == 30
    with pytest.raises(
        EngineError, match=r"rows from 0 on, inference 0 of 3: .*WATCHDOG"
    ) as caught:
        engine.infer_batch(case.inputs[:3])
    assert Error.WATCHDOG in caught.value.errors
    engine.watchdog = 100_000
    engine.clear_errors()
    assert engine.errors == Error(0)
    np.testing.assert_array_equal(engine.infer_batch(case.inputs[:5]).outputs, case.outputs[:5])


def test_damaged_inputs(engine, case):
    engine.load(case.frame)
    frame = activation_frame(case.inputs[0])
    frame[1] ^= np.uint64(1)
    engine.send(frame)
    engine.step(20)
    assert engine.errors == Error.CRC and not engine.status & Status.INPUTS
    engine.write_register(Register.CONTROL, Control.START)
    assert engine.errors == Error.CRC | Error.REFUSED
    engine.clear_errors()
    np.testing.assert_array_equal(engine.infer_batch(case.inputs[:5]).outputs, case.outputs[:5])


def test_reset_in_mid_inference(engine, case):
    engine.load(case.frame)
    engine.send(activation_frame(case.inputs[0]))
    engine.step(20)
    engine.write_register(Register.CONTROL, Control.START)
    engine.step(25)
    assert engine.status & Status.BUSY
    engine.reset()
    assert engine.status == Status(0)
    engine.load(case.frame)
    np.testing.assert_array_equal(engine.infer_batch(case.inputs[:5]).outputs, case.outputs[:5])


def test_wrong_shapes(engine, case):
    engine.load(case.frame)
    for shape in [(3, 19), (20,), (1, 3, 20)]:
        with pytest.raises(ValueError, match=r"activations must be \(n, 20\), not"):
            engine.infer_batch(np.zeros(shape, np.int16))


def test_two_engines(engine, case):
    """Also closed in the order in which they were made."""
    first, second = EieEngine(CONFIG), EieEngine(CONFIG)
    first.load(case.frame)
    with pytest.raises(RuntimeError, match="no program is loaded"):
        second.infer_batch(case.inputs)
    np.testing.assert_array_equal(first.infer_batch(case.inputs[:3]).outputs, case.outputs[:3])
    first.close()
    second.load(case.frame)
    np.testing.assert_array_equal(second.infer_batch(case.inputs[:3]).outputs, case.outputs[:3])
    second.close()


def test_results_that_nobody_wants(engine, case):
    """The wait for an inference ends even where the host never takes the results."""
    engine.load(case.frame)
    engine.send(activation_frame(case.inputs[0]))
    engine.step(20)
    engine.write_register(Register.CONTROL, Control.START)
    engine.wait_irq()
    engine.step(1000)
    assert engine.status & Status.READING
    with pytest.raises(HarnessError, match="no answer within the cycle limit"):
        engine.receive(8, limit=1)
    assert engine.receive(8).ended


@pytest.mark.slow
def test_speed():
    """64 PEs at 60,000 cycles per CPU second or more."""
    config = PRESETS["paper64"]
    case = Case(config, [1000, 600, 100], rows=60, density=0.2)
    with EieEngine(config) as engine:
        engine.load(case.frame)
        speeds = []
        for _ in range(3):
            cycles, spent = engine.simulated, engine.cpu_seconds
            run = engine.infer_batch(case.inputs)
            speeds.append((engine.simulated - cycles) / (engine.cpu_seconds - spent))
        np.testing.assert_array_equal(run.outputs, case.outputs)
    print(f"{max(speeds):,.0f} cycles per CPU second")
    assert max(speeds) >= 60_000
