"""The RTL's cycles against the independent count of the paper's events."""

from dataclasses import replace

import numpy as np
import pytest

from hw.eie.config import PRESETS
from sim.engine import EieEngine
from sim.events import layer_events, within_bar
from sw.compress.frame import program_frame
from sw.compress.program import build_program
from sw.compress.random import random_inputs, random_quantised
from sw.golden.eie import GoldenEie

CONFIGS = {
    16: replace(PRESETS["weng8"], n_pe=16),
    32: PRESETS["weng32"],
    64: PRESETS["paper64"],
}
# inputs, outputs, density, share of inputs active
LAYERS = [
    (110, 352, 0.10, 0.5),
    (352, 352, 0.02, 1.0),
    (352, 352, 0.02, 0.4),
    (352, 128, 0.10, 0.6),
    (32, 1, 1.0, 1.0),
    (1, 500, 0.5, 1.0),
    (1024, 700, 0.05, 0.3),
    (600, 1500, 0.10, 1.0),
    (64, 64, 1.0, 1.0),
    (2000, 40, 0.10, 0.35),
    (300, 2500, 0.03, 0.7),
    (200, 200, 0.001, 0.5),
]


@pytest.fixture(scope="module", params=CONFIGS, ids="{}pe".format)
def engine(request):
    with EieEngine(CONFIGS[request.param]) as engine:
        yield engine


@pytest.mark.rtl
@pytest.mark.parametrize("number", range(len(LAYERS)))
def test_layer(engine, number):
    inputs, outputs, density, active = LAYERS[number]
    check(engine, number, [inputs, outputs], density, active)


@pytest.mark.rtl
@pytest.mark.parametrize("seed", range(3))
def test_layers_of_a_network(engine, seed):
    rng = np.random.default_rng(1000 + seed)
    sizes = [int(size) for size in rng.integers(20, 600, 5)]
    check(engine, 1000 + seed, sizes, float(rng.uniform(0.02, 0.3)), 0.7)


@pytest.mark.rtl
def test_the_layer_of_the_bar():
    """4096 inputs, 1000 outputs, 25 % dense, 37.5 % of the inputs active, 64 PEs."""
    with EieEngine(CONFIGS[64]) as engine:
        [cycles] = check(engine, 7, [4096, 1000], 0.25, 0.375)
    assert 6000 <= cycles <= 8200


def check(engine, seed, sizes, density, active):
    """Cycles of each layer of a random network, asserted to be within the bar."""
    n_pe = engine.config.n_pe
    rng = np.random.default_rng(seed)
    network = random_quantised(rng, sizes, density)
    program = build_program(network, engine.config)
    engine.load(program_frame(program))
    x = random_inputs(rng, network, 1, active)
    trace = GoldenEie(network).trace(x)
    run = engine.infer_batch(x)
    np.testing.assert_array_equal(run.outputs, trace[-1].output.numpy())

    last = [layer.first_pass + layer.passes - 1 for layer in program.layers]
    ends = engine.pass_cycles()[last]
    measured = np.diff(ends, prepend=0)
    sources = [x[0], *(layer.output.numpy()[0] for layer in trace[:-1])]
    for layer, source, cycles in zip(network.layers, sources, measured, strict=True):
        expected = layer_events(layer.index != 0, source, n_pe, engine.config.queue_depth).cycles
        assert within_bar(int(cycles), expected, layer.rows, n_pe), (
            f"{layer.rows} x {layer.columns} on {n_pe} PEs: {cycles} cycles, events {expected}"
        )
    assert abs(int(run.cycles[0]) - int(ends[-1])) <= 2
    return measured.tolist()
