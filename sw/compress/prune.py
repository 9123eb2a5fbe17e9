"""
Magnitude pruning: which weights stay when a network must lose a given share of them.

A network here is a list of weight matrices, float (out, in), whose widths chain, with a list of
biases, float (out,). A mask is a bool matrix of a weight's shape, true where the weight stays.

Weights of all layers compete by their layer-adaptive magnitude: a weight's square over the sum of
squares of all weights of its layer that are at least as large. Inside a layer that is the order of
magnitudes; between layers it keeps a small layer (whose every weight matters) from being emptied
for a large one, with nothing to tune. Weights that have lost their meaning go first: those from a
neuron whose output is constant, and those to a neuron that nothing reads.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

__all__ = [
    "cubic_sparsity",
    "fold_constants",
    "keep_count",
    "live_masks",
    "prune",
    "scores",
    "sparsity",
]

Mask = NDArray[np.bool_]
Weights = Sequence[NDArray[np.floating]]


def cubic_sparsity(step: int, steps: int, start: float, end: float) -> float:
    """Sparsity after ``step`` of ``steps`` by Zhu and Gupta's cubic schedule: fast while there is
    much to spare, slow near the end; ``end`` from ``steps`` on."""
    if steps <= 0 or step >= steps:
        return end
    left = 1.0 - max(step, 0) / steps
    return end + (start - end) * left**3


def keep_count(weights: Weights, target: float) -> int:
    """How many weights stay at sparsity ``target`` (0 to 1): the rounded share of all weights."""
    if not 0.0 <= target < 1.0:
        raise ValueError(f"sparsity must be at least 0 and below 1, not {target}")
    return round((1.0 - target) * sum(w.size for w in weights))


def sparsity(weights: Weights) -> float:
    """Share of weights that are zero."""
    return 1.0 - sum(int(np.count_nonzero(w)) for w in weights) / sum(w.size for w in weights)


def scores(weight: NDArray[np.floating]) -> NDArray[np.float64]:
    """Layer-adaptive magnitude of each weight, float64 of its shape; the largest weight has 1."""
    flat = weight.astype(np.float64).ravel()
    square = flat * flat
    order = np.argsort(-square, kind="stable")
    ranked = np.take(square, order)
    total = np.cumsum(ranked)
    ratio = np.zeros_like(ranked)
    np.divide(ranked, total, out=ratio, where=total > 0)
    out = np.empty_like(ratio)
    out[order] = ratio
    return out.reshape(weight.shape)


def live_masks(masks: Sequence[Mask]) -> list[Mask]:
    """The masks less all weights that cannot matter: those out of a hidden neuron without inputs,
    and those into a hidden neuron without outputs. The inputs and outputs of the network count as
    live."""
    live = [mask.copy() for mask in masks]
    for first, second in pairwise(live):
        second &= first.any(axis=1, keepdims=True).T
    for first, second in reversed(list(pairwise(live))):
        first &= second.any(axis=0, keepdims=True).T
    return live


def fold_constants(
    weights: Weights, biases: Weights, masks: Sequence[Mask], linear: Sequence[int] = ()
) -> tuple[list[NDArray], list[NDArray]]:
    """
    Weights under ``masks``, and biases, of a ReLU network whose neurons without inputs or without
    outputs are gone: what a neuron without inputs sends, ReLU of its bias, moves into the biases it
    feeds, and its own bias becomes zero. The outputs stay the same, provided that ``masks`` removes
    only zeros beyond those that :func:`live_masks` removes. ``linear`` counts the leading neurons
    of each layer that have no ReLU, by default none.
    """
    live = live_masks(masks)
    kept = [np.where(mask, w, 0).astype(w.dtype) for w, mask in zip(weights, masks, strict=True)]
    shift = [b.copy() for b in biases]
    for k in range(len(kept) - 1):
        silent, constant = ~live[k].any(axis=1), ~kept[k].any(axis=1)
        signed = np.arange(len(shift[k])) < (linear[k] if linear else 0)
        value = np.where(signed, shift[k], np.maximum(shift[k], 0))
        sent = np.where(constant, value, 0).astype(kept[k + 1].dtype)
        shift[k + 1] += kept[k + 1] @ sent
        kept[k + 1][:, constant] = 0
        shift[k][silent] = 0
    return [np.where(mask, w, 0).astype(w.dtype) for w, mask in zip(kept, live, strict=True)], shift


def prune(
    weights: Weights,
    target: float,
    masks: Sequence[Mask] | None = None,
    live: Callable[[Sequence[Mask]], list[Mask]] = live_masks,
) -> list[Mask]:
    """
    Masks that leave exactly the share ``1 - target`` of all weights, the highest scores first.

    Only weights under ``masks`` (all, if none) can stay, and none that ``live`` would remove; where
    fewer than asked for are left in the first place, all of these stay. ``live`` is
    :func:`live_masks` for a chain, and its like for matrices that are joined in another way.
    """
    keep = keep_count(weights, target)
    current = live([np.ones(w.shape, bool) for w in weights] if masks is None else masks)
    if sum(int(mask.sum()) for mask in current) <= keep:
        return current
    ranked = [scores(np.where(m, w, 0)) for m, w in zip(current, weights, strict=True)]
    ladder = np.sort(np.concatenate([s[m] for s, m in zip(ranked, current, strict=True)]))[::-1]

    def above(k: int) -> list[Mask]:
        chosen = [m & (s >= ladder[k - 1]) for m, s in zip(current, ranked, strict=True)]
        return live(chosen)

    low, high = keep, len(ladder)  # the fewest weights whose live part is still enough
    while low < high:
        middle = (low + high) // 2
        if sum(int(mask.sum()) for mask in above(middle)) >= keep:
            high = middle
        else:
            low = middle + 1
    return _trim(above(high), ranked, keep, live)


def _trim(
    masks: list[Mask],
    ranked: Sequence[NDArray[np.float64]],
    keep: int,
    live: Callable[[Sequence[Mask]], list[Mask]],
) -> list[Mask]:
    """Take the lowest scores away until ``keep`` weights are left: where both ends have others,
    as long as there are such, else together with all that dies with them."""
    excess = sum(int(mask.sum()) for mask in masks) - keep
    if excess > 0:
        layer = np.concatenate([np.full(int(m.sum()), k) for k, m in enumerate(masks)])
        place = np.concatenate([np.argwhere(mask) for mask in masks])
        rank = np.concatenate([s[m] for s, m in zip(ranked, masks, strict=True)])
        order = np.argsort(rank, kind="stable")
        for k, (i, j) in zip(layer[order], place[order], strict=True):
            mask = masks[k]
            if min(mask[i].sum(), mask[:, j].sum()) > 1:
                mask[i, j] = False
                excess -= 1
                if not excess:
                    return masks
        for k, (i, j) in zip(layer[order], place[order], strict=True):
            masks[k][i, j] = False
            masks = live(masks)
            if sum(int(mask.sum()) for mask in masks) <= keep:
                break
    return masks
