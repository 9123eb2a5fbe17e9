"""The compiler end to end: float network to frame-ready program, with and without sharing."""

from itertools import pairwise

import numpy as np
import pytest
import torch

from hw.eie.config import PRESETS
from sw.compress.compile import compile_network, needs_sharing, with_shared_weights
from sw.compress.image import image_bytes, program_from_bytes
from sw.compress.neurons import fold_constant_neurons, order_neurons
from sw.compress.quantise import decisions, quantise
from sw.compress.unprogram import quantised_from_program
from sw.golden.eie import GoldenEie
from sw.network import Layer, Network


def network(sizes=(12, 20, 3), inputs=None):
    rng = np.random.default_rng(1)
    layers = [
        Layer(
            rng.normal(size=(rows, columns)).astype(np.float32),
            rng.normal(size=rows).astype(np.float32),
            relu=k < len(sizes) - 2,
        )
        for k, (columns, rows) in enumerate(pairwise(sizes))
    ]
    return Network(tuple(layers), inputs)


@pytest.fixture(scope="module")
def rows():
    return np.random.default_rng(2).integers(0, 10, (300, 12)).astype(np.float32)


@pytest.mark.parametrize("given", [True, False])
def test_sharing_leaves_fifteen_values(rows, given):
    dense = network(inputs=rows if given else None)
    assert needs_sharing(dense)
    shared = with_shared_weights(dense)
    assert not needs_sharing(shared)
    assert [layer.relu for layer in shared.layers] == [True, False]
    same = decisions(shared.forward(torch.from_numpy(rows)).numpy()) == decisions(
        dense.forward(torch.from_numpy(rows)).numpy()
    )
    assert same.mean() > 0.85


def test_sharing_knows_rows_without_relu(rows):
    """Signed rows that ReLU would silence: tuned for another function, they would not agree."""
    plain = network((12, 20, 16, 3))
    linear = (8, 16, 3)
    layers = [
        Layer(layer.weight, layer.bias, n < len(layer.bias), n % len(layer.bias))
        for layer, n in zip(plain.layers, linear, strict=True)
    ]
    dense = Network(tuple(layers))
    shared = with_shared_weights(dense, rows)
    assert [layer.linear for layer in shared.layers] == list(linear)
    x = torch.from_numpy(rows)
    same = decisions(shared.forward(x).numpy()) == decisions(dense.forward(x).numpy())
    assert same.mean() > 0.85
    assert compile_network(shared, PRESETS["tiny"], calibration=rows)[1].agreement > 0.98


@pytest.mark.parametrize("preset", PRESETS)
def test_program_holds_the_quantised_network(rows, preset):
    shared = with_shared_weights(network())
    program, report = compile_network(
        shared, PRESETS[preset], calibration=rows, provenance={"made": "here"}
    )
    quantised, again = quantise(shared, calibration=rows)
    assert report == again
    assert report.agreement > 0.98
    read = program_from_bytes(image_bytes(program))
    arranged = order_neurons(fold_constant_neurons(quantised), PRESETS[preset].n_pe)
    assert quantised_from_program(read) == arranged
    assert read.provenance["made"] == "here"
    assert read.provenance["quantisation"] == report.as_dict()


def test_unshared_weights_are_shared(rows):
    """Agreement is counted against the network as given, not as shared."""
    dense = network()
    program, report = compile_network(dense, PRESETS["tiny"], calibration=rows, planes=1)
    quantised = quantised_from_program(program)
    outputs = GoldenEie(quantised)(quantised.quantise_inputs(rows)).numpy()
    real = dense.forward(torch.from_numpy(rows)).numpy()
    assert report.agreement == (decisions(outputs) == decisions(real)).mean()
    assert [layer.planes for layer in program.layers] == [1, 1]
    assert program.provenance["quantisation"]["agreement"] == report.agreement


@pytest.mark.parametrize("planes", [2, 3, 4])
def test_digits_on_demand(rows, planes):
    program, report = compile_network(network(), PRESETS["tiny"], calibration=rows, planes=planes)
    assert [layer.planes for layer in program.layers] == [planes, planes]
    assert report.agreement >= {2: 0.9, 3: 0.98, 4: 0.99}[planes]


@pytest.mark.parametrize("agreement", [0.0, 0.985, 1.1])
def test_as_many_digits_as_the_decision_needs(rows, agreement):
    """The first width that agrees enough; the best, where none does."""

    def reached(**options):
        program, report = compile_network(network(), PRESETS["tiny"], calibration=rows, **options)
        return report.agreement, program.layers[0].planes

    each = [reached(planes=planes) for planes in (1, 2, 3, 4)]
    enough = [found for found in each if found[0] >= agreement]
    best = max(each, key=lambda found: found[0])
    assert reached(agreement=agreement) == (enough[0] if enough else best)


def test_shared_networks_need_no_digits(rows):
    shared = with_shared_weights(network())
    program, _ = compile_network(shared, PRESETS["tiny"], calibration=rows, agreement=1.1)
    assert {layer.planes for layer in program.layers} == {1}


def test_synthetic_rows_are_reported():
    _, report = compile_network(network(), PRESETS["tiny"], input_range=(0, 1), planes=2)
    assert report.synthetic


@pytest.mark.slow
def test_real_predictor(shared_dir):
    """A drive's own predictor, 31-256-2, on its 11,215 real rows decides as it did in float."""
    dense = Network.load(shared_dir / "data" / "predictors" / "linnos_31_256_2.npz")
    program, report = compile_network(dense, PRESETS["weng32"])
    quantised = quantised_from_program(program)
    outputs = GoldenEie(quantised)(quantised.quantise_inputs(dense.inputs)).numpy()
    real = dense.forward(torch.from_numpy(dense.inputs)).numpy()
    assert len(real) == 11215
    assert (decisions(outputs) == decisions(real)).mean() == report.agreement >= 0.995
