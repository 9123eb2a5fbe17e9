"""Predictors of slow reads: shapes, inputs, and where their threshold lies."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

import numpy as np
import pytest
import torch
from numpy.typing import NDArray

from sw.network import Network
from sw.predictors.features import FeatureSet
from sw.predictors.score import score
from sw.predictors.ssd import SPECS, Predictor, PredictorSpec, train_predictor
from tests.sw.predictors.toys import QUICK, separable

FEW = replace(QUICK, epochs=2, prune_epochs=1, share_epochs=1, sparsities=(0.5,))


@pytest.fixture(autouse=True, scope="module")
def one_thread() -> Iterator[None]:
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(before)


def spec(columns: int, outputs: int = 1, digits: bool = False) -> PredictorSpec:
    names = tuple(f"c{k}" for k in range(columns))
    return PredictorSpec("toy", FeatureSet("toy", names, lambda past: [], digits), (8,), outputs)


def test_shapes_as_published() -> None:
    assert {name: each.widths for name, each in SPECS.items()} == {
        "linnos": (31, 256, 2),
        "heimdall": (12, 128, 16, 1),
        "kiln": (29, 64, 16, 1),
    }
    assert all(name == each.name == each.features.name for name, each in SPECS.items())


def errors(slow: NDArray[np.bool_], rejected: NDArray[np.bool_]) -> float:
    """Share of slow rows accepted and of fast rows rejected."""
    return float((~rejected)[slow].mean() + rejected[~slow].mean())


def least_errors(scores: NDArray, slow: NDArray[np.bool_]) -> float:
    """The least that any threshold makes, one after the other."""
    thresholds = [-np.inf, *np.unique(scores)]
    return min(errors(slow, scores > threshold) for threshold in thresholds)


def assert_zero_is_best(
    predictor: Predictor, rows: NDArray[np.float32], slow: NDArray[np.bool_]
) -> None:
    for network in (predictor.fit.dense, predictor.fit.compressed):
        found = score(network, predictor.inputs(rows))
        assert errors(slow, found > 0) == pytest.approx(least_errors(found, slow), abs=1e-9)


def noisy(n: int = 500) -> tuple[NDArray[np.float32], NDArray[np.bool_]]:
    rows, slow = separable(n)
    return 50 * rows + 7, slow ^ (np.random.default_rng(1).random(n) < 0.2)


@pytest.mark.parametrize("outputs", [1, 2])
def test_zero_is_the_best_threshold(outputs: int) -> None:
    rows, slow = noisy()
    predictor = train_predictor(spec(6, outputs), rows, slow, recipe=FEW)
    assert_zero_is_best(predictor, rows, slow)


@pytest.mark.parametrize("outputs", [1, 2])
@pytest.mark.parametrize("seed", [1, 2, 3])
def test_zero_is_the_best_threshold_among_few_scores(outputs: int, seed: int) -> None:
    """Rows of six kinds get six scores: a threshold parts kinds, never rows of one kind, in
    whatever order those come."""
    rng = np.random.default_rng(seed)
    kind = rng.integers(0, 6, 400)
    rows = np.stack([kind, kind % 2], axis=1).astype(np.float32)
    slow = rng.random(400) < kind / 8
    slow[:320] = np.sort(slow[:320])  # the slow ones last
    predictor = train_predictor(spec(2, outputs, digits=True), rows, slow, recipe=FEW)
    assert_zero_is_best(predictor, rows, slow)


def test_only_digits_are_inputs_as_they_are() -> None:
    rows, slow = noisy(300)
    plain = train_predictor(spec(6, digits=True), rows, slow, recipe=FEW)
    assert plain.scaling is None and plain.inputs(rows) is rows
    scaled = train_predictor(spec(6), rows, slow, recipe=FEW)
    inputs = scaled.inputs(rows)
    assert np.abs(inputs).max() <= 1
    np.testing.assert_allclose(inputs.mean(axis=0), 0, atol=1e-4)
    assert np.array_equal(scaled.scaling(rows), inputs)


def biases(network: Network) -> list[float]:
    return network.layers[-1].bias.tolist()


def test_spec_and_seed_overrule_the_recipe() -> None:
    rows, slow = noisy(300)
    calls: list[tuple[str, int, int]] = []
    kwargs = {"recipe": replace(FEW, hidden=(3, 3), outputs=1, seed=9)}
    a = train_predictor(
        spec(6, 2), rows, slow, seed=4, watch=lambda *call: calls.append(call), **kwargs
    )
    assert a.fit.dense.sizes == a.fit.compressed.sizes == [6, 8, 2] == list(a.spec.widths)
    assert calls and calls[-1][1] == calls[-1][2]
    b = train_predictor(spec(6, 2), rows, slow, seed=4, **kwargs)
    c = train_predictor(spec(6, 2), rows, slow, seed=5, **kwargs)
    assert biases(a.fit.compressed) == biases(b.fit.compressed) != biases(c.fit.compressed)


def test_refusals_are_those_of_fit() -> None:
    rows, slow = noisy(100)
    with pytest.raises(ValueError, match="have 0 slow of 80: at least 10 of both kinds"):
        train_predictor(spec(6), rows, np.zeros_like(slow))
