"""
Training of a MittOS predictor: dense, then pruned in stages, then with shared weights.

Every step learns from requests of its own, drawn from ``(seed, stage, step)``: there is no training
set to fit too well, and a training that was cut off goes on as if it had not been. The loss is the
cross entropy of the logit, so that 0 is the natural threshold; the last bias is then calibrated on
further requests of the training stream.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass, replace
from math import cos, pi
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import nn
from torch.nn import functional

from sw import checkpoint
from sw.compress import prune, share
from sw.compress.share import SharedMlp, SharedNetwork
from sw.network import Network
from sw.predictors import mittos, networks
from sw.predictors.networks import Chain, Masked
from sw.predictors.recipe import Recipe, Stage, plan

__all__ = ["Progress", "Trained", "best_threshold", "train"]

WARM_UP = 100
CALIBRATION_STAGE = 1_000_000
FLOOR = 0.01


@dataclass(frozen=True)
class Progress:
    """Where a training is after a step; ``accuracy`` and ``loss`` are of that step's requests,
    which the network had not seen before."""

    stage: Stage
    step: int
    steps_done: int
    steps_total: int
    loss: float
    accuracy: float


@dataclass(frozen=True, eq=False)
class Trained:
    """
    The outcome of a training.

    Parameters
    ----------
    dense : Network
        Before pruning.
    network : SharedNetwork
        Pruned, with shared weights and its calibrated bias.
    fixed : list of bool (out, in)
        Weights of each layer that only pass values on: not trained, and not counted.
    weights : int
        All weights that are trained, before pruning.
    """

    dense: Network
    network: SharedNetwork
    fixed: list[np.ndarray]
    weights: int

    @property
    def sparsity(self) -> float:
        """Share of the trained weights that are gone."""
        layers = zip(self.network.indices, self.fixed, strict=True)
        return 1 - sum(int(np.count_nonzero(i[~f])) for i, f in layers) / self.weights


def train(
    recipe: Recipe,
    sparsity: float,
    folder: Path,
    *,
    start: Callable[[int], Masked] = networks.precise_linear,
    resume: bool = False,
    save_every: int = 500,
    watch: Callable[[Progress], None] = lambda progress: None,
) -> Trained:
    """
    Train the network that ``start`` makes from a seed to ``sparsity`` and share its weights.

    Checkpoints go to ``folder``, one per stage. With ``resume`` the training goes on from the
    furthest one there that belongs to this recipe, and ends as it would have without a break.
    """
    stages = plan(recipe, sparsity)
    total, done = sum(stage.steps for stage in stages), 0
    model = start(recipe.seed)

    def run(model: nn.Module, stage: Stage) -> None:
        path = folder / f"{stage.name}.safetensors"
        for step, loss, accuracy in _run(model, recipe, stages, stage, path, resume, save_every):
            watch(Progress(stage, step, done + step, total, loss, accuracy))

    run(model, stages[0])
    dense = model.chain().network
    for stage in stages[1:-1]:
        done += stages[stage.number - 1].steps
        run(model, stage)
    done = total - stages[-1].steps
    chain = _folded(model.chain())
    shared = SharedMlp(_share(chain, recipe))
    run(shared, stages[-1])
    count = sum(weight.numel() for weight in model.weights)
    return Trained(dense, _calibrated(shared.network(), recipe), chain.fixed, count)


def _note(
    model: nn.Module, recipe: Recipe, stages: tuple[Stage, ...], stage: Stage
) -> dict[str, Any]:
    """What must agree for a checkpoint of ``stage`` to belong to a training."""
    past = [asdict(s) for s in stages[: stage.number + 1]]
    kept = {name: getattr(recipe, name) for name in ("seed", "batch", "ramp", "every")}
    shapes = [list(parameter.shape) for parameter in model.parameters()]
    return {"recipe": kept, "stages": past, "shapes": shapes}


def _run(
    model: nn.Module,
    recipe: Recipe,
    stages: tuple[Stage, ...],
    stage: Stage,
    path: Path,
    resume: bool,
    save_every: int,
) -> Iterator[tuple[int, float, float]]:
    """Train one stage; after each step, its number from 1, its loss and its accuracy."""
    optimizer = torch.optim.Adam(model.parameters(), lr=stage.rate)
    note, first = _note(model, recipe, stages, stage), 0
    if resume and path.exists():
        state, moments, found = checkpoint.load(path)
        first = found.pop("step")
        if found != note:
            raise ValueError(f"{path} belongs to another training; give another folder, or remove")
        model.load_state_dict(state)
        optimizer.load_state_dict(optimizer.state_dict() | {"state": moments})
    ramp = round(recipe.ramp * stage.steps)
    for step in range(first, stage.steps):
        for group in optimizer.param_groups:
            group["lr"] = stage.rate * _rate(step, stage.steps)
        requests = mittos.generate(
            recipe.batch, mittos.training_stream(recipe.seed, stage.number, step)
        )
        truth = torch.from_numpy(requests.ebusy).float()
        logit = model(torch.from_numpy(requests.features).float())[:, 0]
        loss = functional.binary_cross_entropy_with_logits(logit, truth)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        due = (step + 1) % recipe.every == 0 or step + 1 in (ramp, stage.steps)
        if isinstance(model, Masked) and stage.end > 0 and due and step < ramp + recipe.every:
            model.prune(prune.cubic_sparsity(step + 1, ramp, stage.start, stage.end))
        if (step + 1) % save_every == 0 or step + 1 == stage.steps:
            checkpoint.save(path, model, optimizer, note | {"step": step + 1})
        yield step + 1, loss.item(), ((logit > 0) == (truth > 0)).float().mean().item()


def _rate(step: int, steps: int) -> float:
    """Learning rate over its peak: a short linear rise, then a cosine down to ``FLOOR``."""
    rise = min(1.0, (step + 1) / WARM_UP)
    return rise * (FLOOR + (1 - FLOOR) * (1 + cos(pi * step / steps)) / 2)


def _folded(chain: Chain) -> Chain:
    """The same function without neurons that are constant or not read."""
    masks = [weight != 0 for weight in chain.weights]
    weights, biases = prune.fold_constants(chain.weights, chain.biases, masks, chain.linear)
    fixed = [f & (w != 0) for f, w in zip(chain.fixed, weights, strict=True)]
    return Chain(weights, biases, chain.linear, fixed)


def _share(chain: Chain, recipe: Recipe) -> SharedNetwork:
    """k-means of a network, each weight weighed by its input's mean square; fixed ones stay."""
    requests = mittos.generate(8192, mittos.training_stream(recipe.seed, CALIBRATION_STAGE, 0))
    moments = share.input_moments(chain.weights, chain.biases, requests.features, chain.linear)
    layers = list(zip(chain.weights, moments, chain.fixed, strict=True))
    pairs = [share.share_weights(w, m, fixed=f) for w, m, f in layers]
    return SharedNetwork(
        tuple(codebook for codebook, _ in pairs),
        tuple(index for _, index in pairs),
        tuple(chain.biases),
        chain.linear,
        tuple(tuple(np.unique(w[f]).tolist()) for w, _, f in layers),
    )


