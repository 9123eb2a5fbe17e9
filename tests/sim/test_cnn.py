"""The bulk engine on small streaming networks: logits, cycles, counters, RUN and STOP."""

from dataclasses import replace

import numpy as np
import pytest

from hw.cnn.format import Error, Register, Status
from sim.cnn import CnnEngine, CnnError
from sw.dataflow.frame import image_frames
from sw.dataflow.layers import DataflowError
from sw.dataflow.standstill import standstill_depth
from tests.sim.cnn_cases import INTERVAL, KINDS, Engines, case

MACHINES = (*KINDS, "imported")

pytestmark = pytest.mark.rtl


@pytest.fixture(scope="module")
def engines():
    with Engines() as engines:
        yield engines


@pytest.fixture
def ready(engines):
    """A machine by name, after reset, and its case."""
    return engines.ready


def test_identity(ready):
    engine, one = ready()
    assert engine.read_register(Register.ID) == 0x4E4E434B
    assert engine.read_register(Register.CONFIG) == len(one.graph.nodes) | 10 << 16
    assert engine.status == Status(0) and engine.errors == Error(0)
    engine.load(one.compiled)
    assert engine.status == Status.LOADED | Status.RUNNING
    engine.stop()
    assert engine.status == Status.LOADED


@pytest.mark.parametrize("sending, receiving", [(0, 0), (0.99, 0), (0, 0.99), (0.5, 0.5)])
@pytest.mark.parametrize("machine", MACHINES)
def test_equals_golden(ready, machine, sending, receiving):
    engine, one = ready(machine)
    engine.stall(1, sending, receiving)
    engine.load(one.compiled)
    done = []
    one.check(engine, progress=done.append)
    assert all(0 <= each <= len(one.pixels) for each in done) and done == sorted(done)
    assert engine.errors == Error(0) and not engine.irq


def test_logits_tell_images_apart():
    """Networks under test are none that give the same whatever they see."""
    for machine in MACHINES:
        assert len(np.unique(case(machine).logits, axis=0)) >= 10


@pytest.mark.parametrize("machine", MACHINES)
def test_two_networks_of_one_geometry(ready, machine):
    """One after the other, and the first again."""
    engine, one = ready(machine)
    other = case(machine, seed=2)
    assert (one.logits != other.logits).any()
    for each in (one, other, one):
        engine.load(each.compiled)
        each.check(engine, 5)


@pytest.mark.parametrize("machine", ["skip-free", "buffered"])
def test_interval_is_the_bound(ready, machine):
    engine, one = ready(machine)
    engine.load(one.compiled)
    frames = one.check(engine)
    assert one.config.bound == INTERVAL
    assert (frames.intervals == INTERVAL).all() and len(frames.intervals) == len(one.pixels) - 1
    assert engine.read_register(Register.INTERVAL) == INTERVAL
    assert INTERVAL < frames.latency < 3 * INTERVAL
    assert engine.read_register(Register.FRAMES_OUT) == len(one.pixels)


def test_interval_without_skip_buffers(ready):
    """Slower, since a block waits for its own sum, and as even."""
    engine, one = ready("unbuffered")
    engine.load(one.compiled)
    frames = one.check(engine)
    assert len(set(frames.intervals)) == 1
    assert INTERVAL < frames.intervals[0] < 3 * INTERVAL
    assert engine.read_register(Register.INTERVAL) == frames.intervals[0]


@pytest.mark.parametrize("machine", MACHINES)
def test_latency(ready, machine):
    """Of an image alone: what the machine counts itself, and the same each time."""
    engine, one = ready(machine)
    engine.load(one.compiled)
    found = [one.check(engine, 1).latency for _ in range(3)]
    assert found == [engine.read_register(Register.LATENCY)] * 3


def test_starts(ready):
    """An image's first word is taken at once, and those after it as there is room."""
    engine, one = ready()
    engine.load(one.compiled)
    before = engine.cycle
    frames = one.check(engine)
    assert 0 <= frames.starts[0] - before < 20
    assert (np.diff(frames.starts) > 0).all() and (frames.starts < frames.ends).all()
    assert np.diff(frames.starts)[-3:].tolist() == [INTERVAL] * 3


