"""A network in training, from the first weights to shared ones."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn
from torch.nn import functional

from sw.compress import prune, share
from sw.compress.share import SharedMlp, SharedNetwork
from sw.network import Layer, Network
from sw.predictors.networks import MaskedMlp
from sw.predictors.score import logits

__all__ = ["FitRecipe", "Trainee"]


@dataclass(frozen=True)
class FitRecipe:
    """
    How a predictor is trained.

    Parameters
    ----------
    hidden : tuple of int
        Widths of the hidden layers.
    outputs : int
        1, a logit; or 2, of which the second is the larger where an I/O is slow.
    seed : int
        Of the initial weights and of the order of the rows.
    epochs : int
        Most epochs of the dense stage; the validation picks one of them.
    batch : int
    rate, decay, drop : float
        Learning rate and weight decay of AdamW; the share of hidden neurons dropped.
    average : float
        Of the running mean of weights that is kept in place of the last ones.
    sparsities : tuple of float
        Rungs of pruning; the highest counts that stays close to the dense network on what is
        validated on.
    prune_epochs, share_epochs : int
        Epochs at each rung, and with shared weights.
    budget : float
        Area under the curve that pruning may cost.
    likeness : float
        Least correlation of the pruned network's outputs with the dense one's.
    """

    hidden: tuple[int, ...] = (64, 16)
    outputs: int = 1
    seed: int = 1
    epochs: int = 20
    batch: int = 256
    rate: float = 1e-3
    decay: float = 0.02
    drop: float = 0.2
    average: float = 0.995
    sparsities: tuple[float, ...] = (0.5, 0.7, 0.8, 0.9)
    prune_epochs: int = 5
    share_epochs: int = 5
    budget: float = 0.004
    likeness: float = 0.98


class Trainee:
    """A network in training; its weights are a running mean of what the optimiser does."""

    def __init__(
        self,
        rows: NDArray[np.float32],
        slow: NDArray[np.bool_],
        recipe: FitRecipe,
        epoch_done: Callable[[str], object],
    ) -> None:
        self.recipe, self.epoch_done = recipe, epoch_done
        self.generator = torch.Generator().manual_seed(recipe.seed)
        widths = (rows.shape[1], *recipe.hidden, recipe.outputs)
        self.model = MaskedMlp(widths, self.generator)
        self.centre = rows.mean(axis=0).astype(np.float32)
        spread = rows.std(axis=0).astype(np.float32)
        self.spread = np.where(spread > 1e-6, spread, 1).astype(np.float32)
        self.rows = rows
        # MaskedMlp moves its inputs from 0..1 to -1..1; these undo that.
        self.x = torch.from_numpy(((rows - self.centre) / self.spread + 1) / 2)
        self.y = torch.from_numpy(slow.astype(np.float32))
        # Slow rows weigh as much as fast ones, together.
        self.weight = torch.tensor((len(slow) - slow.sum()) / slow.sum(), dtype=torch.float32)
        self.mean = [p.detach().clone() for p in self.model.parameters()]
        self.loss: Callable[[Tensor, Tensor], Tensor] = self._error
        self.spread_of_logits = torch.tensor(1.0)

    def _error(self, logit: Tensor, truth: Tensor) -> Tensor:
        return functional.binary_cross_entropy_with_logits(logit, truth, pos_weight=self.weight)

    def _distance(self, logit: Tensor, taught: Tensor) -> Tensor:
        return functional.mse_loss(logit / self.spread_of_logits, taught / self.spread_of_logits)

    def dense(self, epochs: int) -> Iterator[None]:
        """Train; yields after each epoch."""
        optimizer = torch.optim.AdamW(
            self.model.parameters(), lr=self.recipe.rate, weight_decay=self.recipe.decay
        )
        for _ in range(epochs):
            self._epoch(self.model, optimizer, self._forward)
            self.epoch_done("dense")
            yield

    def teach(self) -> None:
        """From now on the truth is what the network says now."""
        self._take_mean()
        with torch.no_grad():
            logit = logits(self.model(self.x))
        self.y, self.spread_of_logits = logit, logit.std()
        self.loss = self._distance

    def pruned(self, sparsity: float) -> None:
        """Take weights away and train the others."""
        self.model.prune(sparsity)
        self.mean = [p.detach().clone() for p in self.model.parameters()]
        optimizer = torch.optim.Adam(self.model.parameters(), lr=self.recipe.rate)
        for _ in range(self.recipe.prune_epochs):
            self._epoch(self.model, optimizer, lambda rows: self.model(self.x[rows]))
            self.epoch_done(f"prune {100 * sparsity:g} %")
        self._take_mean()

    def shared(self) -> Network:
        """The network with at most 15 values a layer, trained a little further."""
        network = _without_constants(self.network())
        weights = [layer.weight for layer in network.layers]
        biases = [layer.bias for layer in network.layers]
        moments = share.input_moments(weights, biases, self.rows[:: max(1, len(self.rows) // 8192)])
        pairs = [share.share_weights(w, m) for w, m in zip(weights, moments, strict=True)]
        start = SharedNetwork(tuple(c for c, _ in pairs), tuple(i for _, i in pairs), tuple(biases))
        model = SharedMlp(start)
        optimizer = torch.optim.Adam(model.parameters(), lr=self.recipe.rate / 4)
        self.mean = [p.detach().clone() for p in model.parameters()]
        plain = torch.from_numpy(self.rows)
        for _ in range(self.recipe.share_epochs):
            self._epoch(model, optimizer, lambda rows: model(plain[rows]))
            self.epoch_done("share")
        _set(model, self.mean)
        tuned = model.network()
        layers = zip(tuned.weights, tuned.biases, tuned.linear, strict=True)
        return Network(tuple(Layer.of(w, b, linear) for w, b, linear in layers))

    def _forward(self, rows: Tensor) -> Tensor:
        """The model on these rows with some of its hidden neurons dropped."""
        x = 2 * self.x[rows] - 1
        for k in range(len(self.model.weights) - 1):
            x = functional.relu(self.model.matrix(k, x))
            keep = torch.rand(x.shape, generator=self.generator) >= self.recipe.drop
            x = x * keep / (1 - self.recipe.drop)
        return self.model.matrix(len(self.model.weights) - 1, x)

    def _epoch(
        self,
        model: nn.Module,
        optimizer: torch.optim.Optimizer,
        forward: Callable[[Tensor], Tensor],
    ) -> None:
        order = torch.randperm(len(self.y), generator=self.generator)
        for rows in order.split(self.recipe.batch):
            loss = self.loss(logits(forward(rows)), self.y[rows])
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
            with torch.no_grad():
                for mean, now in zip(self.mean, model.parameters(), strict=True):
                    mean.lerp_(now, 1 - self.recipe.average)

    def _take_mean(self) -> None:
        _set(self.model, self.mean)

    def network(self) -> Network:
        """The running mean as a network on the rows as they came."""
        now = [p.detach().clone() for p in self.model.parameters()]
        _set(self.model, self.mean)
        weights, biases = self.model.raw_arrays()
        _set(self.model, now)
        first = weights[0] / self.spread
        bias = biases[0] - first.astype(np.float64) @ self.centre.astype(np.float64)
        layers = [first, *weights[1:]], [bias.astype(np.float32), *biases[1:]]
        last = len(weights) - 1
        return Network(
            tuple(Layer(w, b, k < last) for k, (w, b) in enumerate(zip(*layers, strict=True)))
        )


def _set(model: nn.Module, values: Sequence[Tensor]) -> None:
    with torch.no_grad():
        for parameter, value in zip(model.parameters(), values, strict=True):
            parameter.copy_(value)


def _without_constants(network: Network) -> Network:
    """The same function without what neurons of no input give, which moves into biases."""
    weights = [layer.weight for layer in network.layers]
    biases = [layer.bias for layer in network.layers]
    weights, biases = prune.fold_constants(weights, biases, [w != 0 for w in weights])
    pairs = zip(network.layers, weights, biases, strict=True)
    return Network(tuple(replace(layer, weight=w, bias=b) for layer, w, b in pairs))