def _calibrated(network: SharedNetwork, recipe: Recipe) -> SharedNetwork:
    """The network with its last bias moved so that threshold 0 makes the fewest errors."""
    stream = mittos.training_stream(recipe.seed, CALIBRATION_STAGE, 1)
    requests = mittos.generate(recipe.calibration, stream)
    logit = networks.logits(
        network.weights, network.biases, requests.features, linear=network.linear
    )[:, 0]
    bias = network.biases[-1] - np.float32(best_threshold(logit, requests.ebusy))
    return replace(network, biases=(*network.biases[:-1], bias))


def best_threshold(logit: np.ndarray, ebusy: np.ndarray) -> float:
    """The threshold, EBUSY above it, that makes the fewest errors; the nearest to 0 among equals,
    halfway between two logits unless 0 itself is among the best."""
    order = np.argsort(logit, kind="stable")
    ranked, late = logit[order].astype(np.float64), ebusy[order]
    missed = np.concatenate([[0], np.cumsum(late)])  # late requests below the threshold
    rejected = np.concatenate([np.cumsum(~late[::-1])[::-1], [0]])  # in time, above it
    errors = missed + rejected
    edges = np.concatenate([[ranked[0] - 1], (ranked[1:] + ranked[:-1]) / 2, [ranked[-1] + 1]])
    here = np.searchsorted(ranked, 0.0, side="right")
    if errors[here] == errors.min():
        return 0.0
    best = edges[errors == errors.min()]
    return float(best[np.argmin(np.abs(best))])
