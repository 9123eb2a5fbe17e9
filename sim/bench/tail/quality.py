"""Predictors trained on the first half of a trace and judged on every read of the second."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from hw.eie.config import EieConfig
from sim.cluster.deployed import Deployed, deploy
from sim.engine import EieEngine
from sw.compress.frame import program_frame
from sw.golden.eie import GoldenEie
from sw.predictors.fit import FitRecipe
from sw.predictors.metrics import confusion, roc_auc
from sw.predictors.score import score, scores_of
from sw.predictors.ssd import Predictor, PredictorSpec, train_predictor

from .results import PredictorRow, Quality
from .sources import Halves

__all__ = ["Judged", "judge", "judge_rtl", "judge_trained", "quality"]


@dataclass(frozen=True, eq=False)
class Judged:
    """
    A predictor with what it makes of its trace.

    Parameters
    ----------
    deployed : Deployed
    train_scores : int64 (k,)
        The golden model's, of the reads of the first half.
    activations, outputs : int16 (m, in), (m, out)
        Of the reads of the second half, in and out of the golden model.
    truth : bool (m,)
    row : PredictorRow
    """

    deployed: Deployed
    train_scores: NDArray[np.int64]
    activations: NDArray[np.int16]
    outputs: NDArray[np.int16]
    truth: NDArray[np.bool_]
    row: PredictorRow


def quality(scores: NDArray, truth: NDArray[np.bool_]) -> Quality:
    """Scores (n,), slow above 0, against the truth (n,)."""
    counts = confusion(scores > 0, truth)
    return Quality(
        auc=roc_auc(scores, truth),
        accuracy=counts.accuracy,
        false_reject_rate=counts.false_reject_rate,
        false_accept_rate=counts.false_accept_rate,
    )


def judge(
    spec: PredictorSpec,
    halves: Halves,
    config: EieConfig,
    *,
    labels: str = "p85",
    recipe: FitRecipe | None = None,
    seed: int = 1,
    watch: Callable[[str, int, int], object] = lambda stage, done, total: None,
) -> Judged:
    """Train a predictor, compile it, and compare it with the truth; no RTL yet."""
    features = spec.features.of(halves.trace)
    learned, truth = halves.training_rows(labels), halves.truth(labels)
    predictor = train_predictor(
        spec, features[learned], truth[learned], seed=seed, recipe=recipe, watch=watch
    )
    return judge_trained(predictor, halves, config, labels=labels)


def judge_trained(
    predictor: Predictor, halves: Halves, config: EieConfig, *, labels: str = "p85"
) -> Judged:
    """The same of a predictor that is trained."""
    features = predictor.spec.features.of(halves.trace)
    deployed = deploy(predictor, features[halves.training_rows(labels)], config)
    test = halves.reads(test=True)
    inputs, wanted = predictor.inputs(features[test]), halves.truth(labels)[test]
    activations = deployed.activations(features[test])
    outputs = GoldenEie(deployed.quantised)(activations).numpy()
    fit = predictor.fit
    row = PredictorRow(
        source=halves.name,
        predictor=predictor.spec.name,
        labels=labels,
        widths=list(predictor.spec.widths),
        weights=sum(layer.weight.size for layer in fit.dense.layers),
        stored=sum(int(np.count_nonzero(layer.weight)) for layer in fit.compressed.layers),
        epochs=fit.epochs,
        rows=int(test.sum()),
        float32=quality(score(fit.dense, inputs), wanted),
        compressed=quality(score(fit.compressed, inputs), wanted),
        golden=quality(scores_of(outputs), wanted),
        rtl=None,
        rtl_rows=0,
        mismatches=0,
    )
    train_scores = deployed.scores(features[halves.reads(test=False)])
    return Judged(deployed, train_scores, activations, outputs, wanted, row)


def judge_rtl(
    judged: Judged,
    engine: EieEngine,
    limit: int | None = None,
    progress: Callable[[int], object] | None = None,
) -> Judged:
    """The same with the RTL's outputs on the first ``limit`` reads, or all, in its row."""
    engine.load(program_frame(judged.deployed.program))
    wanted, golden = judged.truth[:limit], judged.outputs[:limit]
    run = engine.infer_batch(judged.activations[:limit], progress=progress)
    row = judged.row.model_copy(
        update={
            "rtl": quality(scores_of(run.outputs), wanted),
            "rtl_rows": len(wanted),
            "mismatches": int((run.outputs != golden).any(axis=1).sum()),
        }
    )
    return replace(judged, row=row)
