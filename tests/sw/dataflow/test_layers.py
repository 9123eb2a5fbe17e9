"""Networks in integers as units: sizes and work by hand, and what has no unit."""

import pytest

from hw.cnn.config import AddConfig, AveragePoolConfig, ConvConfig, MaxPoolConfig, Number
from sw.dataflow.layers import DataflowError, layers
from sw.golden.cnn_graph import INPUT, QPool, QuantisedGraph
from tests.sw.dataflow.graphs import Draw, chain, imported, residual

DRAW = Draw()


def linear(inputs, outputs, **options):
    return ConvConfig(inputs, outputs, 1, 1, kernel=1, output=Number.S32, **options)


def check(graph, expected):
    """Of every layer its name, sources, unit and multiplications."""
    found = [(each.name, each.sources, each.unit, each.macs) for each in layers(graph)]
    assert found == expected


def test_chain_with_every_pool():
    check(
        imported(),
        [
            ("first", (INPUT,), ConvConfig(3, 4, 6, 6, scaled=True), 36 * 9 * 3 * 4),
            ("largest", ("first",), MaxPoolConfig(4, 6, 6, size=3), 0),
            ("narrow", ("largest",), ConvConfig(4, 4, 2, 2, weight_bits=4), 4 * 9 * 4 * 4),
            (
                *("scaled", ("narrow",)),
                ConvConfig(4, 6, 2, 2, kernel=1, weight_bits=4, scaled=True),
                4 * 4 * 6,
            ),
            ("mean", ("scaled",), AveragePoolConfig(6, 2, 2), 0),
            ("linear", ("mean",), linear(6, 3, weight_bits=4), 18),
        ],
    )


def test_blocks_with_skips():
    """Sums say whether an identity or a projection is their second summand."""
    s16 = {"output": Number.S16}
    check(
        residual(),
        [
            ("stem", (INPUT,), ConvConfig(1, 2, 8, 8), 64 * 9 * 2),
            ("project_main", ("stem",), ConvConfig(2, 4, 8, 8, stride=2), 16 * 9 * 8),
            ("project_end", ("project_main",), ConvConfig(4, 4, 4, 4, **s16), 16 * 9 * 16),
            ("project", ("stem",), ConvConfig(2, 4, 4, 4, kernel=1, **s16), 16 * 8),
            ("sum", ("project_end", "project"), AddConfig(4, 4, 4, second=Number.S16), 0),
            ("main", ("sum",), ConvConfig(4, 4, 4, 4), 16 * 9 * 16),
            ("end", ("main",), ConvConfig(4, 4, 4, 4, **s16), 16 * 9 * 16),
            ("last", ("end", "sum"), AddConfig(4, 4, 4, second=Number.U8), 0),
            ("mean", ("last",), AveragePoolConfig(4, 4, 4), 0),
            ("linear", ("mean",), linear(4, 3), 12),
        ],
    )


@pytest.mark.parametrize("sides, half", [((8, 8), (4, 4)), ((7, 3), (4, 2)), ((1, 2), (1, 1))])
def test_projections_read_half_the_image(sides, half):
    """At stride 1, and as much work as the half takes."""
    point = DRAW.conv("point", INPUT, 2, 3, 1, stride=2)
    found = layers(chain(point, shape=(2, *sides), channels=3, shift=0))[0]
    assert found.unit == ConvConfig(2, 3, *half, kernel=1)
    assert found.macs == half[0] * half[1] * 6


@pytest.mark.parametrize(
    "node, shape, message",
    [
        (
            QPool("centre", "before", 3, None, multiplier=5),
            (2, 4, 4),
            "centre: a mean with a multiplier has no unit",
        ),
        (
            DRAW.conv("odd", "before", 3, 3, stride=2),
            (2, 5, 4),
            "odd: height and width must be even with a stride of 2, not 5 and 4",
        ),
        (
            DRAW.conv("flat", "before", 3, 3),
            (2, 1, 4),
            "flat: height and width must be at least 2 with a kernel of 3, not 1 and 4",
        ),
    ],
)
def test_refusals_name_the_layer(node, shape, message):
    nodes = [DRAW.conv("before", INPUT, 2, 3, 1), node]
    if isinstance(node, QPool):
        graph = QuantisedGraph((*nodes, DRAW.linear(node.name, 3, 3)), shape, None)
    else:
        # What comes behind is never reached, though the graph must be one.
        pool = QPool("mean", node.name, 0, None, multiplier=1)
        graph = QuantisedGraph((*nodes, pool, DRAW.linear("mean", 3, 3)), shape, None)
    with pytest.raises(DataflowError) as caught:
        layers(graph)
    assert str(caught.value) == message
