"""A small network for tests of the whole machine, with other weights for every seed."""

import numpy as np
import torch

from sw.dataflow.compile import compile_network
from sw.golden.cnn import GoldenCnn
from sw.golden.cnn_graph import QConv, QLinear, QPool, QuantisedGraph, Range

SHAPE = (5, 2, 2)
"""An image takes three words, the last one half."""
CLASSES = 3


def small_graph(seed):
    rng = torch.Generator().manual_seed(seed)

    def integers(low, high, *shape, dtype=torch.int32):
        return torch.randint(low, high, shape, generator=rng, dtype=dtype)

    return QuantisedGraph(
        (
            QConv(
                "conv",
                "input",
                weight=integers(-128, 128, 2, 5, 3, 3, dtype=torch.int8),
                bias=integers(-9000, 9000, 2),
                shift=integers(5, 8, 2),
                stride=1,
                range=Range.U8,
                weight_bits=8,
                frac=None,
            ),
            QPool("mean", "conv", shift=2, frac=None),
            QLinear(
                "linear",
                "mean",
                weight=integers(-128, 128, CLASSES, 2, dtype=torch.int8),
                bias=integers(-9000, 9000, CLASSES),
                weight_bits=8,
                frac=None,
            ),
        ),
        SHAPE,
        None,
    )


class Case:
    """A network as it is loaded, images, and what it must answer."""

    def __init__(self, seed, images=4):
        graph = small_graph(seed)
        self.compiled = compile_network(graph, interval=100)
        rng = np.random.default_rng(seed)
        self.pixels = rng.integers(256, size=(images, *SHAPE), dtype=np.uint8)
        self.logits = GoldenCnn(graph)(self.pixels).numpy()
        self.classes = self.logits.argmax(axis=1)
