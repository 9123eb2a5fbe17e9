"""A trained network in integers as a pair of files: the network, and how it was made."""

from __future__ import annotations

import platform
from pathlib import Path

import numpy as np
import torch
from pydantic import BaseModel, ConfigDict

from sw.golden.cnn_file import write_graph
from sw.students.images import Split
from sw.students.qat import QatNetwork
from sw.students.quantise import golden_accuracy
from sw.students.resnet import ResNet
from sw.students.training import accuracy

__all__ = ["Facts", "write"]


class Facts(BaseModel):
    """
    How a network was made, and what it measured.

    ``commands`` are those that made it, in order; ``epochs`` are of each, and ``seconds`` that each
    took, where that is known. ``skips`` says whether what is deployed keeps any. Accuracies are
    shares of images: in float, with batch norms as they were trained, and of the integer golden
    model.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    network: str
    commands: list[str]
    data: str
    seed: int
    epochs: dict[str, int]
    seconds: dict[str, float] = {}
    weight_bits: int
    skips: bool
    images: dict[str, int]
    validation_float: float
    validation_integers: float
    test_float: float
    test_integers: float
    versions: dict[str, str]


def write(
    rounded: QatNetwork,
    model: ResNet,
    split: Split,
    path: Path,
    *,
    network: str,
    commands: list[str],
    seed: int,
    epochs: dict[str, int],
    seconds: dict[str, float],
) -> Facts:
    """Write the network to ``path`` (.safetensors) and how it was made beside it (.json), with its
    accuracy on the test images, which nothing before has looked at."""
    graph = rounded.integers(split.train.frac)
    facts = Facts(
        network=network,
        commands=commands,
        data=split.data,
        seed=seed,
        epochs=epochs,
        seconds=seconds,
        weight_bits=min(rounded.bits.values()),
        skips=graph.has_skips,
        images={
            "train": len(split.train),
            "validation": len(split.validation),
            "test": len(split.test),
        },
        validation_float=accuracy(model, split.validation),
        validation_integers=golden_accuracy(graph, split.validation),
        test_float=accuracy(model, split.test),
        test_integers=golden_accuracy(graph, split.test),
        versions={
            "python": platform.python_version(),
            "torch": torch.__version__,
            "numpy": np.__version__,
        },
    )
    write_graph(graph, path, facts.model_dump())
    path.with_suffix(".json").write_text(facts.model_dump_json(indent=2) + "\n")
    return facts
