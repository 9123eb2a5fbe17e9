"""Random networks on machines of many shapes: the RTL's outputs are the golden model's."""

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from hw.eie.config import PRESETS, EieConfig
from hw.eie.format import Counter, Error
from sim.engine import EieEngine
from sw.compress.frame import program_frame
from sw.compress.layout import CapacityError, build_program
from sw.compress.random import random_inputs, random_quantised
from sw.compress.unprogram import quantised_from_program
from sw.golden.eie import GoldenEie
from tests.sim.expected import entry_counts, pass_events

CONFIGS = {
    "1pe": EieConfig(n_pe=1, spmat_depth=1024, ptr_depth=1024, act_depth=500, file_depth=4),
    "2pe": EieConfig(
        n_pe=2, spmat_depth=900, ptr_depth=600, act_depth=256, file_depth=8, sram_latency=1
    ),
    "tiny": PRESETS["tiny"],
    "8pe": EieConfig(
        n_pe=8,
        spmat_depth=512,
        ptr_depth=1024,
        act_depth=60,
        file_depth=4,
        queue_depth=2,
        sram_latency=3,
        mul_stages=3,
    ),
    "16pe": EieConfig(n_pe=16, spmat_depth=512, ptr_depth=1024, act_depth=64, mul_stages=1),
}
WIDE = {
    "1pe, 2 lanes": EieConfig(
        n_pe=1,
        spmat_depth=2048,
        ptr_depth=1024,
        act_depth=500,
        file_depth=8,
        sram_latency=1,
        lanes=2,
    ),
    "2pe, 4 lanes in groups of 4": EieConfig(
        n_pe=2,
        spmat_depth=1024,
        ptr_depth=1024,
        act_depth=256,
        file_depth=16,
        queue_depth=2,
        mul_stages=3,
        lanes=4,
        group_max=4,
    ),
    "4pe, 8 lanes in groups of 16": EieConfig(
        n_pe=4,
        spmat_depth=1024,
        ptr_depth=1024,
        act_depth=100,
        file_depth=8,
        sram_latency=3,
        mul_stages=4,
        lanes=8,
        group_max=16,
    ),
    "16pe, 8 lanes in groups of 16": EieConfig(
        n_pe=16, spmat_depth=512, ptr_depth=1024, act_depth=64, lanes=8, group_max=16
    ),
}
CONFIGS |= WIDE


@pytest.fixture(scope="module", params=CONFIGS)
def engine(request):
    with EieEngine(CONFIGS[request.param]) as engine:
        engine.watchdog = 1_000_000
        yield engine


