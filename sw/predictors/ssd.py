"""
Predictors of slow reads, each of its features and shape, trained on a stretch of a trace.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from sw.network import Layer, Network
from sw.predictors.features import HEIMDALL, KILN, LINNOS, FeatureSet
from sw.predictors.fit import Fit, FitRecipe, fit
from sw.predictors.scaling import Scaling
from sw.predictors.score import score

__all__ = ["SPECS", "Predictor", "PredictorSpec", "train_predictor"]


@dataclass(frozen=True)
class PredictorSpec:
    """A predictor before training: its name, its features, the widths of its hidden layers and the
    number of its outputs."""

    name: str
    features: FeatureSet
    hidden: tuple[int, ...]
    outputs: int = 1

    @property
    def widths(self) -> tuple[int, ...]:
        """Of the inputs and of every layer's output."""
        return (len(self.features.columns), *self.hidden, self.outputs)


SPECS = {
    spec.name: spec
    for spec in (
        PredictorSpec("linnos", LINNOS, (256,), 2),
        PredictorSpec("heimdall", HEIMDALL, (128, 16)),
        PredictorSpec("kiln", KILN, (64, 16)),
    )
}
"""LinnOS's and Heimdall's shapes as published, and Kiln's own."""


@dataclass(frozen=True, eq=False)
class Predictor:
    """
    A trained predictor.

    Parameters
    ----------
    spec : PredictorSpec
    scaling : Scaling or None
        None where features are inputs as they are.
    fit : Fit
        ``fit.compressed`` is what the array gets; its threshold is 0 on the training rows, where
        the shares of slow reads accepted and of fast reads rejected have the least sum.
    """

    spec: PredictorSpec
    scaling: Scaling | None
    fit: Fit

    def inputs(self, rows: NDArray[np.float32]) -> NDArray[np.float32]:
        """Rows of features (n, columns) as inputs of the networks."""
        return rows if self.scaling is None else self.scaling(rows)


def train_predictor(
    spec: PredictorSpec,
    rows: NDArray[np.float32],
    slow: NDArray[np.bool_],
    *,
    seed: int = 1,
    recipe: FitRecipe | None = None,
    watch: Callable[[str, int, int], object] = lambda stage, done, total: None,
) -> Predictor:
    """
    Train on rows of features, float32 (n, columns), in order of time, and their truth, bool (n,).

    Errors and ``watch`` as of :func:`sw.predictors.fit.fit`.
    """
    scaling = None if spec.features.digits else Scaling.of(rows)
    inputs = rows if scaling is None else scaling(rows)
    chosen = replace(recipe or FitRecipe(), hidden=spec.hidden, outputs=spec.outputs, seed=seed)
    found = fit(inputs, slow, chosen, watch=watch)
    networks = (found.dense, found.compressed)
    dense, compressed = (_calibrated(each, inputs, slow) for each in networks)
    return Predictor(spec, scaling, replace(found, dense=dense, compressed=compressed))


def _calibrated(network: Network, inputs: NDArray[np.float32], slow: NDArray[np.bool_]) -> Network:
    """The network with its last bias moved so that 0 has the least sum of both error rates."""
    scores = score(network, inputs).astype(np.float64)
    order = np.argsort(scores, kind="stable")
    ranked, late = scores[order], slow[order]
    accepted = np.concatenate([[0], np.cumsum(late)]) / late.sum()
    rejected = np.concatenate([np.cumsum(~late[::-1])[::-1], [0]]) / (~late).sum()
    edges = np.concatenate([[ranked[0] - 1], (ranked[1:] + ranked[:-1]) / 2, [ranked[-1] + 1]])
    errors = accepted + rejected
    errors[1:-1][ranked[1:] == ranked[:-1]] = np.inf  # nothing parts rows of the same score
    threshold = edges[int(np.argmin(errors))]
    last = network.layers[-1]
    bias = last.bias.astype(np.float64)
    bias[-1] -= threshold
    layers = (*network.layers[:-1], Layer(last.weight, bias.astype(np.float32), last.relu))
    return Network(layers, network.inputs)
