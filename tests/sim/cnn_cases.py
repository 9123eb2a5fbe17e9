"""Small streaming networks on the bulk engine: their machines, images, and what is right."""

from functools import cache

import numpy as np

from hw.cnn.config import SkipKind
from sim.cnn import CnnEngine
from sw.dataflow.compile import compile_network
from sw.golden.cnn import GoldenCnn
from sw.students.resnet import Shape
from sw.students.untrained import untrained
from tests.sw.dataflow.graphs import imported

__all__ = ["INTERVAL", "KINDS", "SHAPE", "Case", "Engines", "case"]

SHAPE = Shape((1, 1), width=2, channels=1, side=8)
"""Of a digit, with an identity skip and a projection."""
INTERVAL = 1152
KINDS = {
    "skip-free": (False, SkipKind.FIFO),
    "buffered": (True, SkipKind.FIFO),
    "unbuffered": (True, SkipKind.HOLD),
}


def pictures(shape, count, seed):
    """All dark, all bright, both side by side, and images at random."""
    rng = np.random.default_rng(seed)
    found = rng.integers(256, size=(count, *shape), dtype=np.uint8)
    found[0], found[1] = 0, 255
    found[2] = rng.choice(np.array([0, 255], np.uint8), shape)
    return found


class Case:
    """A network compiled for a machine, images, and its logits of them."""

    def __init__(self, machine, seed=1, images=12):
        if machine == "imported":
            self.graph, kind = imported(seed), SkipKind.FIFO
        else:
            skips, kind = KINDS[machine]
            self.graph = untrained(SHAPE, skips=skips, seed=seed)
        self.compiled = compile_network(self.graph, interval=INTERVAL, skips=kind)
        self.config = self.compiled.config
        self.pixels = pictures(self.graph.shape, images, seed)
        self.logits = GoldenCnn(self.graph)(self.pixels).numpy()
        self.classes = self.logits.argmax(axis=1)

    def check(self, engine, count=None, **options):
        """Stream images; every logit and class must be right."""
        frames = engine.stream(self.pixels[:count], **options)
        np.testing.assert_array_equal(frames.logits, self.logits[:count])
        np.testing.assert_array_equal(frames.classes, self.classes[:count])
        assert (frames.logits.dtype, frames.classes.dtype) == (np.int32, np.int64)
        return frames


@cache
def case(machine, seed=1):
    return Case(machine, seed)


class Engines:
    """By machine, each made when it is first asked for."""

    def __enter__(self):
        self.found = {}
        return self

    def __exit__(self, *_):
        for engine in self.found.values():
            engine.close()

    def ready(self, machine="skip-free"):
        """The engine after reset, whatever the test before has done to it, and its case."""
        one = case(machine)
        if machine not in self.found:
            self.found[machine] = CnnEngine(one.config)
        engine = self.found[machine]
        engine.reset()
        engine.stall(0)
        return engine, one
