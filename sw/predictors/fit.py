"""
Training a predictor on the first half of a trace: dense, pruned, with shared weights.

The dense network learns from the truth; what comes after learns from the dense network, so that
compression keeps what was learnt and does not fit the training rows once more.

What is chosen (epochs, sparsity) is chosen on the last fifth of that half, which a first training
leaves out; a second training then takes all of it. The other half is not looked at.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from sw.network import Network
from sw.predictors.metrics import roc_auc
from sw.predictors.score import score
from sw.predictors.trainee import FitRecipe, Trainee

__all__ = ["Fit", "FitRecipe", "fit"]

_LEAST = 10
"""Rows of either kind that training and validation need."""


@dataclass(frozen=True, eq=False)
class Fit:
    """
    A trained predictor, whose :func:`score` says slow where it is above 0.

    Parameters
    ----------
    dense, compressed : Network
        Before pruning; pruned and with shared weights.
    sparsity : float
        Share of the weights that are gone.
    epochs : int
        That the dense stage took.
    validation_auc : dict of str to float
        Of the dense network and at each rung, on the last fifth of the training rows.
    """

    dense: Network
    compressed: Network
    sparsity: float
    epochs: int
    validation_auc: dict[str, float]


def fit(
    rows: NDArray[np.float32],
    slow: NDArray[np.bool_],
    recipe: FitRecipe,
    *,
    watch: Callable[[str, int, int], object] = lambda stage, done, total: None,
) -> Fit:
    """
    Train on rows, float32 (n, in), in order of time, and their truth, bool (n,).

    ``watch`` is called after each epoch with the stage, and epochs done of how many at most, which
    falls when epochs and sparsity are chosen; the last call is with all of them.
    ``ValueError`` where there is nothing to learn: fewer than ten slow or fast rows in what is
    trained on or what is validated on.
    """
    early = int(0.8 * len(rows))
    for part, name in ((slow[:early], "first four fifths"), (slow[early:], "last fifth")):
        if min(int(part.sum()), int((~part).sum())) < _LEAST:
            raise ValueError(
                f"the {name} of the training rows have {int(part.sum())} slow of {len(part)}: "
                f"at least {_LEAST} of both kinds are needed"
            )
    per_rung = recipe.prune_epochs * len(recipe.sparsities)
    total = 3 * recipe.epochs + 2 * per_rung + recipe.share_epochs
    epochs_done = 0

    def done(stage: str) -> None:
        nonlocal epochs_done
        epochs_done += 1
        watch(stage, epochs_done, total)

    first = Trainee(rows[:early], slow[:early], recipe, done)
    curve = [_auc(first.network(), rows[early:], slow[early:]) for _ in first.dense(recipe.epochs)]
    epochs = 1 + int(np.argmax(curve))
    facts = {"dense": curve[epochs - 1]}
    total -= 2 * (recipe.epochs - epochs)

    first = Trainee(rows[:early], slow[:early], recipe, done)
    for _ in first.dense(epochs):
        pass
    wanted = score(first.network(), rows[early:])
    first.teach()
    sparsity = 0.0
    for rung in recipe.sparsities:
        first.pruned(rung)
        found = score(first.network(), rows[early:])
        facts[f"{rung:g}"] = roc_auc(found, slow[early:])
        with np.errstate(invalid="ignore"):  # no correlation with what is constant
            alike = float(np.corrcoef(wanted, found)[0, 1]) >= recipe.likeness
        if alike and facts[f"{rung:g}"] >= facts["dense"] - recipe.budget:
            sparsity = rung
    kept = [rung for rung in recipe.sparsities if rung <= sparsity]
    total -= recipe.prune_epochs * (len(recipe.sparsities) - len(kept))

    last = Trainee(rows, slow, recipe, done)
    for _ in last.dense(epochs):
        pass
    dense = last.network()
    last.teach()
    for rung in kept:
        last.pruned(rung)
    compressed = last.shared()
    return Fit(dense, compressed, sparsity, epochs, facts)


def _auc(network: Network, rows: NDArray[np.float32], slow: NDArray[np.bool_]) -> float:
    return roc_auc(score(network, rows), slow)
