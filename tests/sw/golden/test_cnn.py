"""The golden model of the streaming CNN against sums written out."""

import numpy as np
import pytest
import torch
from hypothesis import example, given
from hypothesis import strategies as st

from sw.golden.cnn import GoldenCnn, convolve, requantise
from sw.golden.cnn_graph import (
    QAdd,
    QConv,
    QLinear,
    QMaxPool,
    QPool,
    QuantisedGraph,
    QuantisedGraphError,
    Range,
    output_shape,
)


def conv(name="conv", source="input", outputs=2, inputs=1, side=3, **changes):
    rng = np.random.default_rng(len(name) + outputs)
    facts = {
        "weight": torch.from_numpy(rng.integers(-128, 128, (outputs, inputs, side, side), np.int8)),
        "bias": torch.from_numpy(rng.integers(-9999, 9999, outputs, np.int32)),
        "shift": torch.from_numpy(rng.integers(0, 12, outputs, np.int32)),
        "stride": 1,
        "range": Range.U8,
        "weight_bits": 8,
        "frac": 4,
    }
    return QConv(name, source, **facts | changes)


def ints(*values):
    return torch.tensor(values, dtype=torch.int32)


def linear(source="pool", inputs=2, outputs=3):
    weight = torch.arange(-3, -3 + outputs * inputs, dtype=torch.int8).reshape(outputs, inputs)
    return QLinear("linear", source, weight, torch.zeros(outputs, dtype=torch.int32), 8, 8)


