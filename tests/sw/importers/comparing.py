"""Imported networks compared with each other, and with ONNX Runtime."""

import numpy as np
import torch

from sw.golden.cnn import GoldenCnn
from sw.importers.onnx_import import import_onnx
from tests.sw.importers.models import (
    run,
    saved,
)


def images(count=300, shape=(2, 8, 8)):
    """Of different brightness, so that classes differ."""
    rng = np.random.default_rng(5)
    x = rng.integers(0, 256, (count, *shape))
    return (x * rng.uniform(0, 1, (count, shape[0], 1, 1))).astype(np.uint8)


def imported(built, folder):
    return import_onnx(saved(built.model(), folder))


def assert_same(first, second):
    assert first.scales == second.scales
    assert (first.graph.shape, first.graph.frac) == (second.graph.shape, second.graph.frac)
    for mine, theirs in zip(first.graph.nodes, second.graph.nodes, strict=True):
        assert type(mine) is type(theirs)
        for name, value in vars(theirs).items():
            other = getattr(mine, name)
            same = torch.equal(value, other) if torch.is_tensor(value) else value == other
            assert same, (theirs.name, name)


def compared(built, folder, x):
    """What was imported, and by node the golden model's integers and ONNX Runtime's; the logits in
    the file's floats."""
    network = imported(built, folder)
    found = GoldenCnn(network.graph).tensors(x)
    real = x * np.float32(network.scales["input"])
    logits, *integers = run(built.model(built.quantised), real)
    pairs = {
        name: (found[name].numpy().astype(np.int64), values.astype(np.int64).squeeze())
        for name, values in zip(("input", "a", "max", "b", "mean"), integers, strict=True)
    }
    return network, pairs, found["linear"].numpy(), logits
