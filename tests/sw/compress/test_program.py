"""Programs against a plain interpreter of their frames, and the rules of their layout."""

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hw.eie.config import PRESETS, EieConfig
from hw.eie.format import SectionKind
from sw.compress.frame import parse_frame, program_frame
from sw.compress.layout import CapacityError, build_program
from sw.compress.quantised import QuantisedNetwork
from sw.compress.random import random_inputs, random_quantised
from sw.compress.unprogram import quantised_from_program
from sw.golden.eie import GoldenEie

SMALL = EieConfig(n_pe=4, spmat_depth=4096, ptr_depth=4096, act_depth=64, file_depth=4)
GARBAGE = 0x5A5A


class Interpreter:
    """What a frame's words tell the array to do, pass by pass, from the format alone. Memories
    start full of garbage, so that nothing may be read that was not written."""

    def __init__(self, words, config):
        self.fields, self.passes, sections = parse_frame(words)
        self.n = self.fields["n_pe"]
        self.pointers = [[GARBAGE] * config.ptr_depth for _ in range(self.n)]
        self.bytes = [bytearray(b"\x5a" * 8 * config.spmat_depth) for _ in range(self.n)]
        for section in sections:
            data = section.payload.astype("<u8").tobytes()
            if section.kind == SectionKind.POINTERS:
                values = np.frombuffer(data, "<u2").tolist()
                at = 2 * section.address
                self.pointers[section.unit][at : at + len(values)] = values
            else:
                at = 8 * section.address
                self.bytes[section.unit][at : at + len(data)] = data
        assert all(len(memory) == config.ptr_depth for memory in self.pointers)
        assert all(len(memory) == 8 * config.spmat_depth for memory in self.bytes)
        self.file = [[GARBAGE] * config.file_depth for _ in range(self.n)]
        self.sram = [[GARBAGE] * config.act_depth for _ in range(self.n)]
        self.acc = [[GARBAGE] * config.file_depth for _ in range(self.n)]

    def values(self, pe, word, count, dtype):
        return np.frombuffer(self.bytes[pe], dtype, count, 8 * word).tolist()

    def run(self, inputs):
        memory, base = (
            (self.sram, self.fields["in_base"]) if self.fields["in_sram"] else (self.file, 0)
        )
        for i, value in enumerate(inputs.tolist()):
            memory[i % self.n][base + i // self.n] = value
        for step in self.passes:
            self.step(step)
        base = self.fields["out_base"]
        return [self.sram[i % self.n][base + i // self.n] for i in range(self.fields["outputs"])]

    def span(self, step, pe, column):
        """First entry of a column in a PE, and the one behind its last."""
        group = 1 << step.group
        pointers = self.pointers[pe]
        if group == 1:
            return pointers[step.ptr_base + column : step.ptr_base + column + 2]
        assert step.ptr_base % 8 == 0
        at = step.ptr_base + 8 * (column // group)
        record = sum(word << 16 * k for k, word in enumerate(pointers[at : at + 8]))
        base, ends = record & 0xFFFF, [0, *(record >> 16 + 7 * k & 127 for k in range(16))]
        assert len(set(ends[group:])) == 1, "columns beyond the group have entries"
        return [base + ends[column % group], base + ends[column % group + 1]]

    def step(self, step):
        bias_words = (step.bias_rows + 1) // 2
        books = []
        for pe in range(self.n):
            biases = self.values(pe, step.spmat_base, step.bias_rows, "<i4")
            self.acc[pe][: step.bias_rows] = biases
            books.append(self.values(pe, step.spmat_base + bias_words, 16, "<i2"))
        for column in range(step.columns):
            owner, slot = column % self.n, column // self.n
            source = self.sram[owner] if step.src_sram else self.file[owner]
            value = source[(step.src_base if step.src_sram else 0) + slot]
            for pe in range(self.n):
                start, stop = (8 * step.entry_base + at for at in self.span(step, pe, column))
                row = -1
                for entry in self.bytes[pe][start:stop]:
                    row += (entry >> 4) + 1
                    if entry & 15:
                        self.acc[pe][row] += books[pe][entry & 15] * value
        for row in range(step.drain_rows):
            sums = [accumulators[row] for accumulators in self.acc]
            if step.split:
                assert step.dst_sram and row < self.n
                self.drain(step, row, 0, sum(sums))
                continue
            for pe, value in enumerate(sums):
                self.drain(step, pe, row, value)

    def drain(self, step, pe, row, value):
        total = (value + (1 << 31)) % (1 << 32) - (1 << 31)
        value = (total + ((1 << step.shift) >> 1)) >> step.shift
        value = min(max(value, -32768), 32767)
        value = max(value, 0) if step.relu else value
        if step.dst_sram:
            self.sram[pe][step.dst_base + row] = value
        else:
            self.file[pe][row] = value


def check(network, config, seed=0, requests=2):
    """Frame and interpreter give what the golden model gives; decoding gives the network back."""
    program = build_program(network, config)
    assert quantised_from_program(program) == network
    machine = Interpreter(program_frame(program), config)
    inputs = random_inputs(np.random.default_rng(seed), network, requests)
    expected = GoldenEie(network)(inputs).tolist()
    for request, outputs in zip(inputs, expected, strict=True):
        assert machine.run(request) == outputs
    return program


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


@pytest.mark.parametrize("forged", [{"split": 0}, {"group": 0}, {"group": 3}])
def test_forged_group_or_split_is_not_decoded(forged):
    config = replace(PRESETS["wide8"], n_pe=16)
    network = random_quantised(np.random.default_rng(12), [20, 250, 3], 1.0)
    program = build_program(network, config)
    last = replace(program.passes[-1], **forged)
    with pytest.raises(ValueError, match="layer 1: "):
        quantised_from_program(replace(program, passes=(*program.passes[:-1], last)))


def test_only_some_passes_split():
    config = replace(PRESETS["wide8"], n_pe=16)
    network = random_quantised(np.random.default_rng(13), [20, 250, 3], 1.0, planes=2)
    program = build_program(network, config)
    last = replace(program.passes[-1], split=0)
    with pytest.raises(ValueError, match="layer 1: only some of its passes are split"):
        quantised_from_program(replace(program, passes=(*program.passes[:-1], last)))


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


def mixed_layer(linear_rows, planes=1):
    """41 outputs of 5 inputs, ReLU from a row on, then 7 outputs."""
    network = random_quantised(np.random.default_rng(6), [5, 41, 7], 0.5, planes=planes)
    first, last = network.layers
    return QuantisedNetwork((replace(first, relu=True, linear_rows=linear_rows), last))


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


def test_relu_that_starts_between_pes():
    with pytest.raises(CapacityError, match="layer 0: has ReLU from row 18 on, and with n_pe = 4"):
        build_program(mixed_layer(18), SMALL)


@pytest.mark.parametrize(
    ("flags", "rows", "message"),
    [
        ([0, 0, 1, 1], 16, "its passes have ReLU from row 20 on, not 16"),
        ([0, 0, 1, 0], 20, "its passes with ReLU are not its last rows"),
        ([1, 0, 1, 1], 20, "its passes with ReLU are not its last rows"),
    ],
)
def test_passes_whose_relu_is_not_the_layers(flags, rows, message):
    program = build_program(mixed_layer(20), SMALL)
    passes = [replace(p, relu=flag) for p, flag in zip(program.passes[:4], flags, strict=True)]
    layers = (replace(program.layers[0], linear_rows=rows), program.layers[1])
    forged = replace(program, passes=(*passes, *program.passes[4:]), layers=layers)
    with pytest.raises(ValueError, match=f"layer 0: {message}"):
        quantised_from_program(forged)


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


@pytest.mark.parametrize(
    ("sizes", "change", "message"),
    [
        (
            [8, 20, 600],
            {"spmat_depth": 64},
            r"layer 1 \(600 x 20\): needs \d{3} sparse-matrix words per PE, and of "
            r"spmat_depth = 64 the layers before it leave 50",
        ),
        (
            [8, 20, 4],
            {"ptr_depth": 28},
            r"layer 1 \(4 x 20\): needs 21 column pointers per PE, and of ptr_depth = 28 the "
            r"layers before it leave 10",
        ),
        (
            [8, 40, 4],
            {"max_passes": 3},
            r"layer 1 \(4 x 40\): needs 1 passes, and of max_passes = 3 the layers before it "
            r"leave 0",
        ),
        (
            [300, 4],
            {},
            r"layer 0: needs 75 activations of SRAM per PE \(for its inputs\), "
            r"and act_depth is 64",
        ),
        (
            [4, 140, 130, 1],
            {},
            r"layer 1: needs 68 activations of SRAM per PE \(35 for its source and 33 for its "
            r"outputs\), and act_depth is 64",
        ),
        ([65536, 1], {}, "layer 0: has 65536 inputs, and the limit is 65535"),
        ([1, 65536], {}, "layer 0: has 65536 outputs, and the limit is 65535"),
    ],
)
def test_refuses_what_does_not_fit(sizes, change, message):
    network = random_quantised(np.random.default_rng(9), sizes, 0.5)
    with pytest.raises(CapacityError, match=message):
        build_program(network, replace(SMALL, **change))


def test_fits_exactly_and_not_one_less():
    network = random_quantised(np.random.default_rng(10), [50, 70, 60, 2], 0.5)
    program = build_program(network, SMALL)
    pointers = program.pointers.shape[1]
    needs = {
        "spmat_depth": program.spmat.shape[1],
        "ptr_depth": pointers + -pointers % 4,
        "max_passes": len(program.passes),
        "act_depth": 18 + 15,
    }
    tight = replace(SMALL, **needs)
    check(network, tight)
    for limit, need in needs.items():
        less = replace(tight, **{limit: need - (4 if limit == "ptr_depth" else 1)})
        with pytest.raises(CapacityError, match=limit):
            build_program(network, less)


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
