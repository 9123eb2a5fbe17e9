"""Memory images read again as the gateware reads them, and compared with the network's nodes."""

from dataclasses import replace

import numpy as np
import pytest

from hw.cnn.config import ConvConfig, MaxPoolConfig, Number
from sw.dataflow.pack import parameter_chunks, weight_chunks
from sw.golden.cnn_graph import QAdd, QMaxPool, QPool
from tests.hw.cnn.convs import node as random_node

UNITS = {
    "single": ConvConfig(1, 1, 4, 4),
    "folded": ConvConfig(6, 4, 4, 4, simd=3, pe=2),
    "whole": ConvConfig(2, 3, 2, 2, simd=2, pe=3, lanes=3),
    "half": ConvConfig(4, 6, 4, 6, stride=2, simd=2, pe=6, lanes=2),
    "points": ConvConfig(6, 4, 2, 2, kernel=1, simd=2, pe=4, lanes=4),
    "narrow": ConvConfig(6, 4, 2, 2, simd=6, pe=2, weight_bits=4),
    "narrow_single": ConvConfig(2, 2, 2, 2, weight_bits=4),
    # Words of weights of 2 and 4 chunks, the last one not full; of parameters of 4 and 8.
    "two_chunks": ConvConfig(3, 6, 2, 2, simd=3, pe=3, lanes=3),
    "four_chunks": ConvConfig(5, 4, 2, 2, simd=5, pe=4, lanes=4, scaled=True),
    "eight_chunks": ConvConfig(4, 16, 2, 2, simd=4, pe=16, lanes=8, scaled=True),
    "summand": ConvConfig(2, 4, 2, 2, pe=2, lanes=2, output=Number.S16),
    "linear": ConvConfig(6, 10, 1, 1, kernel=1, simd=3, pe=5, output=Number.S32),
    "linear_narrow": ConvConfig(8, 6, 1, 1, 1, simd=8, pe=3, weight_bits=4, output=Number.S32),
}


def words_of(chunks, bits):
    """Words of so many bits: of 1, 2, 4, 8 ... chunks, the lowest first, zeros above."""
    assert chunks.dtype == np.uint64 and chunks.ndim == 1
    count = 1
    while 64 * count < bits:
        count *= 2
    values = [int(chunk) for chunk in chunks]
    assert len(values) % count == 0
    words = [
        sum(value << 64 * k for k, value in enumerate(values[at : at + count]))
        for at in range(0, len(values), count)
    ]
    assert all(word >> bits == 0 for word in words)
    return words


def signed(value, bits):
    return value - (1 << bits) if value >> bits - 1 else value


def case(name):
    unit = UNITS[name]
    return unit, random_node(unit, np.random.default_rng(len(name)))


@pytest.mark.parametrize("name", UNITS)
def test_weights(name):
    """Word by word in the order of use: output channels, taps by rows, groups of inputs."""
    unit, node = case(name)
    words = words_of(weight_chunks(node, unit), unit.simd * unit.pe * unit.weight_bits)
    weight = node.weight.numpy().reshape(unit.outputs, unit.inputs, unit.kernel, unit.kernel)
    place = 0
    for first_out in range(0, unit.outputs, unit.pe):
        for row in range(unit.kernel):
            for column in range(unit.kernel):
                for first_in in range(0, unit.inputs, unit.simd):
                    word, place = words[place], place + 1
                    for out in range(first_out, first_out + unit.pe):
                        for into in range(first_in, first_in + unit.simd):
                            low = word & (1 << unit.weight_bits) - 1
                            word >>= unit.weight_bits
                            assert signed(low, unit.weight_bits) == weight[out, into, row, column]
    assert place == len(words)


@pytest.mark.parametrize("name", UNITS)
def test_parameters(name):
    """Bias, shift and multiplier of each channel; half of the last place is in the bias, unless
    there is a multiplier."""
    unit, node = case(name)
    shift_bits = 0 if unit.output is Number.S32 else 6 if unit.scaled else 5
    channel_bits = 32 + shift_bits + (15 if unit.scaled else 0)
    words = words_of(parameter_chunks(node, unit), unit.lanes * channel_bits)
    assert len(words) == unit.outputs // unit.lanes
    for channel in range(unit.outputs):
        fields = words[channel // unit.lanes] >> channel % unit.lanes * channel_bits
        bias = signed(fields & 0xFFFF_FFFF, 32)
        shift = fields >> 32 & (1 << shift_bits) - 1
        scale = fields >> 32 + shift_bits & 0x7FFF
        expected = int(node.bias[channel])
        if shift_bits:
            assert shift == node.shift[channel]
            expected += 0 if unit.scaled else (1 << shift) // 2
        if unit.scaled:
            assert scale == node.multiplier[channel]
        assert bias == expected


def test_parameters_of_other_nodes():
    add = QAdd("add", ("first", "second"), lift=8, shift=16, frac=None)
    assert parameter_chunks(add, None).tolist() == [8 | 16 << 4]
    assert parameter_chunks(QPool("mean", "add", 5, None), None).tolist() == [5]
    largest = parameter_chunks(QMaxPool("largest", "mean", 2, None), MaxPoolConfig(1, 2, 2))
    assert largest.dtype == np.uint64 and largest.shape == (0,)


def test_the_same_weights_whatever_the_folding():
    """Only their order and the width of words change."""
    unit, node = case("folded")
    other = replace(unit, simd=1, pe=1)
    ones = [word & 0xFF for word in words_of(weight_chunks(node, other), 8)]
    parts = words_of(weight_chunks(node, unit), 48)
    split = [word >> 8 * k & 0xFF for word in parts for k in range(6)]
    assert sorted(ones) == sorted(split)
