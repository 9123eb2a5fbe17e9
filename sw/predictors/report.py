"""From a training to the pair of files that is shipped: the network, and how it was made."""

from __future__ import annotations

import platform
from pathlib import Path

import numpy as np
import torch

from sw.network import Layer, Network
from sw.predictors import mittos, networks
from sw.predictors.metrics import confusion
from sw.predictors.recipe import Recipe, plan
from sw.predictors.training import Trained
from sw.weights import LayerFacts, Provenance, Quality

__all__ = ["TEST_REQUESTS", "TEST_SEED", "as_network", "measure", "write"]

TEST_REQUESTS = 200_000
TEST_SEED = 20_260_000
DATA = (
    "generated: current and 4 pending LBAs, 22 uniform random bits each, LSB first; channel = LBA "
    "mod 8; latency = 40 us x (1 + pending on the same channel); EBUSY from 100 us"
)


def as_network(trained: Trained) -> Network:
    """The shared network in the form that files and the compiler take."""
    shared = trained.network
    layers = zip(shared.weights, shared.biases, shared.linear, strict=True)
    return Network(tuple(Layer.of(w, b, linear) for w, b, linear in layers))


def measure(network: Network, requests: int, seed: int = TEST_SEED) -> Quality:
    """Quality in float on ``requests`` fresh requests."""
    test = mittos.generate(requests, seed)
    logit = networks.logits(
        [layer.weight for layer in network.layers],
        [layer.bias for layer in network.layers],
        test.features,
        linear=[layer.linear for layer in network.layers],
    )
    found = confusion(logit[:, 0] > 0, test.ebusy)
    return Quality(
        accuracy=found.accuracy,
        recall=found.recall,
        false_reject_rate=found.false_reject_rate,
        false_accept_rate=found.false_accept_rate,
    )


def write(
    trained: Trained,
    recipe: Recipe,
    sparsity: float,
    path: Path,
    command: str,
    requests: int = TEST_REQUESTS,
    name: str = "precise_linear",
) -> Provenance:
    """Write the network to ``path`` (.safetensors) and its provenance beside it (.json)."""
    network = as_network(trained)
    facts = Provenance(
        network=f"{name} " + "-".join(str(size) for size in network.sizes),
        command=command,
        data=DATA,
        seed=recipe.seed,
        batch=recipe.batch,
        steps={stage.name: stage.steps for stage in plan(recipe, sparsity)},
        sparsity=round(trained.sparsity, 6),
        layers=[
            LayerFacts(
                inputs=index.shape[1],
                outputs=index.shape[0],
                stored=int(np.count_nonzero(index)),
                sparsity=round(1 - np.count_nonzero(index) / index.size, 4),
                distinct=len(np.unique(index[index != 0])),
                live_neurons=int((index != 0).any(axis=1).sum()),
                fixed=int(fixed.sum()),
            )
            for index, fixed in zip(trained.network.indices, trained.fixed, strict=True)
        ],
        test_requests=requests,
        test_seed=TEST_SEED,
        dense=measure(trained.dense, requests),
        shared=measure(network, requests),
        versions={
            "python": platform.python_version(),
            "torch": torch.__version__,
            "numpy": np.__version__,
        },
    )
    path.parent.mkdir(parents=True, exist_ok=True)
    network.save(path, compact=True)
    path.with_suffix(".json").write_text(facts.model_dump_json(indent=2) + "\n")
    return facts
