"""Networks in integers at random, by hand: what tests of the compiler and of its machine run."""

import torch

from sw.golden.cnn_graph import INPUT, QAdd, QConv, QLinear, QMaxPool, QPool, QuantisedGraph, Range

__all__ = ["Draw", "chain", "imported", "residual"]


class Draw:
    """Nodes with weights and parameters at random."""

    def __init__(self, seed=1):
        self.rng = torch.Generator().manual_seed(seed)

    def integers(self, low, high, *shape, dtype=torch.int32):
        return torch.randint(low, high, shape, generator=self.rng, dtype=dtype)

    def weight(self, bits, *shape):
        top = 1 << bits - 1
        return self.integers(-top, top, *shape, dtype=torch.int8)

    def conv(
        self, name, source, inputs, outputs, kernel=3, *, stride=1, bits=8, scaled=False, s16=False
    ):
        multiplier = self.integers(8000, 1 << 15, outputs) if scaled else None
        low = bits + (14 if scaled else 0) - (6 if s16 else 0)
        return QConv(
            name,
            source,
            weight=self.weight(bits, outputs, inputs, kernel, kernel),
            bias=self.integers(-(200 << bits), 200 << bits, outputs),
            shift=self.integers(low, low + 3, outputs),
            stride=stride,
            range=Range.S16 if s16 else Range.U8,
            weight_bits=bits,
            frac=None,
            multiplier=multiplier,
        )

    def linear(self, source, inputs, outputs, *, bits=8):
        weight, bias = self.weight(bits, outputs, inputs), self.integers(-9000, 9000, outputs)
        return QLinear("linear", source, weight, bias, bits, None)


def chain(*nodes, shape=(2, 4, 4), channels=2, classes=3, shift=2):
    """Nodes, and behind the last one a mean of its channels and a linear layer."""
    mean = QPool("mean", nodes[-1].name, shift, None)
    return QuantisedGraph((*nodes, mean, Draw(9).linear("mean", channels, classes)), shape, None)


def imported(seed=1):
    """Multipliers, weights of both sizes, the largest of 3 x 3 pixels, an odd number of classes."""
    draw = Draw(seed)
    return QuantisedGraph(
        (
            draw.conv("first", INPUT, 3, 4, scaled=True),
            QMaxPool("largest", "first", 3, None),
            draw.conv("narrow", "largest", 4, 4, bits=4),
            draw.conv("scaled", "narrow", 4, 6, 1, bits=4, scaled=True),
            QPool("mean", "scaled", 2, None),
            draw.linear("mean", 6, 3, bits=4),
        ),
        (3, 6, 6),
        None,
    )


def residual(seed=1, *, stem_pool=False, stride=2):
    """A block with an identity skip and one with a projection, where ``stem_pool`` says so behind
    the largest of 2 x 2 pixels."""
    draw = Draw(seed)
    side = 8
    nodes = [draw.conv("stem", INPUT, 1, 2)]
    if stem_pool:
        nodes.append(QMaxPool("small", "stem", 2, None))
        side = 4
    source = nodes[-1].name
    nodes += [
        draw.conv("project_main", source, 2, 4, stride=stride),
        draw.conv("project_end", "project_main", 4, 4, s16=True),
        draw.conv("project", source, 2, 4, 1, stride=stride, s16=True),
        QAdd("sum", ("project_end", "project"), 0, 8, None),
        draw.conv("main", "sum", 4, 4),
        draw.conv("end", "main", 4, 4, s16=True),
        QAdd("last", ("end", "sum"), 4, 6, None),
        QPool("mean", "last", 2, None),
        draw.linear("mean", 4, 3),
    ]
    assert side % stride == 0
    return QuantisedGraph(tuple(nodes), (1, 8, 8), None)
