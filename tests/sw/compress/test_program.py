"""Programs against a plain interpreter of their frames, and the rules of their layout."""

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hw.eie.config import PRESETS, EieConfig
from sw.compress.frame import program_frame
from sw.compress.layout import build_program
from sw.compress.random import random_inputs, random_quantised
from sw.compress.unprogram import quantised_from_program
from tests.sw.compress.programs import SMALL, Interpreter, check, mixed_layer


@settings(max_examples=60, deadline=None)
@given(
    st.lists(st.integers(1, 40), min_size=2, max_size=5),
    st.sampled_from([0.0, 0.05, 0.4, 1.0]),
    st.sampled_from([1, 2, 4, 16]),
    st.sampled_from([2, 4, 16]),
    st.booleans(),
    st.integers(0, 2**32),
)
def test_interpreted_frame_equals_golden(sizes, density, n_pe, file_depth, mixed, seed):
    rng = np.random.default_rng(seed)
    network = random_quantised(rng, sizes, density, linear=n_pe if mixed else 0)
    memories = {"act_depth": 128, "max_passes": 256}
    config = replace(SMALL, n_pe=n_pe, file_depth=file_depth, **memories)
    check(network, config, seed)


@settings(max_examples=60, deadline=None)
@given(
    sizes=st.lists(st.integers(1, 60), min_size=2, max_size=5),
    density=st.sampled_from([0.0, 0.05, 0.4, 1.0]),
    n_pe=st.sampled_from([1, 2, 4, 16]),
    shape=st.sampled_from([(2, 1), (2, 2), (4, 4), (8, 2), (8, 8), (8, 16)]),
    planes=st.sampled_from([1, 1, 2]),
    mixed=st.booleans(),
    seed=st.integers(0, 2**32),
)
def test_wide_frame_equals_golden(sizes, density, n_pe, shape, planes, mixed, seed):
    """Groups of all sizes, and last layers that are split."""
    lanes, group_max = shape
    rng = np.random.default_rng(seed)
    linear = n_pe if mixed else 0
    network = random_quantised(rng, sizes, density, planes=planes, linear=linear)
    memories = {"spmat_depth": 4096, "act_depth": 256, "ptr_depth": 1 << 15, "max_passes": 256}
    group_max = min(group_max, n_pe * lanes)
    config = replace(SMALL, n_pe=n_pe, file_depth=8, lanes=lanes, group_max=group_max, **memories)
    check(network, config, seed)


@pytest.mark.parametrize("planes", [1, 2])
def test_split_layer(planes):
    """3 dense rows of 250 columns on 16 PEs: all PEs have all rows, of every 16th column."""
    config = replace(PRESETS["wide8"], n_pe=16)
    network = random_quantised(np.random.default_rng(12), [20, 250, 3], 1.0, planes=planes)
    program = check(network, config)
    last = program.passes[-planes:]
    assert [(p.split, p.group, p.columns) for p in last] == [(1, 4, 250)] * planes
    assert [p.bias_rows for p in last] == [3, *[0] * (planes - 1)]
    assert [p.drain_rows for p in last] == [*[0] * (planes - 1), 3]
    assert not any(p.split for p in program.passes[:-planes])
    loads = np.array(program.layers[-1].load)
    assert sum(loads) == program.layers[-1].entries == 750 * planes
    assert loads.min() >= 3 * 15 * planes


@pytest.mark.parametrize("preset", PRESETS)
def test_presets(preset):
    network = random_quantised(np.random.default_rng(1), [70, 90, 33, 1], 0.2)
    check(network, PRESETS[preset])


def test_rows_that_do_not_exist_end_as_zero():
    network = random_quantised(np.random.default_rng(2), [9, 6, 5], 1.0, relu=False)
    program = build_program(network, SMALL)
    machine = Interpreter(program_frame(program), SMALL)
    machine.run(random_inputs(np.random.default_rng(3), network, 1)[0])
    assert [machine.file[pe][1] for pe in (2, 3)] == [0, 0]
    assert [machine.sram[pe][program.out_base + 1] for pe in (1, 2, 3)] == [0, 0, 0]


def test_short_vectors_use_the_source_file():
    network = random_quantised(np.random.default_rng(4), [16, 13, 16, 3], 0.5)
    program = check(network, SMALL)
    assert program.in_sram == 0
    assert [(p.src_sram, p.dst_sram) for p in program.passes] == [(0, 0), (0, 0), (0, 1)]
    assert [(p.bias_rows, p.drain_rows, p.columns) for p in program.passes] == [
        (4, 4, 16),
        (4, 4, 13),
        (1, 1, 16),
    ]