@pytest.mark.parametrize("machine", MACHINES)
def test_counters(ready, machine):
    """Between RUN and STOP every unit works, starves or is blocked."""
    engine, one = ready(machine)
    engine.load(one.compiled)
    one.check(engine, 6)
    engine.stop()
    cycles = engine.read_register(Register.CYCLES)
    counted = engine.unit_cycles()
    assert list(counted) == [node.name for node in one.config.nodes]
    for node in one.config.nodes:
        each = counted[node.name]
        assert each.busy + each.starved + each.blocked == cycles
        assert each.busy == 6 * node.unit.cycles
    assert engine.unit_cycles() == counted
    engine.run()
    one.check(engine, 1)
    assert engine.unit_cycles()[one.config.nodes[0].name].busy == one.config.nodes[0].unit.cycles


@pytest.mark.parametrize("cycles", [0, 70, 1300, 2 * INTERVAL + 200, 4 * INTERVAL])
@pytest.mark.parametrize("machine", MACHINES)
def test_stop_in_mid_stream(ready, machine, cycles):
    """Nothing of it is in the next run, not even of results that were on offer, nor of what skips
    keep."""
    engine, one = ready(machine)
    engine.load(one.compiled)
    for frame in image_frames(one.pixels[:2]):
        engine.send(frame)
    engine.step(cycles)
    engine.stop()
    assert engine.status == Status.LOADED
    engine.run()
    one.check(engine, 3)
    assert engine.read_register(Register.FRAMES_OUT) == 3 and engine.errors == Error(0)


@pytest.mark.parametrize("machine", MACHINES)
def test_stop_while_the_receiver_stalls(ready, machine):
    engine, one = ready(machine)
    engine.stall(3, receiving=0.99)
    engine.load(one.compiled)
    engine.send(image_frames(one.pixels[:1]))
    engine.step(4 * INTERVAL)
    engine.stop()
    engine.run()
    one.check(engine, 2)


@pytest.mark.parametrize("machine", MACHINES)
def test_stop_in_mid_image(ready, machine):
    """What is left of it is taken and dropped."""
    engine, one = ready(machine)
    engine.load(one.compiled)
    (frame,) = image_frames(one.pixels[:1])
    engine.send(frame[:3], last=False)
    engine.stop()
    engine.send(frame[3:])
    engine.run()
    one.check(engine, 2)


def test_flows_one_after_the_other(ready):
    """Each begins on an empty machine; nothing of one is left for the next."""
    engine, one = ready("imported")
    engine.load(one.compiled)
    frames = image_frames(one.pixels)
    first, second = engine.flow(frames, 3), engine.flow(frames[::-1], 3)
    np.testing.assert_array_equal(first.results, second.results[::-1])
    assert (second.starts[0] > first.ends[-1]) and first.results.shape == (12, 3)
    np.testing.assert_array_equal(first.ends - first.starts[0], second.ends - second.starts[0])
    assert engine.read_register(Register.FRAMES_IN) == 24


def test_two_engines(ready):
    """Side by side, each with a network of its own."""
    engine, one = ready()
    other = case("skip-free", seed=2)
    with CnnEngine(one.config) as second:
        engine.load(one.compiled)
        second.load(other.compiled)
        one.check(engine, 2)
        other.check(second, 2)
        one.check(engine, 2)


def test_depths_that_cost_the_interval_are_refused():
    one = case("buffered")
    with pytest.raises(DataflowError, match="stem: a queue of 38 beats; 42 are needed"):
        CnnEngine(stem_of(one, 38))


@pytest.mark.slow
@pytest.mark.parametrize("depth", [34, 38])
def test_any_depth(depth):
    """On request: the machine stands still where the compiler says so, and else is slower."""
    one = case("buffered")
    config = stem_of(one, depth)
    still = depth < standstill_depth(one.config, one.config.skips[0])
    with CnnEngine(config, any_depth=True, limit=8 * INTERVAL) as engine:
        engine.load(replace(one.compiled, config=config))
        if still:
            with pytest.raises(CnnError, match="frame 0 of 12: no answer"):
                engine.stream(one.pixels)
        else:
            assert one.check(engine).intervals[-1] > 1.5 * INTERVAL
    assert still == (depth == 34)


def stem_of(one, depth):
    """The pipeline with another depth of its first skip."""
    first, *others = one.config.skips
    return replace(one.config, skips=(replace(first, depth=depth), *others))
