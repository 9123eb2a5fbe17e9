"""Configurations: what they refuse, and the figures derived from them."""

import pytest
from amaranth.hdl import signed, unsigned

from hw.cnn.config import (
    AddConfig,
    AveragePoolConfig,
    ConvConfig,
    MaxPoolConfig,
    Number,
    PipelineConfig,
    Skip,
    SkipKind,
    chunks_of,
)

CONV = {"inputs": 12, "outputs": 8, "height": 4, "width": 6}
ADD = {"channels": 4, "height": 4, "width": 6}
POOL = {"channels": 4, "height": 4, "width": 8}
MAX_POOL = {"channels": 4, "height": 6, "width": 6}
SKIP = {"source": "a", "reader": "b", "kind": SkipKind.FIFO, "depth": 5}


def refused(make, *arguments, **named):
    with pytest.raises(ValueError) as caught:
        make(*arguments, **named)
    return str(caught.value)


@pytest.mark.parametrize("value", [0, -1, "2", 1.0, None])
@pytest.mark.parametrize(
    "kind, base, name",
    [
        *[(ConvConfig, CONV, name) for name in (*CONV, "simd", "pe", "lanes")],
        *[(AddConfig, ADD, name) for name in (*ADD, "lanes")],
        *[(AveragePoolConfig, POOL, name) for name in (*POOL, "lanes")],
        *[(MaxPoolConfig, MAX_POOL, name) for name in (*MAX_POOL, "lanes")],
        *[(PipelineConfig, {**ADD, "nodes": ()}, name) for name in ADD],
    ],
)
def test_positive(kind, base, name, value):
    wanted = f"{name} must be a positive integer, not {value!r}"
    assert refused(kind, **{**base, name: value}) == wanted


@pytest.mark.parametrize(
    "kind, base, changes, message",
    [
        (ConvConfig, CONV, {"kernel": 2}, "kernel must be 1 or 3, not 2"),
        (ConvConfig, CONV, {"kernel": 5}, "kernel must be 1 or 3, not 5"),
        (ConvConfig, CONV, {"stride": 0}, "stride must be 1, or 2 with a kernel of 3, not 0"),
        (ConvConfig, CONV, {"stride": 3}, "stride must be 1, or 2 with a kernel of 3, not 3"),
        (
            *(ConvConfig, CONV, {"stride": 2, "kernel": 1}),
            "stride must be 1, or 2 with a kernel of 3, not 2",
        ),
        (
            *(ConvConfig, CONV, {"height": 1}),
            "height and width must be at least 2 with a kernel of 3, not 1 and 6",
        ),
        (
            *(ConvConfig, CONV, {"width": 1}),
            "height and width must be at least 2 with a kernel of 3, not 4 and 1",
        ),
        (
            *(ConvConfig, CONV, {"stride": 2, "height": 5}),
            "height and width must be even with a stride of 2, not 5 and 6",
        ),
        (
            *(ConvConfig, CONV, {"stride": 2, "width": 7}),
            "height and width must be even with a stride of 2, not 4 and 7",
        ),
        (ConvConfig, CONV, {"weight_bits": 6}, "weight_bits must be 4 or 8, not 6"),
        (
            *(ConvConfig, CONV, {"output": Number.S32, "scaled": True}),
            "scaled must be false with outputs of 32 bits",
        ),
        (ConvConfig, CONV, {"simd": 5}, "simd must divide the 12 inputs, not 5"),
        (ConvConfig, CONV, {"pe": 3}, "pe must divide the 8 outputs, not 3"),
        (ConvConfig, CONV, {"pe": 4, "lanes": 8}, "lanes must divide the 4 pe, not 8"),
        (AddConfig, ADD, {"lanes": 3}, "lanes must divide the 4 channels, not 3"),
        (AddConfig, ADD, {"second": Number.S32}, "second must be U8 or S16, not S32"),
        (AveragePoolConfig, POOL, {"lanes": 3}, "lanes must divide the 4 channels, not 3"),
        (
            *(AveragePoolConfig, POOL, {"width": 6}),
            "the image must have a power of two of pixels, not 24",
        ),
        (MaxPoolConfig, MAX_POOL, {"lanes": 3}, "lanes must divide the 4 channels, not 3"),
        (MaxPoolConfig, MAX_POOL, {"size": 1}, "size must be 2 or 3, not 1"),
        (MaxPoolConfig, MAX_POOL, {"size": 4}, "size must be 2 or 3, not 4"),
        (MaxPoolConfig, MAX_POOL, {"height": 7}, "size must divide the 7 height, not 2"),
        (MaxPoolConfig, MAX_POOL, {"width": 8, "size": 3}, "size must divide the 8 width, not 3"),
        (Skip, SKIP, {"depth": 1}, "depth must be an integer of at least 2, not 1"),
        (Skip, SKIP, {"depth": 2.0}, "depth must be an integer of at least 2, not 2.0"),
        (Skip, SKIP, {"stride": 3}, "stride must be 1 or 2, not 3"),
    ],
)
def test_refusals(kind, base, changes, message):
    kind(**base)
    assert refused(kind, **{**base, **changes}) == message


