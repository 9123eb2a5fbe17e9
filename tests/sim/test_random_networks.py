"""Random networks on machines of many shapes: the RTL's outputs are the golden model's."""

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from hw.eie.config import PRESETS, EieConfig
from hw.eie.format import Counter, Error
from sim.engine import EieEngine
from sw.compress.frame import program_frame
from sw.compress.program import CapacityError, build_program
from sw.compress.random import random_inputs, random_quantised
from sw.compress.unprogram import quantised_from_program
from sw.golden.eie import GoldenEie

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


@pytest.mark.rtl
@given(
    seed=st.integers(0, 2**32 - 1),
    sizes=st.lists(st.integers(1, 90), min_size=2, max_size=6),
    density=st.sampled_from([0.05, 0.5, 1.0]),
)
@settings(max_examples=30, deadline=None, derandomize=True)
def test_relu_on_some_rows_equals_golden(seed, sizes, density):
    """Layers whose first rows have no ReLU, any number of passes of each kind."""
    rng = np.random.default_rng(seed)
    config = PRESETS["tiny"]
    network = random_quantised(rng, sizes, density, linear=config.n_pe)
    try:
        program = build_program(network, config)
    except CapacityError:
        return
    inputs = random_inputs(rng, network, 3)
    with EieEngine(config) as engine:
        engine.load(program_frame(program))
        run = engine.infer_batch(inputs)
    np.testing.assert_array_equal(run.outputs, GoldenEie(network)(inputs).numpy())


def check_counters(engine, program, vector, cycles):
    """The counters of the last inference against what its activations call for."""
    counters = engine.counters()
    layers = quantised_from_program(program).layers
    trace = GoldenEie(quantised_from_program(program)).trace(vector[None])
    sources = [vector, *(layer.output.numpy()[0] for layer in trace[:-1])]
    n_pe = engine.config.n_pe
    weights = np.zeros(n_pe, np.int64)
    columns = 0
    for layer, info, source in zip(layers, program.layers, sources, strict=True):
        used = layer.index[:, source != 0] != 0
        weights += [used[pe::n_pe].sum() for pe in range(n_pe)]
        row_passes = -(-layer.rows // (n_pe * engine.config.file_depth))
        assert info.passes >= row_passes
        columns += row_passes * np.count_nonzero(source)
    worked = counters[:, Counter.ENTRIES] - counters[:, Counter.PADDING]
    np.testing.assert_array_equal(worked, weights)
    assert (counters[:, Counter.EMPTY] <= columns).all()
    spent = counters[:, [Counter.ENTRIES, Counter.EMPTY, Counter.STARVED, Counter.TURN]].sum(axis=1)
    assert (spent <= cycles).all()
    ends = engine.pass_cycles()
    assert (np.diff(ends) > 0).all() and ends[-1] <= cycles
