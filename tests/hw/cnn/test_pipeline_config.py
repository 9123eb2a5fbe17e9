"""Networks as pipelines: what they refuse, and what is known of their tensors."""

from dataclasses import replace

import pytest

from hw.cnn.config import (
    INPUT,
    AddConfig,
    AveragePoolConfig,
    ConvConfig,
    MaxPoolConfig,
    Node,
    Number,
    PipelineConfig,
    Skip,
    SkipKind,
)


def conv(name, source, **changes):
    options = {"height": 8, "width": 8, "simd": 4, "pe": 4, "lanes": 2, **changes}
    return Node(name, ConvConfig(4, 4, **options), (source,))


def add(name, *sources):
    return Node(name, AddConfig(4, 8, 8, lanes=4, second=Number.U8), sources)


def linear(source, **changes):
    options = {"inputs": 4, "kernel": 1, "output": Number.S32, **changes}
    return Node("linear", ConvConfig(outputs=10, height=1, width=1, **options), (source,))


STEM = Node("stem", ConvConfig(3, 4, 8, 8, pe=2), (INPUT,))
POOL = Node("pool", AveragePoolConfig(4, 4, 4, lanes=2), ("max",))
MAX = Node("max", MaxPoolConfig(4, 8, 8, lanes=1), ("sum",))
BLOCK = (
    STEM,
    conv("first", "stem"),
    conv("second", "first", output=Number.S16),
    add("sum", "second", "stem"),
    MAX,
    POOL,
    linear("pool"),
)
SKIP = Skip("stem", "sum", SkipKind.FIFO, 9)


def pipeline(nodes=BLOCK, skips=(SKIP,)):
    return PipelineConfig(3, 8, 8, tuple(nodes), tuple(skips))


def without(name):
    return [node for node in BLOCK if node.name != name]


@pytest.mark.parametrize(
    "nodes, skips, message",
    [
        (without("first"), (SKIP,), "second reads 'first', which is not before it"),
        ((BLOCK[1], BLOCK[0]), (), "first reads 'stem', which is not before it"),
        ((STEM, STEM), (), "there are two nodes called 'stem'"),
        ((Node(INPUT, STEM.unit, (INPUT,)),), (), "there are two nodes called 'input'"),
        ((), (), "the last node must be linear"),
        (without("linear"), (SKIP,), "the last node must be linear"),
        ((STEM,), (), "the last node must give 32 bits"),
        (BLOCK, (), "stem has 2 readers and 0 skips"),
        (BLOCK, (SKIP, SKIP), "stem has 2 readers and 2 skips"),
        (
            *(BLOCK, (SKIP, Skip("second", "sum", SkipKind.FIFO, 2))),
            "second has 1 readers and 1 skips",
        ),
        (
            (*BLOCK[:3], conv("third", "stem"), add("sum", "second", "stem"), *BLOCK[4:]),
            (SKIP, Skip("stem", "third", SkipKind.FIFO, 2)),
            "stem has 3 readers and 2 skips",
        ),
        (BLOCK, (Skip("stem", "second", SkipKind.FIFO, 9),), "second does not read stem"),
        (BLOCK, (SKIP, Skip("nowhere", "sum", SkipKind.FIFO, 9)), "there is no node 'nowhere'"),
        (
            *((*BLOCK[:-1], linear("pool", inputs=5)), (SKIP,)),
            "linear takes 5 x 1 x 1, and pool gives it 4 x 1 x 1",
        ),
        (
            *((STEM, linear("stem")), ()),
            "linear takes 4 x 1 x 1, and stem gives it 4 x 8 x 8",
        ),
        (
            *((conv("wide", INPUT), linear("wide")), ()),
            "wide takes 4 x 8 x 8, and input gives it 3 x 8 x 8",
        ),
        (
            *((*BLOCK[:4], replace(MAX, unit=MaxPoolConfig(4, 8, 6)), *BLOCK[5:]), (SKIP,)),
            "max takes 4 x 8 x 6, and sum gives it 4 x 8 x 8",
        ),
        (
            *((*BLOCK[:5], replace(POOL, unit=AveragePoolConfig(4, 2, 4)), BLOCK[6]), (SKIP,)),
            "pool takes 4 x 2 x 4, and max gives it 4 x 4 x 4",
        ),
        (
            *(BLOCK, (replace(SKIP, stride=2),)),
            "sum takes 4 x 8 x 8, and stem gives it 4 x 4 x 4",
        ),
    ],
)
def test_refusals(nodes, skips, message):
    with pytest.raises(ValueError) as caught:
        pipeline(nodes, skips)
    assert str(caught.value) == message


def test_readers():
    config = pipeline()
    assert config.readers(INPUT) == ("stem",)
    assert config.readers("stem") == ("first", "sum")
    assert config.readers("linear") == ()
    assert config.node("second") is BLOCK[2]


@pytest.mark.parametrize(
    "name, shape, number, lanes",
    [
        (INPUT, (3, 8, 8), Number.U8, 1),
        ("stem", (4, 8, 8), Number.U8, 1),
        ("second", (4, 8, 8), Number.S16, 2),
        ("sum", (4, 8, 8), Number.U8, 4),
        ("max", (4, 4, 4), Number.U8, 1),
        ("pool", (4, 1, 1), Number.U8, 2),
        ("linear", (10, 1, 1), Number.S32, 1),
    ],
)
def test_tensors(name, shape, number, lanes):
    config = pipeline()
    found = config.shape(name), config.number(name), config.lanes(name)
    assert found == (shape, number, lanes)


HALVED = (
    conv("half", INPUT, stride=2),
    Node("pool", AveragePoolConfig(4, 4, 4), ("half",)),
    linear("pool"),
)


def test_shape_after_stride():
    assert PipelineConfig(4, 8, 8, HALVED).shape("half") == (4, 4, 4)


def test_projection_of_every_other_pixel():
    """Only by a skip with that stride."""
    half = {"height": 4, "width": 4, "output": Number.S16}
    nodes = (
        STEM,
        conv("first", "stem", stride=2),
        conv("second", "first", **half),
        conv("projection", "stem", kernel=1, **half),
        Node("sum", AddConfig(4, 4, 4), ("second", "projection")),
        replace(POOL, sources=("sum",)),
        linear("pool"),
    )
    skip = Skip("stem", "projection", SkipKind.FIFO, 9, stride=2)
    assert pipeline(nodes, [skip]).shape("sum") == (4, 4, 4)
    with pytest.raises(ValueError) as caught:
        pipeline(nodes, [replace(skip, stride=1)])
    assert str(caught.value) == "projection takes 4 x 4 x 4, and stem gives it 4 x 8 x 8"


def test_bound():
    """The slowest unit's cycles, or the image's bytes where that is more."""
    assert pipeline().bound == 8 * 8 * 2 * 27
    assert pipeline().classes == 10
    assert PipelineConfig(4, 8, 8, HALVED).bound == 4 * 8 * 8
