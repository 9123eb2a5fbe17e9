from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch

from sw.compress import prune
from sw.predictors import mittos, networks, training
from sw.predictors.good_custom import good_custom
from sw.predictors.networks import MaskedMlp
from sw.predictors.recipe import Recipe, plan
from sw.predictors.training import Progress, Trained, best_threshold, train

WIDTHS = (110, 24, 16, 1)
QUICK = Recipe(seed=3).quick()


@pytest.fixture(autouse=True)
def one_thread():
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(before)


def same(a: Trained, b: Trained) -> bool:
    def arrays(trained: Trained) -> list[np.ndarray]:
        shared, dense = trained.network, [layer.weight for layer in trained.dense.layers]
        return [*dense, *shared.codebooks, *shared.indices, *shared.biases]

    return all(np.array_equal(x, y) for x, y in zip(arrays(a), arrays(b), strict=True))


def mlp(*widths: int) -> Callable[[int], MaskedMlp]:
    return lambda seed: MaskedMlp(widths, torch.Generator().manual_seed(seed))


def test_plan_climbs_the_ladder() -> None:
    stages = plan(Recipe(), 0.98)
    assert [s.name for s in stages] == [
        "dense", "prune90", "prune95", "prune97", "prune98", "share98",
    ]  # fmt: skip
    assert [s.number for s in stages] == list(range(6))
    assert [(s.start, s.end) for s in stages[1:]] == [
        (0.0, 0.90), (0.90, 0.95), (0.95, 0.97), (0.97, 0.98), (0.98, 0.98),
    ]  # fmt: skip
    assert [s.name for s in plan(Recipe(), 0.9)] == ["dense", "prune90", "share90"]
    assert [s.name for s in plan(Recipe(), 0.5)] == ["dense", "prune50", "share50"]
    assert [s.name for s in plan(Recipe(), 0.0)] == ["dense", "share0"]
    assert plan(Recipe(), 0.98)[:2] == plan(Recipe(), 0.9)[:2]  # so checkpoints serve both


@pytest.mark.parametrize("sparsity", [-0.1, 1.0])
def test_plan_refuses_what_is_no_sparsity(sparsity: float) -> None:
    with pytest.raises(ValueError, match="sparsity must be at least 0 and below 1"):
        plan(Recipe(), sparsity)


def test_a_quick_training_is_pruned_shared_and_watched(tmp_path: Path) -> None:
    seen: list[Progress] = []
    trained = train(QUICK, 0.98, tmp_path, start=mlp(*WIDTHS), watch=seen.append)
    weights = trained.network.weights
    total = networks.weight_count(WIDTHS)
    assert sum(int(np.count_nonzero(w)) for w in weights) == round(0.02 * total)
    assert all(len(np.unique(w[w != 0])) <= 15 for w in weights)
    assert prune.sparsity([layer.weight for layer in trained.dense.layers]) < 0.01
    assert trained.sparsity == pytest.approx(0.98, abs=1e-4) and trained.weights == total
    live = prune.live_masks([w != 0 for w in weights])
    assert all(np.array_equal(a, w != 0) for a, w in zip(live, weights, strict=True))
    for w, b in zip(weights[:-1], trained.network.biases[:-1], strict=True):
        assert not b[~(w != 0).any(axis=1)].any()  # a neuron that is gone sends nothing
    assert [p.steps_done for p in seen] == list(range(1, seen[-1].steps_total + 1))
    assert seen[-1].stage.name == "share98" and all(np.isfinite(p.loss) for p in seen)


def test_a_graph_keeps_its_identities(tmp_path: Path) -> None:
    """1 and -1 stay exact through sharing and its training, among at most 15 values a layer."""
    trained = train(QUICK, 0.95, tmp_path, start=good_custom)
    assert trained.sparsity == pytest.approx(0.95, abs=1e-5) and trained.weights == 149_776
    for weight, fixed in zip(trained.network.weights, trained.fixed, strict=True):
        assert np.isin(weight[fixed], [-1.0, 1.0]).all()
        assert len(np.unique(weight[weight != 0])) <= 15
    assert [bool(fixed.any()) for fixed in trained.fixed] == [k in (3, 4, 5, 6) for k in range(10)]


