"""The steps of a training, each by what it keeps."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

import numpy as np
import pytest
import torch

from sw.predictors.metrics import roc_auc
from sw.predictors.score import score
from sw.predictors.trainee import Trainee
from tests.sw.predictors.toys import QUICK, separable


@pytest.fixture(autouse=True)
def one_thread() -> Iterator[None]:
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(before)


def trainee(**changes) -> Trainee:
    rows, slow = separable(600)
    rows = rows * np.float32(30) + np.float32(200)
    rows[:, 2] = 5
    return Trainee(rows, slow, replace(QUICK, **changes), lambda stage: None)


def test_the_network_takes_rows_as_they_come() -> None:
    """The model inside sees them moved and scaled; the network is the same function."""
    it = trainee()
    for _ in it.dense(2):
        pass
    it._take_mean()
    with torch.no_grad():
        inside = it.model(it.x)[:, 0].numpy()
    np.testing.assert_allclose(score(it.network(), it.rows), inside, rtol=1e-3, atol=1e-3)
    assert inside.std() > 0.1


def test_reading_the_network_does_not_disturb_training() -> None:
    undisturbed, disturbed = trainee(), trainee()
    for _ in undisturbed.dense(3):
        pass
    for _ in disturbed.dense(3):
        disturbed.network()
    a, b = undisturbed.network(), disturbed.network()
    for x, y in zip(a.layers, b.layers, strict=True):
        assert np.array_equal(x.weight, y.weight) and np.array_equal(x.bias, y.bias)


def test_a_running_mean_is_kept() -> None:
    """Of weight 0 it is the last weights; of weight 1 the first, whatever is learnt."""
    for average, same in ((0.0, True), (1.0, False)):
        it = trainee(average=average)
        before = [p.detach().clone() for p in it.model.parameters()]
        for _ in it.dense(1):
            pass
        now = list(it.model.parameters())
        kept = now if same else before
        assert all(torch.equal(m, p) for m, p in zip(it.mean, kept, strict=True))
        assert not torch.equal(now[0], before[0])


def test_slow_rows_weigh_as_much_as_fast_ones() -> None:
    it = trainee()
    assert float(it.weight) * float(it.y.sum()) == pytest.approx(float((1 - it.y).sum()))


def test_a_constant_column_does_no_harm() -> None:
    it = trainee()
    assert it.spread[2] == 1 and np.isfinite(it.x.numpy()).all()


def test_pruning_keeps_masks_and_the_teachers_function() -> None:
    it = trainee(prune_epochs=4)
    for _ in it.dense(4):
        pass
    taught = score(it.network(), it.rows)
    it.teach()
    assert np.allclose(it.y.numpy(), taught, rtol=1e-3, atol=1e-3)
    it.pruned(0.5)
    network = it.network()
    stored = sum(np.count_nonzero(layer.weight) for layer in network.layers)
    assert stored <= 0.5 * sum(layer.weight.size for layer in network.layers) + 1
    assert np.corrcoef(score(network, it.rows), taught)[0, 1] > 0.95
    shared = it.shared()
    for layer in shared.layers:
        assert len(np.unique(layer.weight[layer.weight != 0])) <= 15
    assert np.corrcoef(score(shared, it.rows), taught)[0, 1] > 0.95


def test_stages_are_told() -> None:
    rows, slow = separable(200)
    told: list[str] = []
    it = Trainee(rows, slow, QUICK, told.append)
    for _ in it.dense(2):
        pass
    it.teach()
    it.pruned(0.625)
    it.shared()
    assert told == ["dense"] * 2 + ["prune 62.5 %"] * 4 + ["share"] * 4


def test_dropping_is_for_training_only() -> None:
    """All of a layer dropped leaves nothing to learn from but biases of the output."""
    it = trainee(drop=0.999999)
    before = it.model.weights[1].detach().clone()
    for _ in it.dense(1):
        pass
    it.recipe = replace(it.recipe, drop=0.0)
    x = 2 * it.x[:5] - 1
    for k in range(2):
        x = torch.relu(it.model.matrix(k, x))
    wanted = it.model.matrix(2, x)
    assert torch.equal(it._forward(torch.arange(5)), wanted)
    assert torch.allclose(it.model.weights[1], before, atol=1e-2)


def test_more_epochs_learn_more() -> None:
    rows, slow = separable(600)
    it = Trainee(rows, slow, QUICK, lambda stage: None)
    areas = [roc_auc(score(it.network(), rows), slow) for _ in it.dense(8)]
    assert areas[-1] > 0.95 and areas[-1] > areas[0]
