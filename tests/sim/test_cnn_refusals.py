"""What the bulk engine of streaming networks says where something is wrong, and that it goes on."""

from dataclasses import replace

import numpy as np
import pytest

import sim.cnn
from hw.cnn.format import Error, Status
from sim.cnn import CnnError
from sim.top import HarnessError, Result
from sw.dataflow.frame import image_frames, network_frame
from sw.dataflow.pack import weight_chunks
from tests.sim.cnn_cases import Engines

pytestmark = pytest.mark.rtl


@pytest.fixture(scope="module")
def engines():
    with Engines() as engines:
        yield engines


@pytest.fixture
def ready(engines):
    """A machine by name, after reset, and its case."""
    return engines.ready


def turned(compiled, name):
    """The same network with ``simd`` and ``pe`` of a unit the other way round."""
    node = compiled.config.node(name)
    unit = replace(node.unit, simd=node.unit.pe, pe=node.unit.simd)
    assert unit != node.unit and unit.weight_words == node.unit.weight_words
    other = replace(node, unit=unit)
    nodes = tuple(other if each is node else each for each in compiled.config.nodes)
    (layer,) = (each for each in compiled.graph.nodes if each.name == name)
    changed = compiled.weights | {name: weight_chunks(layer, unit)}
    return replace(compiled, config=replace(compiled.config, nodes=nodes), weights=changed)


def test_nothing_runs_without_a_network(ready):
    engine, one = ready()
    with pytest.raises(RuntimeError, match=r"^no network is running$"):
        engine.stream(one.pixels)
    with pytest.raises(CnnError, match=r"^the machine did not run; error bits: REFUSED$") as caught:
        engine.run()
    assert caught.value.errors == Error.REFUSED
    engine.load(one.compiled)
    assert engine.errors == Error(0)
    engine.stop()
    with pytest.raises(RuntimeError, match=r"^no network is running$"):
        engine.stream(one.pixels)
    engine.run()
    one.check(engine, 2)


def test_a_network_for_other_units(ready):
    """Even one whose memories are as large: as many multipliers, of other channels."""
    engine, one = ready()
    other = turned(one.compiled, "block0.conv1")
    engine.load(one.compiled)
    with pytest.raises(CnnError) as caught:
        engine.load(other)
    assert str(caught.value) == "the network was refused; error bits: CONFIG"
    assert caught.value.errors == Error.CONFIG
    assert engine.irq and engine.status == Status(0)
    engine.load(one.compiled)
    one.check(engine, 2)


@pytest.mark.parametrize("word, error", [(0, Error.FORMAT), (10, Error.CRC), (-1, Error.CRC)])
def test_a_damaged_network(ready, monkeypatch, word, error):
    def damaged(*arguments):
        frame = network_frame(*arguments)
        frame[word] ^= np.uint64(1)
        return frame

    engine, one = ready()
    with monkeypatch.context() as context:
        context.setattr(sim.cnn, "network_frame", damaged)
        with pytest.raises(CnnError) as caught:
            engine.load(one.compiled)
    assert caught.value.errors == error
    assert str(caught.value) == f"the network was refused; error bits: {error.name}"
    engine.load(one.compiled)
    one.check(engine, 2)


@pytest.mark.parametrize("shape", [(3, 8, 8), (1, 8, 8), (2, 1, 8, 7), (2, 8, 8, 1), (2, 64)])
def test_images_of_other_sizes(ready, shape):
    engine, one = ready()
    engine.load(one.compiled)
    with pytest.raises(ValueError) as caught:
        engine.stream(np.zeros(shape, np.uint8))
    assert str(caught.value) == f"images must be (n, 1, 8, 8), not {shape}"
    one.check(engine, 1)


def test_no_images(ready):
    engine, one = ready()
    engine.load(one.compiled)
    assert one.check(engine, 0).intervals.shape == (0,)


def test_a_limit_of_cycles(ready):
    engine, one = ready()
    engine.load(one.compiled)
    first = one.check(engine, 1).latency
    frames = image_frames(one.pixels[:3])
    assert len(engine.flow(frames, 6, limit=first + 20).ends) == 3
    engine.limit, usual = first - 20, engine.limit
    try:
        with pytest.raises(CnnError) as caught:
            engine.stream(one.pixels)
    finally:
        engine.limit = usual
    assert caught.value.errors == Error(0)
    assert str(caught.value) == (
        "frame 0 of 12: no answer within the cycle limit; error bits: none"
    )
    engine.reset()
    engine.load(one.compiled)
    one.check(engine)


@pytest.mark.parametrize("words", [3, 9])
def test_an_image_of_another_length(ready, words):
    """The machine says so, and takes no further image until STOP."""
    engine, one = ready()
    engine.load(one.compiled)
    engine.send(np.zeros(words, np.uint64))
    assert engine.irq and engine.errors == Error.FRAME
    engine.limit, usual = 5000, engine.limit
    try:
        with pytest.raises(CnnError, match=r"^frame 0 of 2: .*; error bits: FRAME$") as caught:
            engine.stream(one.pixels[:2])
    finally:
        engine.limit = usual
    assert caught.value.errors == Error.FRAME
    engine.clear_errors()
    engine.stop()
    engine.run()
    one.check(engine, 2)


@pytest.mark.parametrize("words", [1, 5, 7])
def test_results_of_another_length(ready, words):
    """Five words of logits and one of the class."""
    engine, one = ready()
    engine.load(one.compiled)
    with pytest.raises(HarnessError, match=r"^frame \d of 3: the result has another ") as caught:
        engine.flow(image_frames(one.pixels[:3]), words)
    assert caught.value.code == Result.LENGTH
    engine.reset()
    engine.load(one.compiled)
    one.check(engine, 2)
