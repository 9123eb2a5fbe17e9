"""What a training goes through: its stages, and how many steps at which rate each has."""

from __future__ import annotations

from dataclasses import dataclass, replace

__all__ = ["LADDER", "Recipe", "Stage", "plan"]

LADDER = (0.90, 0.95, 0.97, 0.98)


@dataclass(frozen=True)
class Recipe:
    """
    What a trained network depends on, beside the versions of the libraries.

    Parameters
    ----------
    seed : int
        Of the initial weights and of all training requests.
    batch : int
        Requests per step.
    dense_steps, first_steps, prune_steps, share_steps : int
        Steps without pruning, of the first pruning stage, which takes most weights away, of each
        further one, and with shared weights.
    dense_rate, first_rate, prune_rate, share_rate : float
        Peak learning rates of Adam; each stage decays to 1 % of its own along a cosine.
    ramp : float
        Share of a pruning stage's steps in which the sparsity rises; it then settles.
    every : int
        Steps between two prunings.
    calibration : int
        Requests on which the threshold is set.
    """

    seed: int = 1
    batch: int = 1024
    dense_steps: int = 4500
    first_steps: int = 3000
    prune_steps: int = 1500
    share_steps: int = 1000
    dense_rate: float = 1e-3
    first_rate: float = 1e-3
    prune_rate: float = 5e-4
    share_rate: float = 2e-4
    ramp: float = 0.6
    every: int = 20
    calibration: int = 200_000

    def quick(self) -> Recipe:
        """The same in a handful of steps: it goes through everything and learns next to nothing."""
        steps = {"dense_steps": 6, "first_steps": 4, "prune_steps": 4, "share_steps": 4}
        return replace(self, batch=64, every=2, calibration=2000, **steps)


@dataclass(frozen=True)
class Stage:
    """One stretch of training: from one sparsity to another, at one peak learning rate."""

    name: str
    number: int
    steps: int
    rate: float
    start: float
    end: float


def plan(recipe: Recipe, sparsity: float) -> tuple[Stage, ...]:
    """The stages to ``sparsity`` (0 to below 1): dense, up the ladder, shared."""
    if not 0.0 <= sparsity < 1.0:
        raise ValueError(f"sparsity must be at least 0 and below 1, not {sparsity}")
    stages = [Stage("dense", 0, recipe.dense_steps, recipe.dense_rate, 0.0, 0.0)]
    rungs = [rung for rung in LADDER if rung < sparsity] + [sparsity] * (sparsity > 0)
    for rung in rungs:
        first, number = len(stages) == 1, len(stages)
        steps = recipe.first_steps if first else recipe.prune_steps
        rate = recipe.first_rate if first else recipe.prune_rate
        name = f"prune{100 * rung:g}"
        stages.append(Stage(name, number, steps, rate, stages[-1].end, rung))
    name = f"share{100 * sparsity:g}"
    stages.append(
        Stage(name, len(stages), recipe.share_steps, recipe.share_rate, sparsity, sparsity)
    )
    return tuple(stages)