def naive(x, weight, stride):
    """Sums of products, one after the other."""
    outputs, _, side, _ = weight.shape
    pad = side // 2
    n, _, height, width = x.shape
    x = np.pad(x.astype(np.int64), ((0, 0), (0, 0), (pad, pad), (pad, pad)))
    found = np.zeros((n, outputs, -(-height // stride), -(-width // stride)), np.int64)
    for o, i, j in np.ndindex(found.shape[1:]):
        window = x[:, :, i * stride : i * stride + side, j * stride : j * stride + side]
        found[:, o, i, j] = (window * weight[o].astype(np.int64)).sum(axis=(1, 2, 3))
    return found


@pytest.mark.parametrize("stride", [1, 2])
@pytest.mark.parametrize("side", [1, 3])
@pytest.mark.parametrize("channels", [1, 3, 100])
def test_convolution(channels, side, stride):
    rng = np.random.default_rng(channels)
    x = rng.integers(0, 256, (2, channels, 5, 4))
    weight = rng.integers(-128, 128, (3, channels, side, side))
    x[0], weight[0] = 255, -128
    found = convolve(
        torch.from_numpy(x.astype(np.int32)), torch.from_numpy(weight.astype(np.int8)), stride
    )
    assert np.array_equal(found.numpy(), naive(x, weight, stride))


def test_requantisation_rounds_half_up_and_clips():
    values = torch.tensor([-(1 << 31), -5, -4, -3, 3, 4, 5, 1019, 1020, (1 << 31) - 1])
    assert requantise(values, 3, Range.U8).tolist() == [0, 0, 0, 0, 0, 1, 1, 127, 128, 255]
    assert requantise(values[1:4], 3, Range.S16).tolist() == [-1, 0, 0]
    assert requantise(values[[0, -1]], 3, Range.S16).tolist() == [-32768, 32767]
    assert requantise(values[3:6], 0, Range.S16).tolist() == [-3, 3, 4]


INT32 = st.integers(-(1 << 31), (1 << 31) - 1) | st.sampled_from([-(1 << 31), (1 << 31) - 1])


@given(INT32, st.integers(1, 32767), st.integers(0, 46), st.sampled_from(Range))
@example(-(1 << 31), 32767, 46, Range.S16)
@example((1 << 31) - 1, 32767, 46, Range.S16)
@example((1 << 31) - 1, 32767, 31, Range.S16)
@example(3 << 20, 1 << 14, 36, Range.U8)
def test_requantisation_with_a_multiplier_takes_48_bits(accumulator, multiplier, shift, kind):
    total = accumulator * multiplier + (1 << shift >> 1)
    assert -(1 << 47) <= total < 1 << 47
    low, high = (0, 255) if kind is Range.U8 else (-32768, 32767)
    found = requantise(torch.tensor([accumulator]), shift, kind, multiplier)
    assert found.tolist() == [min(max(total >> shift, low), high)]


@given(st.data(), st.sampled_from(Range))
def test_each_channel_has_its_multiplier(data, kind):
    per_channel = {"min_size": 3, "max_size": 3}
    weights = st.integers(-128, 127) | st.sampled_from([-128, 127])
    biases = st.integers(-(1 << 29), 1 << 29) | st.sampled_from([-(1 << 29), 1 << 29])
    weight = data.draw(st.lists(weights, min_size=6, max_size=6))
    bias = data.draw(st.lists(biases, **per_channel))
    shift = data.draw(st.lists(st.integers(0, 46), **per_channel))
    multiplier = data.draw(st.lists(st.integers(1, 32767), **per_channel))
    x = data.draw(st.lists(st.integers(0, 255) | st.just(255), min_size=2, max_size=2))
    node = QConv(
        "conv",
        "input",
        torch.tensor(weight, dtype=torch.int8).reshape(3, 2, 1, 1),
        torch.tensor(bias, dtype=torch.int32),
        torch.tensor(shift, dtype=torch.int32),
        1,
        kind,
        8,
        None,
        torch.tensor(multiplier, dtype=torch.int32),
    )
    low, high = (0, 255) if kind is Range.U8 else (-32768, 32767)
    pixels = torch.tensor(x, dtype=torch.uint8).reshape(1, 2, 1, 1)
    last = [] if kind is Range.U8 else [QAdd("add", ("conv", "conv"), 0, 0, None)]
    rest = [*last, QPool("pool", "add" if last else "conv", 0, None), linear(inputs=3)]
    graph = QuantisedGraph((node, *rest), (2, 1, 1), None)
    found = GoldenCnn(graph).tensors(pixels)["conv"].flatten().tolist()
    for channel in range(3):
        total = sum(weight[2 * channel + i] * x[i] for i in range(2)) + bias[channel]
        total = total * multiplier[channel] + (1 << shift[channel] >> 1)
        assert -(1 << 46) <= total < 1 << 46
        assert found[channel] == min(max(total >> shift[channel], low), high)


@pytest.mark.parametrize(("size", "height", "width"), [(2, 4, 6), (3, 6, 3)])
def test_largest_of_each_square(size, height, width):
    pool = QMaxPool("max", "input", size, 8)
    nodes = (pool, conv(source="max"), QPool("pool", "conv", 0, 4, 1), linear())
    graph = QuantisedGraph(nodes, (1, height, width), 8)
    x = np.random.default_rng(size).integers(0, 256, (2, 1, height, width), np.uint8)
    found = GoldenCnn(graph).tensors(x)["max"].numpy()
    assert found.shape[1:] == graph.shapes()["max"] == (1, height // size, width // size)
    for i, j in np.ndindex(found.shape[2:]):
        square = x[:, 0, i * size : (i + 1) * size, j * size : (j + 1) * size]
        assert np.array_equal(found[:, 0, i, j], square.max(axis=(1, 2)))


def test_mean_of_any_number_of_pixels():
    nodes = (QPool("pool", "input", 20, 8, 21400), linear(inputs=1))
    graph = QuantisedGraph(nodes, (1, 7, 7), 8)
    x = np.random.default_rng(7).integers(0, 256, (50, 1, 7, 7), np.uint8)
    x[0], x[1] = 255, 0
    found = GoldenCnn(graph).tensors(x)["pool"].numpy()[:, 0]
    assert np.array_equal(found, np.floor(x.mean(axis=(1, 2, 3)) + 0.5))


def test_a_block_with_its_skip_by_hand():
    first = conv(range=Range.S16, outputs=2, inputs=2, source="stem", name="first")
    stem = conv(outputs=2, name="stem")
    graph = QuantisedGraph(
        (
            stem,
            first,
            QAdd("add", ("first", "stem"), 5, 6, 3),
            QPool("pool", "add", 3, 3),
            linear(),
        ),
        (1, 4, 2),
        8,
    )
    x = torch.randint(0, 256, (6, 1, 4, 2), dtype=torch.uint8)
    found = GoldenCnn(graph).tensors(x)
    shift = stem.shift.numpy()[:, None, None]
    total = naive(x.numpy(), stem.weight.numpy(), 1) + stem.bias.numpy()[:, None, None]
    mine = np.clip((total + (1 << shift >> 1)) >> shift, 0, 255)
    assert np.array_equal(found["stem"].numpy(), mine)
    shift = first.shift.numpy()[:, None, None]
    total = naive(mine, first.weight.numpy(), 1) + first.bias.numpy()[:, None, None]
    other = np.clip((total + (1 << shift >> 1)) >> shift, -32768, 32767)
    assert np.array_equal(found["first"].numpy(), other)
    both = np.clip((other + mine * 32 + 32) >> 6, 0, 255)
    assert np.array_equal(found["add"].numpy(), both)
    pooled = np.clip((both.sum(axis=(2, 3)) + 4) >> 3, 0, 255)
    assert np.array_equal(found["pool"].numpy(), pooled)
    logits = pooled @ graph.nodes[-1].weight.numpy().astype(int).T
    assert np.array_equal(found["linear"].numpy(), logits)
    assert np.array_equal(GoldenCnn(graph).classes(x).numpy(), logits.argmax(axis=1))
    assert graph.has_skips


def plain(**changes):
    nodes = {"conv": conv(), "pool": QPool("pool", "conv", 2, 4), "linear": linear()}
    return QuantisedGraph(tuple((nodes | changes).values()), (1, 2, 2), 8)


def test_what_images_must_be():
    golden = GoldenCnn(plain())
    with pytest.raises(TypeError, match=r"images must be uint8, not torch\.float32"):
        golden(torch.zeros(1, 1, 2, 2))
    with pytest.raises(ValueError, match=r"not \(1, 1, 2, 3\)"):
        golden(torch.zeros(1, 1, 2, 3, dtype=torch.uint8))


def test_no_skip():
    assert not plain().has_skips
    assert plain().shapes() == {"input": (1, 2, 2), "conv": (2, 2, 2), "pool": (2,), "linear": (3,)}


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: conv(weight=torch.zeros(2, 1, 3, 3)), "conv: weight must be torch.int8"),
        (lambda: conv(side=5), "conv: kernels must be 1 x 1 or 3 x 3, not 5 x 5"),
        (lambda: conv(stride=3), "conv: stride must be 1 or 2, not 3"),
        (lambda: conv(shift=torch.tensor([0, 32], dtype=torch.int32)), "conv: shifts must be from"),
        (lambda: conv(multiplier=ints(1, 0)), "conv: multipliers must be from 1 to 32767"),
        (lambda: conv(multiplier=ints(32768, 1)), "conv: multipliers must be from 1 to 32767"),
        (
            lambda: conv(multiplier=ints(1, 1), shift=ints(0, 47)),
            "conv: shifts must be from 0 to 46",
        ),
        (
            lambda: conv(multiplier=ints(1, 1), shift=ints(-1, 0)),
            "conv: shifts must be from 0 to 46",
        ),
        (lambda: conv(multiplier=ints(1)), r"conv: multiplier must be \(2,\)"),
        (lambda: conv(multiplier=7), "conv: multiplier must be torch.int32 of 1 dimensions, not i"),
        (lambda: QPool("pool", "conv", 9, 4, 32768), "pool: multipliers must be from 1 to 32767"),
        (lambda: QPool("pool", "conv", 47, 4, 1), "pool: shifts must be from 0 to 46"),
        (
            lambda: QMaxPool("max", "conv", 4, 4),
            "max: the largest is of 2 x 2 or 3 x 3 pixels, not 4",
        ),
        (
            lambda: plain(pool=QMaxPool("max", "conv", 3, 4)),
            "max: 2 x 2 pixels do not divide into 3 x 3",
        ),
        (
            lambda: plain(last=linear(source="linear", inputs=3)),
            "linear reads 'linear', which is l",
        ),
        (lambda: conv(bias=torch.zeros(3, dtype=torch.int32)), r"conv: bias must be \(2,\)"),
        (lambda: conv(weight_bits=4), "conv: a weight does not fit 4 bits"),
        (lambda: conv(weight_bits=5), "conv: weights are of 4 or 8 bits, not 5"),
        (
            lambda: conv(bias=torch.full((2,), 1 << 30, dtype=torch.int32)),
            "conv: the accumulator of channel . can reach",
        ),
        (lambda: output_shape(QMaxPool("max", "x", 2, 4), [(1, 3, 2)]), "max: 3 x 2 pixels do not"),
        (lambda: output_shape(QMaxPool("max", "x", 2, 4), [(1, 2, 3)]), "max: 2 x 3 pixels do not"),
        (lambda: QAdd("add", ("a", "b"), 9, 0, 4), "add: lift must be from 0 to 8"),
        (lambda: plain(pool=QPool("pool", "conv", 3, 4)), "pool: the mean of 2 x 2 pixels"),
        (lambda: plain(conv=conv(range=Range.S16)), "pool reads 'conv', which is s16, not u8"),
        (lambda: plain(conv=conv(inputs=2)), "conv takes 2 channels, but 'input' has 1"),
        (lambda: plain(linear=linear(source="conv")), "linear reads 'conv' of shape"),
        (lambda: plain(linear=QPool("other", "conv", 2, 4)), "the last node must be linear"),
        (lambda: plain(pool=QPool("pool", "x", 2, 4)), "pool reads 'x', which is not before it"),
    ],
)
def test_refused(make, message):
    with pytest.raises(QuantisedGraphError, match=message):
        make()
