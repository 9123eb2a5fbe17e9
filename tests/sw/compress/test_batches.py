"""Layers whose pointers do not fit, run as several programs on the RTL."""

from dataclasses import replace

import numpy as np
import pytest

from hw.eie.config import PRESETS
from sim.engine import EieEngine
from sw.compress.batches import column_batches
from sw.compress.frame import parse_frame, program_frame
from sw.compress.layout import build_program
from sw.compress.memory import CapacityError
from sw.compress.random import random_inputs, random_quantised
from sw.golden.eie import GoldenEie

SMALL = replace(PRESETS["tiny"], ptr_depth=64)


def network(inputs, outputs, density=0.3, seed=0, planes=1):
    rng = np.random.default_rng(seed)
    return random_quantised(rng, [inputs, outputs], density, shift=14, planes=planes)


def test_one_program_where_pointers_fit():
    fits = network(60, 30)
    [batch] = column_batches(fits, SMALL)
    assert batch.program == build_program(fits, SMALL)
    assert batch.columns == slice(0, 60)


def test_columns_in_batches():
    batches = column_batches(network(150, 30), SMALL)
    assert [batch.columns for batch in batches] == [slice(0, 60), slice(60, 120), slice(120, 150)]
    rows = [(p.bias_rows, p.drain_rows) for batch in batches for p in batch.program.passes]
    assert rows == [(8, 0), (0, 0), (0, 8)]
    first, *others = (batch.program for batch in batches)
    ends = [program.passes[0].entry_base for program in others]
    assert all(end < first.spmat.shape[1] for end in ends)
    for program in others:
        _, _, sections = parse_frame(program_frame(program))
        assert {section.kind.name for section in sections} == {"POINTERS"}


def test_matrix_in_batches():
    """A matrix that does not fit is brought in parts."""
    config = replace(SMALL, spmat_depth=64)
    whole, parts = network(150, 30), column_batches(network(150, 30), config)
    assert len(parts) == 3 and not any(part.resident for part in parts)
    assert all(0 < part.program.spmat.shape[1] <= 64 for part in parts)
    assert sum(part.program.entries for part in parts) == sum(
        part.program.entries for part in column_batches(whole, SMALL)
    )
    assert all(part.reload is part.program for part in parts)


def test_refusals():
    with pytest.raises(CapacityError, match="ptr_depth = 4 holds no column of 4 PEs"):
        column_batches(network(8, 8), replace(SMALL, ptr_depth=4))
    with pytest.raises(CapacityError, match="sparse-matrix words per PE"):
        column_batches(network(60, 60), replace(SMALL, spmat_depth=16))
    two = random_quantised(np.random.default_rng(0), [8, 8, 8])
    with pytest.raises(ValueError, match="must have one layer, not 2"):
        column_batches(two, SMALL)


@pytest.mark.rtl
@pytest.mark.parametrize(
    ("inputs", "outputs", "planes", "batches"),
    [(150, 30, 1, 3), (63, 64, 1, 1), (100, 50, 1, 2), (40, 200, 1, 4), (90, 100, 2, 8),
     (250, 120, 4, 40)],
)  # fmt: skip
def test_equal_to_golden(inputs, outputs, planes, batches):
    layer = network(inputs, outputs, planes=planes)
    x = random_inputs(np.random.default_rng(1), layer, 3)
    golden = GoldenEie(layer)(x).numpy()
    parts = column_batches(layer, SMALL)
    assert len(parts) == batches
    with EieEngine(SMALL) as engine:
        for number, (row, expected) in enumerate(zip(x, golden, strict=True)):
            for batch in parts:
                program = batch.program if number == 0 else batch.reload
                engine.load(program_frame(program))
                run = engine.infer_batch(row[None, batch.columns])
            np.testing.assert_array_equal(run.outputs[0], expected)
