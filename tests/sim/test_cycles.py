"""The RTL's cycles against the independent count of the paper's events."""

from dataclasses import replace

import numpy as np
import pytest

from hw.eie.config import PRESETS
from sim.engine import EieEngine
from sim.events import layer_events, within_bar
from sw.compress.frame import program_frame
from sw.compress.layout import build_program
from sw.compress.random import random_inputs, random_quantised
from sw.golden.eie import GoldenEie
from tests.sim.expected import pass_events

CONFIGS = {
    16: replace(PRESETS["weng8"], n_pe=16),
    32: PRESETS["weng32"],
    64: PRESETS["paper64"],
}
WIDE = {
    "8pe, 8 lanes": PRESETS["wide8"],
    "32pe, 8 lanes": PRESETS["wide32"],
    "8pe, 2 lanes": replace(PRESETS["wide8"], lanes=2, group_max=2),
}
FIXED, FIRST = 17, 27
"""Cycles that a pass of a wide machine takes beside its events and its turn, at most; the first of
an inference, if it reads the activation SRAM."""
PACE = {"8pe, 8 lanes": 15, "32pe, 8 lanes": 16}
"""Cycles that a layer takes beside its broadcasts, where these are what limits it; one fewer where
the detection has one block, and no tree."""
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


@pytest.fixture(scope="module", params=WIDE)
def wide(request):
    with EieEngine(WIDE[request.param]) as engine:
        yield engine


@pytest.mark.rtl
@pytest.mark.parametrize("number", range(len(LAYERS)))
def test_wide_layer(wide, number):
    inputs, outputs, density, active = LAYERS[number]
    check_wide(wide, number, [inputs, outputs], density, active)


@pytest.mark.rtl
def test_pace_of_broadcasts(wide):
    """Layer after layer of few entries, exactly; the first and the last have other bounds. No
    group takes a PE more than a cycle."""
    config = wide.config
    [pace] = {PACE.get(name, 0) for name, each in WIDE.items() if each == config}
    if not pace:
        pytest.skip("limited by entries")
    size = 8 * config.n_pe
    rng = np.random.default_rng(1)
    network = random_quantised(rng, [size] * 8, 0.01)
    x = random_inputs(rng, network, 1, 1.0)
    program = build_program(network, config)
    wide.load(program_frame(program))
    wide.infer_batch(x)
    spent = np.diff(wide.pass_cycles(), prepend=0).tolist()
    events = [event for layer in pass_events(program, network, x[0]) for event in layer]
    assert all(event.cycles == event.broadcasts + 1 for event in events) and len(events) == 7
    assert spent[1:-1] == [event.broadcasts + pace for event in events[1:-1]]


@pytest.mark.rtl
@pytest.mark.parametrize("rows", [1, 3])
def test_split_layer(wide, rows):
    """A last layer whose columns are split over the PEs, where lanes would be idle otherwise."""
    for sizes in ([510, rows], [40, 500, rows]):
        program = check_wide(wide, rows, sizes, 1.0, 1.0)
        assert bool(program.passes[-1].split) == (wide.config.lanes == 8)


@pytest.mark.rtl
@pytest.mark.parametrize("seed", range(3))
def test_wide_layers_of_a_network(wide, seed):
    rng = np.random.default_rng(1000 + seed)
    sizes = [int(size) for size in rng.integers(20, 600, 5)]
    check_wide(wide, 1000 + seed, [*sizes, 2], float(rng.uniform(0.02, 0.3)), 0.7)


def check_wide(engine, seed, sizes, density, active):
    """Cycles of each pass on a wide machine, which has the groups and split layers of the program.

    The bar: a pass takes no fewer cycles than its events, or than the slots that it reads one by
    one from the activation SRAM; and no more than these, its turn, and ``FIXED`` cycles of pipeline
    and detection, or ``FIRST`` in an inference's first pass from the SRAM. Of the turn, what is
    drained to the source file may be hidden behind the next pass.
    """
    config = engine.config
    rng = np.random.default_rng(seed)
    network = random_quantised(rng, sizes, density)
    x = random_inputs(rng, network, 1, active)
    likely = [np.full(layer.columns, active) for layer in network.layers]
    program = build_program(network, config, active=likely)
    engine.load(program_frame(program))
    run = engine.infer_batch(x)
    np.testing.assert_array_equal(run.outputs, GoldenEie(network)(x).numpy())
    expected = [event.cycles for layer in pass_events(program, network, x[0]) for event in layer]
    ends = engine.pass_cycles()
    spent = np.diff(ends, prepend=0).tolist()
    for k, (step, cycles, events) in enumerate(zip(program.passes, spent, expected, strict=True)):
        slots = config.slots(step.columns) if step.src_sram else 0
        least = max(events, slots)
        most = least + turn(config, step) + (FIRST if slots and not k else FIXED)
        assert least <= cycles <= most, f"{step}: {cycles} cycles, events {events}"
    assert abs(int(run.cycles[0]) - int(ends[-1])) <= 2
    return program


def turn(config, step):
    """Cycles of a pass without entries: biases, four or two at a time; codebook; drain, one row at
    a time to the SRAM, as many as there are lanes to the source file. Before a split pass is
    drained, PEs wait for each other, and its sums come out of a tree of four-input adders."""
    biases = -(-step.bias_rows // min(config.lanes, 4))
    drain = step.drain_rows if step.dst_sram else -(-step.drain_rows // config.lanes)
    tree = 2 + max(1, (config.pe_bits + 1) // 2) if step.split else 0
    return biases + 2 + drain + tree


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
