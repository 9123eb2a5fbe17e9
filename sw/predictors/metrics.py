"""How good a predictor is: the two ways to be right and the two ways to be wrong."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike

__all__ = ["Confusion", "confusion", "roc_auc"]


@dataclass(frozen=True)
class Confusion:
    """
    Counts of decisions, "positive" being EBUSY.

    A false reject is a request that would have been in time and is predicted EBUSY; a false accept
    is one that misses its deadline and is let through.
    """

    true_reject: int
    false_reject: int
    true_accept: int
    false_accept: int

    @property
    def requests(self) -> int:
        """Requests counted."""
        return self.true_reject + self.false_reject + self.true_accept + self.false_accept

    @property
    def accuracy(self) -> float:
        """Share of right decisions."""
        return (self.true_reject + self.true_accept) / self.requests

    @property
    def recall(self) -> float:
        """Share of the late requests that are predicted EBUSY; 1 where none is late."""
        late = self.true_reject + self.false_accept
        return self.true_reject / late if late else 1.0

    @property
    def false_reject_rate(self) -> float:
        """False rejects among the requests in time; 0 where none is in time."""
        in_time = self.true_accept + self.false_reject
        return self.false_reject / in_time if in_time else 0.0

    @property
    def false_accept_rate(self) -> float:
        """False accepts among the late requests; 0 where none is late."""
        return 1.0 - self.recall


def confusion(predicted: ArrayLike, ebusy: ArrayLike) -> Confusion:
    """Counts from predictions and truth, bool (n,) each, n at least 1."""
    guess, truth = np.asarray(predicted, dtype=bool), np.asarray(ebusy, dtype=bool)
    if guess.shape != truth.shape or guess.ndim != 1 or not guess.size:
        raise ValueError(
            f"predictions {guess.shape} and truth {truth.shape} must be equally long and not empty"
        )
    return Confusion(
        true_reject=int((guess & truth).sum()),
        false_reject=int((guess & ~truth).sum()),
        true_accept=int((~guess & ~truth).sum()),
        false_accept=int((~guess & truth).sum()),
    )


def roc_auc(scores: ArrayLike, slow: ArrayLike) -> float:
    """Area under the receiver operating characteristic of scores (n,), higher meaning slower,
    against the truth, bool (n,); 0.5 is chance. ``ValueError`` where all are of one kind."""
    from sklearn.metrics import roc_auc_score  # takes a second to import, and few need it

    truth = np.asarray(slow, dtype=bool)
    if truth.all() or not truth.any():
        raise ValueError("an area needs both slow and fast I/Os")
    return float(roc_auc_score(truth, np.asarray(scores, dtype=float)))
