"""Training on a small problem: learns, compresses, repeats, says how far it is, and refuses."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

import numpy as np
import pytest
import torch

from sw.network import Network, layer_codebook
from sw.predictors.fit import Fit, FitRecipe, fit
from sw.predictors.metrics import roc_auc
from sw.predictors.score import score
from tests.sw.predictors.toys import QUICK, separable


@pytest.fixture(autouse=True, scope="module")
def one_thread() -> Iterator[None]:
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(before)


Watched = tuple[str, int, int]


def trained(recipe: FitRecipe, n: int = 2000) -> tuple[Fit, list[Watched]]:
    calls: list[Watched] = []
    rows, slow = separable(n)
    return fit(rows, slow, recipe, watch=lambda *call: calls.append(call)), calls


@pytest.fixture(scope="module", params=[1, 2])
def outputs(request: pytest.FixtureRequest) -> int:
    return request.param


@pytest.fixture(scope="module")
def quick(outputs: int) -> tuple[Fit, list[Watched]]:
    return trained(replace(QUICK, outputs=outputs))


def weights(network: Network) -> list[np.ndarray]:
    return [array for layer in network.layers for array in (layer.weight, layer.bias)]


def test_learns_what_can_be_learnt(quick: tuple[Fit, list[Watched]], outputs: int) -> None:
    found, _ = quick
    rows, slow = separable(1000, seed=1)
    for network in (found.dense, found.compressed):
        assert network.sizes == [6, 16, 8, outputs]
        assert [layer.relu for layer in network.layers] == [True, True, False]
        assert roc_auc(score(network, rows), slow) > 0.95


def test_compressed_is_like_dense(quick: tuple[Fit, list[Watched]]) -> None:
    found, _ = quick
    rows, _ = separable(1000, seed=1)
    alike = np.corrcoef(score(found.dense, rows), score(found.compressed, rows))[0, 1]
    assert alike > 0.97
    assert found.sparsity in QUICK.sparsities
    stored = sum(np.count_nonzero(layer.weight) for layer in found.compressed.layers)
    total = sum(layer.weight.size for layer in found.dense.layers)
    assert stored <= (1 - found.sparsity) * total + 1
    for layer in found.compressed.layers:
        assert 1 <= len(np.unique(layer.weight[layer.weight != 0])) <= 15
        layer_codebook(layer)


def test_validation_is_of_each_rung(quick: tuple[Fit, list[Watched]]) -> None:
    found, _ = quick
    assert list(found.validation_auc) == ["dense", "0.5", "0.7", "0.8", "0.9"]
    assert all(0.5 < area <= 1 for area in found.validation_auc.values())
    chosen = found.validation_auc[f"{found.sparsity:g}"]
    assert chosen >= found.validation_auc["dense"] - QUICK.budget
    assert 1 <= found.epochs <= QUICK.epochs


def test_watching_ends_at_all(quick: tuple[Fit, list[Watched]]) -> None:
    found, calls = quick
    stages, done, totals = zip(*calls, strict=True)
    assert list(done) == list(range(1, len(done) + 1))
    assert all(a <= b for a, b in zip(done, totals, strict=True))
    assert list(totals) == sorted(totals, reverse=True)
    assert totals[0] == 3 * QUICK.epochs + 2 * 4 * QUICK.prune_epochs + QUICK.share_epochs
    assert done[-1] == totals[-1]
    kept = [rung for rung in QUICK.sparsities if rung <= found.sparsity]
    assert stages == (
        *("dense",) * (QUICK.epochs + found.epochs),
        *(f"prune {rung} %" for rung in (50, 70, 80, 90) for _ in range(QUICK.prune_epochs)),
        *("dense",) * found.epochs,
        *(f"prune {100 * rung:g} %" for rung in kept for _ in range(QUICK.prune_epochs)),
        *("share",) * QUICK.share_epochs,
    )


def test_seeds_decide_everything() -> None:
    recipe = replace(QUICK, epochs=2, prune_epochs=1, share_epochs=1, sparsities=(0.5,))
    a, b, c = (trained(replace(recipe, seed=seed), 400)[0] for seed in (1, 1, 2))
    for name in ("dense", "compressed"):
        ours, again, other = (weights(getattr(each, name)) for each in (a, b, c))
        assert all(np.array_equal(x, y) for x, y in zip(ours, again, strict=True))
        assert not all(np.array_equal(x, y) for x, y in zip(ours, other, strict=True))
    assert a.validation_auc == b.validation_auc


@pytest.mark.filterwarnings("error")
def test_a_rung_too_far_is_not_taken() -> None:
    """With so few weights that the network is constant, at 99 %, nothing is like the dense one."""
    recipe = replace(QUICK, epochs=4, prune_epochs=2, share_epochs=1, sparsities=(0.1, 0.99))
    found, calls = trained(recipe, 800)
    assert found.sparsity == 0.1
    assert calls[-1][1] == calls[-1][2]
    assert [stage for stage, *_ in calls].count("prune 99 %") == 2
    none, calls = trained(replace(recipe, sparsities=(0.99,)), 800)
    assert none.sparsity == 0
    assert calls[-1][1] == calls[-1][2]


@pytest.mark.parametrize("bound", [{"likeness": 1.01}, {"budget": -1.0}])
def test_a_rung_must_be_alike_and_as_good(bound: dict[str, float]) -> None:
    recipe = replace(QUICK, epochs=4, prune_epochs=2, share_epochs=1, sparsities=(0.1,))
    assert trained(recipe, 800)[0].sparsity == 0.1
    assert trained(replace(recipe, **bound), 800)[0].sparsity == 0


def test_the_other_rows_are_not_looked_at() -> None:
    """What is chosen, and the first training, do not depend on what the validation's truth is
    beyond its areas: with the last fifth's truth turned, the dense areas are one less."""
    recipe = replace(QUICK, epochs=1, prune_epochs=1, share_epochs=1, sparsities=(0.5,))
    rows, slow = separable(400)
    turned = slow.copy()
    turned[320:] ^= True
    plain, other = fit(rows, slow, recipe), fit(rows, turned, recipe)
    assert plain.validation_auc["dense"] == pytest.approx(1 - other.validation_auc["dense"])


@pytest.mark.parametrize(
    ("first", "last", "message"),
    [
        (9, 20, "the first four fifths of the training rows have 9 slow of 80"),
        (71, 10, "the first four fifths of the training rows have 71 slow of 80"),
        (10, 9, "the last fifth of the training rows have 9 slow of 20"),
        (70, 11, "the last fifth of the training rows have 11 slow of 20"),
    ],
)
def test_too_few_of_a_kind(first: int, last: int, message: str) -> None:
    slow = np.zeros(100, bool)
    slow[:first] = slow[80 : 80 + last] = True
    with pytest.raises(ValueError, match=f"{message}: at least 10 of both kinds are needed"):
        fit(np.zeros((100, 6), np.float32), slow, QUICK)


def test_ten_of_each_kind_are_enough() -> None:
    slow = np.zeros(100, bool)
    slow[:10] = slow[80:90] = True
    rows = np.random.default_rng(0).normal(size=(100, 6)).astype(np.float32)
    recipe = replace(QUICK, epochs=1, prune_epochs=1, share_epochs=1, sparsities=(0.5,))
    assert fit(rows, slow, recipe).epochs == 1