@pytest.mark.rtl
@given(
    seed=st.integers(0, 2**32 - 1),
    sizes=st.lists(st.integers(1, 90), min_size=2, max_size=6),
    density=st.sampled_from([0.0, 0.01, 0.05, 0.2, 0.5, 1.0]),
    active=st.sampled_from([0.0, 0.1, 0.7, 1.0]),
    stalls=st.sampled_from([(0.0, 0.0), (0.5, 0.0), (0.0, 0.8), (0.3, 0.3)]),
)
@settings(
    max_examples=60,
    deadline=None,
    derandomize=True,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
def test_equals_golden(engine, seed, sizes, density, active, stalls):
    rng = np.random.default_rng(seed)
    network = random_quantised(rng, sizes, density)
    try:
        program = build_program(network, engine.config)
    except CapacityError:
        return
    engine.stall(seed & 0xFFFF, *stalls)
    engine.load(program_frame(program))
    inputs = random_inputs(rng, network, 3, active)
    run = engine.infer_batch(inputs)
    np.testing.assert_array_equal(run.outputs, GoldenEie(network)(inputs).numpy())
    assert not engine.errors & ~Error.INPUT_RANGE
    check_counters(engine, program, inputs[-1], int(run.cycles[-1]))


@pytest.fixture(scope="module", params=["tiny", *list(WIDE)[1:3]])
def mixing(request):
    """Machines for layers of rows of both kinds."""
    with EieEngine(CONFIGS[request.param]) as engine:
        engine.watchdog = 1_000_000
        yield engine


@pytest.mark.rtl
@given(
    seed=st.integers(0, 2**32 - 1),
    sizes=st.lists(st.integers(1, 90), min_size=2, max_size=6),
    density=st.sampled_from([0.05, 0.5, 1.0]),
    planes=st.sampled_from([1, 1, 2, 4]),
)
@settings(
    max_examples=25,
    deadline=None,
    derandomize=True,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
def test_relu_on_some_rows_and_planes_equal_golden(mixing, seed, sizes, density, planes):
    """Layers whose first rows have no ReLU, in any number of passes; layers of several planes."""
    rng = np.random.default_rng(seed)
    network = random_quantised(rng, sizes, density, linear=mixing.config.n_pe, planes=planes)
    run_and_compare(mixing, network, random_inputs(rng, network, 2))


@pytest.fixture(scope="module", params=list(WIDE)[2:])
def splitting(request):
    """Machines of so many PEs that small last layers are split over them."""
    with EieEngine(CONFIGS[request.param]) as engine:
        engine.watchdog = 1_000_000
        yield engine


@pytest.mark.rtl
@given(
    seed=st.integers(0, 2**32 - 1),
    rows=st.integers(1, 8),
    columns=st.integers(60, 250),
    hidden=st.sampled_from([None, 30, 64]),
    density=st.sampled_from([0.3, 1.0]),
    planes=st.sampled_from([1, 1, 2]),
    active=st.sampled_from([0.3, 1.0]),
)
@settings(
    max_examples=25,
    deadline=None,
    derandomize=True,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
def test_split_layers_equal_golden(splitting, seed, rows, columns, hidden, density, planes, active):
    """Few rows, many columns: passes in which every PE has a part of each sum."""
    rng = np.random.default_rng(seed)
    rows = min(rows, splitting.config.n_pe // 2)
    sizes = [columns, rows] if hidden is None else [hidden, columns, rows]
    network = random_quantised(rng, sizes, density, planes=planes)
    inputs = random_inputs(rng, network, 2, active)
    run_and_compare(splitting, network, inputs)


@pytest.mark.rtl
@pytest.mark.parametrize("rows", [1, 3, 8])
def test_split_layer_equals_golden(splitting, rows):
    """A layer that is split for certain where its inputs fit the source file, behind one that is
    not, with planes. Where they do not, it waits for the SRAM anyway."""
    rng = np.random.default_rng(rows)
    rows = min(rows, splitting.config.n_pe // 2)
    network = random_quantised(rng, [20, 250, rows], 1.0, planes=2)
    program = run_and_compare(splitting, network, random_inputs(rng, network, 3))
    config = splitting.config
    certain = config.slots(250) <= config.file_depth
    assert [bool(step.split) for step in program.passes[-2:]] == [certain, certain]
    assert not any(step.split for step in program.passes[:-2])


def run_and_compare(engine, network, inputs):
    """The program of a network, None where it does not fit, once its outputs are right."""
    try:
        program = build_program(network, engine.config)
    except CapacityError:
        return None
    assert quantised_from_program(program) == network
    engine.load(program_frame(program))
    run = engine.infer_batch(inputs)
    np.testing.assert_array_equal(run.outputs, GoldenEie(network)(inputs).numpy())
    check_counters(engine, program, inputs[-1], int(run.cycles[-1]))
    return program


def check_counters(engine, program, vector, cycles):
    """The counters of the last inference against what its activations call for."""
    counters = engine.counters()
    layers = pass_events(program, quantised_from_program(program), vector)
    entries, padding, empty, busy = entry_counts(layers)
    np.testing.assert_array_equal(counters[:, Counter.BUSY], busy)
    np.testing.assert_array_equal(counters[:, Counter.EMPTY], empty)
    assert counters[:, Counter.ENTRIES].sum() == entries
    assert counters[:, Counter.PADDING].sum() == padding
    assert (counters[:, Counter.ENTRIES] <= engine.config.lanes * busy).all()
    spent = counters[:, [Counter.BUSY, Counter.EMPTY, Counter.STARVED, Counter.TURN]].sum(axis=1)
    assert (spent <= cycles).all()
    ends = engine.pass_cycles()
    assert (np.diff(ends) > 0).all() and ends[-1] <= cycles