def test_long_outputs_take_row_passes_and_the_sram():
    """41 outputs on 4 PEs of 4 rows: passes of 4, 4 and 3 local rows over one source."""
    network = random_quantised(np.random.default_rng(5), [5, 41, 7], 0.5)
    program = check(network, SMALL)
    rows, last = program.passes[:3], program.passes[3]
    assert program.in_sram == 1  # 5 inputs fit the file, but three passes read them
    assert [p.bias_rows for p in rows] == [p.drain_rows for p in rows] == [4, 4, 3]
    assert [p.dst_base - rows[0].dst_base for p in rows] == [0, 4, 8]
    assert {(p.src_sram, p.src_base, p.dst_sram) for p in rows} == {(1, program.in_base, 1)}
    assert (last.src_sram, last.src_base) == (1, rows[0].dst_base)
    assert [layer.passes for layer in program.layers] == [3, 1]


@pytest.mark.parametrize("planes", [1, 2])
def test_relu_starts_with_a_pass(planes):
    """20 of 41 rows without ReLU on 4 PEs of 4 rows: passes of 4 and 1, then of 4 and 2 rows."""
    program = check(mixed_layer(20, planes), SMALL)
    layer = program.passes[: 4 * planes]
    assert [p.bias_rows for p in layer if p.bias_rows] == [4, 1, 4, 2]
    assert [p.dst_base - layer[0].dst_base for p in layer[::planes]] == [0, 4, 5, 9]
    assert [p.relu for p in layer] == [0] * 2 * planes + [1] * 2 * planes
    assert program.layers[0].relu and program.layers[0].linear_rows == 20
    assert {p.src_sram for p in layer} == {1}


def test_many_entries_take_column_passes():
    """128 dense rows on one PE reach 65,535 entries after 511 columns."""
    network = random_quantised(np.random.default_rng(6), [1100, 128, 2], 1.0)
    config = EieConfig(n_pe=1, spmat_depth=1 << 15, ptr_depth=4096, act_depth=2048, file_depth=128)
    program = check(network, config, requests=1)
    columns = program.passes[:3]
    assert [p.columns for p in columns] == [511, 511, 78]
    assert [p.src_base - program.in_base for p in columns] == [0, 511, 1022]
    assert [p.bias_rows for p in columns] == [128, 0, 0]
    assert [p.drain_rows for p in columns] == [0, 0, 128]
    assert [p.dst_sram for p in program.passes] == [0, 0, 0, 1]


@pytest.mark.parametrize("planes", [2, 4])
def test_planes_take_passes_of_their_own(planes):
    """Planes follow one another on the same rows and inputs, each with its own codebook."""
    network = random_quantised(np.random.default_rng(11), [9, 21, 3], 0.6, planes=planes)
    program = check(network, SMALL)
    first = program.passes[: 2 * planes]
    assert [p.bias_rows for p in first] == [4, *[0] * (planes - 1), 2, *[0] * (planes - 1)]
    assert [p.drain_rows for p in first] == [*[0] * (planes - 1), 4, *[0] * (planes - 1), 2]
    assert {(p.src_sram, p.src_base, p.columns) for p in first} == {(1, program.in_base, 9)}
    assert [layer.planes for layer in program.layers] == [planes, planes]


def test_column_passes_are_multiples_of_the_pes():
    network = random_quantised(np.random.default_rng(7), [1100, 512], 1.0)
    config = EieConfig(n_pe=4, spmat_depth=1 << 15, ptr_depth=4096, act_depth=512, file_depth=128)
    program = build_program(network, config)
    assert [p.columns for p in program.passes] == [508, 508, 84]
    assert [p.src_base - program.in_base for p in program.passes] == [0, 127, 254]
    assert quantised_from_program(program) == network


def test_layer_costs_are_counted():
    network = random_quantised(np.random.default_rng(8), [40, 80, 3], [0.05, 1.0])
    program = build_program(network, replace(SMALL, n_pe=1, file_depth=128, act_depth=256))
    for info, layer in zip(program.layers, network.layers, strict=True):
        assert info.entries - info.padding == np.count_nonzero(layer.index)
        assert sum(info.load) == info.entries
    assert program.padding == program.layers[0].padding > 0
    assert program.entries == sum(layer.entries for layer in program.layers)


def test_records_stand_at_multiples_of_their_size():
    """Behind the 66 pointers of a layer of single columns, for which records are too short."""
    rng = np.random.default_rng(3)
    config = replace(PRESETS["wide8"], n_pe=1, group_max=8)
    network = random_quantised(rng, [65, 64, 40, 30], [1.0, 0.05, 0.05])
    active = [np.full(65, 0.02), np.ones(64), np.ones(40)]
    program = build_program(network, config, active=active)
    first, second, third = program.passes
    assert (first.group, first.ptr_base) == (0, 0)
    assert second.group and third.group
    assert second.ptr_base == 72 and third.ptr_base % 8 == 0
    assert quantised_from_program(program) == network
