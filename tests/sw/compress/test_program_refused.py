"""Networks that do not fit an array, and programs that no network has."""

from dataclasses import replace

import numpy as np
import pytest

from hw.eie.config import PRESETS
from sw.compress.layout import CapacityError, build_program
from sw.compress.random import random_quantised
from sw.compress.unprogram import quantised_from_program
from tests.sw.compress.programs import SMALL, check, mixed_layer


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