class CutError(Exception):
    """A training is cut off."""


@pytest.mark.parametrize("after", [3, 9, 16, 25])
def test_resuming_ends_as_without_a_break(tmp_path: Path, after: int) -> None:
    def cut(progress: Progress) -> None:
        if progress.steps_done == after:
            raise CutError

    options = {"start": mlp(*WIDTHS), "save_every": 2}
    whole = train(QUICK, 0.98, tmp_path / "whole", **options)
    with pytest.raises(CutError):
        train(QUICK, 0.98, tmp_path / "cut", watch=cut, **options)
    seen: list[Progress] = []
    resumed = train(QUICK, 0.98, tmp_path / "cut", resume=True, watch=seen.append, **options)
    assert after - 2 <= seen[0].steps_done <= after + 1
    assert same(whole, resumed)


def test_seed_decides(tmp_path: Path) -> None:
    runs = [
        train(replace(QUICK, seed=seed), 0.9, tmp_path / name, start=mlp(*WIDTHS))
        for name, seed in (("a", 3), ("b", 3), ("c", 4))
    ]
    assert same(runs[0], runs[1]) and not same(runs[0], runs[2])


def test_checkpoints_of_another_training_are_refused(tmp_path: Path) -> None:
    train(QUICK, 0.9, tmp_path, start=mlp(*WIDTHS))
    with pytest.raises(ValueError, match=r"dense.safetensors belongs to another training"):
        train(replace(QUICK, seed=9), 0.9, tmp_path, start=mlp(*WIDTHS), resume=True)
    with pytest.raises(ValueError, match=r"dense.safetensors belongs to another training"):
        train(QUICK, 0.9, tmp_path, start=mlp(110, 16, 1), resume=True)
    (tmp_path / "dense.safetensors").write_bytes(b"not a checkpoint at all")
    with pytest.raises(ValueError, match="is not a checkpoint of a training"):
        train(QUICK, 0.9, tmp_path, start=mlp(*WIDTHS), resume=True)


def test_training_finds_what_makes_a_request_late(tmp_path: Path) -> None:
    """Only the loss is watched: the requests of a step have not been seen before."""
    steps = {"dense_steps": 500, "first_steps": 2, "share_steps": 2}
    recipe = replace(QUICK, batch=512, dense_rate=4e-3, **steps)
    losses: list[float] = []
    train(recipe, 0.0, tmp_path, start=mlp(110, 128, 64, 1), watch=lambda p: losses.append(p.loss))
    rate = mittos.ebusy_rate()
    entropy = -rate * np.log(rate) - (1 - rate) * np.log(1 - rate)
    assert np.mean(losses[50:100]) > 0.95 * entropy
    assert np.mean(losses[450:500]) < 0.75 * entropy


@pytest.mark.parametrize(
    ("logit", "late", "expected"),
    [
        ([-2, -1, 1, 2], [0, 0, 1, 1], 0.0),
        ([-2, 1, 3, 4], [0, 0, 1, 1], 2.0),
        ([-4, -3, -1, 2], [0, 1, 1, 1], -3.5),
        ([1, 2, 3], [0, 0, 0], 4.0),
        ([-3, -2, -1], [1, 1, 1], -4.0),
    ],
)
def test_best_threshold(logit: list[float], late: list[int], expected: float) -> None:
    got = best_threshold(np.array(logit, np.float32), np.array(late, bool))
    assert got == pytest.approx(expected)


def test_best_threshold_against_all_thresholds() -> None:
    rng = np.random.default_rng(0)
    for _ in range(20):
        late = rng.random(60) < 0.3
        logit = (rng.normal(size=60) + late + 0.7).astype(np.float32)
        errors = [int(((logit > t) != late).sum()) for t in (*logit, logit.min() - 1)]
        found = best_threshold(logit, late)
        assert int(((logit > found) != late).sum()) == min(errors)


def test_learning_rate_rises_then_falls() -> None:
    rates = [training._rate(step, 1000) for step in range(1000)]
    peak = int(np.argmax(rates))
    assert 90 <= peak <= 110 and 0.9 < rates[peak] <= 1.0
    assert rates[0] < 0.02 and 0.009 < rates[-1] < 0.02
    assert (np.diff(rates[peak:]) < 0).all()
