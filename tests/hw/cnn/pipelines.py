"""Small pipelines for the tests of the host side."""

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


def linear(inputs, outputs, **options):
    return ConvConfig(inputs, outputs, 1, 1, kernel=1, output=Number.S32, **options)


PIPELINES = {
    # One unit; an image of a single byte.
    "linear": PipelineConfig(1, 1, 1, (Node("linear", linear(1, 1), (INPUT,)),)),
    # Every kind of unit; words of one, two and four chunks; a word of an image that is not full.
    "block": PipelineConfig(
        1,
        6,
        6,
        (
            Node("stem", ConvConfig(1, 4, 6, 6, pe=4), (INPUT,)),
            Node("small", MaxPoolConfig(4, 6, 6, size=3), ("stem",)),
            Node(
                "long",
                ConvConfig(4, 4, 2, 2, simd=4, pe=4, lanes=4, output=Number.S16, scaled=True),
                ("small",),
            ),
            Node("sum", AddConfig(4, 2, 2, second=Number.U8), ("long", "small")),
            Node("mean", AveragePoolConfig(4, 2, 2), ("sum",)),
            Node("linear", linear(4, 6, simd=4, pe=6, lanes=2), ("mean",)),
        ),
        (Skip("small", "sum", SkipKind.FIFO, depth=16),),
    ),
}