def test_smallest():
    """What is just allowed."""
    ConvConfig(1, 1, 2, 2, stride=2)
    ConvConfig(1, 1, 1, 1, kernel=1)
    AveragePoolConfig(1, 1, 1)
    MaxPoolConfig(1, 3, 3, size=3)
    Skip("a", "b", SkipKind.HOLD, 2, stride=2)


@pytest.mark.parametrize(
    "width, chunks",
    [(1, 1), (63, 1), (64, 1), (65, 2), (128, 2), (129, 4), (256, 4), (257, 8), (512, 8)],
)
def test_chunks_of(width, chunks):
    assert chunks_of(width) == chunks


@pytest.mark.parametrize(
    "number, shape",
    [(Number.U8, unsigned(8)), (Number.S16, signed(16)), (Number.S32, signed(32))],
)
def test_number(number, shape):
    assert (number.shape, number.bits) == (shape, shape.width)


# ``groups`` to ``multipliers`` by hand, then bits and words of weights and of parameters.
CONVS = [
    (
        ConvConfig(12, 8, 4, 6),
        {"out_height": 4, "out_width": 6, "groups": 12, "folds": 8, "dot_beats": 108},
        {"drain_beats": 1, "cycles": 20736, "multipliers": 1, "ring_pixels": 16},
        {"weight_word": 8, "weight_words": 864, "parameter_word": 37, "parameter_words": 8},
    ),
    (
        ConvConfig(12, 8, 4, 6, stride=2, simd=4, pe=2, lanes=2, weight_bits=4, scaled=True),
        {"out_height": 2, "out_width": 3, "groups": 3, "folds": 4, "dot_beats": 27},
        {"drain_beats": 1, "cycles": 648, "multipliers": 10, "ring_pixels": 23},
        {"weight_word": 32, "weight_words": 108, "parameter_word": 106, "parameter_words": 4},
    ),
    (
        ConvConfig(12, 8, 3, 5, kernel=1, simd=12, pe=8, lanes=2, output=Number.S16),
        {"out_height": 3, "out_width": 5, "groups": 1, "folds": 1, "dot_beats": 1},
        {"drain_beats": 4, "cycles": 60, "multipliers": 96, "ring_pixels": 2},
        {"weight_word": 768, "weight_words": 1, "parameter_word": 74, "parameter_words": 4},
    ),
    (
        ConvConfig(64, 10, 1, 1, kernel=1, simd=2, pe=5, output=Number.S32),
        {"out_height": 1, "out_width": 1, "groups": 32, "folds": 2, "dot_beats": 32},
        {"drain_beats": 5, "cycles": 64, "multipliers": 10, "ring_pixels": 2},
        {"weight_word": 80, "weight_words": 64, "parameter_word": 32, "parameter_words": 10},
    ),
]


@pytest.mark.parametrize("config, work, cost, memory", CONVS)
def test_conv_figures(config, work, cost, memory):
    wanted = work | cost | memory
    assert {name: getattr(config, name) for name in wanted} == wanted


@pytest.mark.parametrize(
    "output, scaled, fields",
    [
        (Number.U8, False, (("bias", 32), ("shift", 5))),
        (Number.S16, False, (("bias", 32), ("shift", 5))),
        (Number.S16, True, (("bias", 32), ("shift", 6), ("scale", 15))),
        (Number.S32, False, (("bias", 32),)),
    ],
)
def test_parameter_fields(output, scaled, fields):
    assert ConvConfig(**CONV, output=output, scaled=scaled).parameter_fields == fields


@pytest.mark.parametrize(
    "unit, cycles",
    [
        (AddConfig(4, 4, 6, lanes=2), 48),
        (AveragePoolConfig(4, 4, 8, lanes=4), 32),
        (MaxPoolConfig(4, 6, 6), 144),
    ],
)
def test_other_units(unit, cycles):
    assert (unit.cycles, unit.multipliers) == (cycles, 0)


@pytest.mark.parametrize("height, width, bits", [(1, 1, 8), (1, 2, 9), (4, 8, 13)])
def test_sum_bits(height, width, bits):
    assert AveragePoolConfig(4, height, width).sum_bits == bits
