"""cocotb tests of dot products; started by test_multiply.py."""

import cocotb
import numpy as np

from hw.cnn.config import chunks_of
from hw.cnn.multiply import sums_layout
from hw.cnn.window import tap_layout
from sim.streams import PROFILES, Bench
from tests.hw.cnn.convs import DOTS, STALLS
from tests.hw.cnn.loads import LoadPort, cut

INDICES = {name: index for index, name in enumerate(DOTS)}


class Dots:
    """The unit of a name, and its weights (words, pe, simd)."""

    @classmethod
    async def start(cls, dut, name, *, source="never", sink="never", weights=None):
        self = cls()
        self.config = c = DOTS[name]
        self.index = INDICES[name]
        self.rng = np.random.default_rng(list(name.encode()))
        self.bench = await Bench.start(dut)
        self.load = LoadPort(self.bench, name)
        self.source = self.bench.drive(f"{name}__i", tap_layout(c), stalls=source)
        self.sink = self.bench.watch(f"{name}__o", sums_layout(c), stalls=sink)
        top = 1 << c.weight_bits - 1
        shape = (c.weight_words, c.pe, c.simd)
        self.weights = self.rng.integers(-top, top, shape)
        if weights is not None:
            self.weights[:] = weights
        await self.write(c.weight_words)
        return self

    async def write(self, count):
        """The first words of weights."""
        c = self.config
        chunks = []
        for word in self.weights[:count].reshape(count, -1).tolist():
            fields = [weight % (1 << c.weight_bits) for weight in word]
            bits = sum(field << k * c.weight_bits for k, field in enumerate(fields))
            chunks += cut(bits, chunks_of(c.weight_word))
        await self.load.write(chunks, index=self.index)
        await self.load.write(chunks[::-1], index=self.index ^ 1)
        await self.load.write(chunks[::-1], index=self.index, parameters=True)

    def products(self, lengths, x=None):
        """Taps of dot products of these lengths, at random unless all are ``x``, and their sums."""
        c = self.config
        pixels = self.rng.integers(0, 256, (sum(lengths), c.simd))
        if x is not None:
            pixels[:] = x
        ends = np.cumsum(lengths)
        taps = [
            {"x": pixel, "last": int(number in ends)}
            for number, pixel in enumerate(pixels.tolist(), start=1)
        ]
        words = self.weights[np.arange(len(pixels)) % c.weight_words]
        products = np.einsum("tps,ts->tp", words, pixels)
        return taps, np.add.reduceat(products, [0, *ends[:-1]]).tolist()

    async def check(self, lengths, x=None):
        taps, sums = self.products(lengths, x)
        await self.bench.check({self.source.name: taps}, {self.sink.name: sums})

    def rounds(self, count):
        """Lengths of dot products that use all weights some times."""
        c = self.config
        return [c.dot_beats] * (c.folds * count)


@cocotb.test()
@cocotb.parametrize(("name", list(DOTS)), (("source", "sink"), STALLS))
async def test_sums(dut, name, source, sink):
    """Of the layer's length, and of any."""
    dots = await Dots.start(dut, name, source=source, sink=sink)
    lengths = dots.rng.integers(1, 6, 40).tolist()
    await dots.check([*dots.rounds(3), 1, 1, 1, 2, *lengths])


@cocotb.test()
@cocotb.parametrize(name=list(DOTS), x=[0, 255], weight=["least", "largest"])
async def test_extremes(dut, name, x, weight):
    top = 1 << DOTS[name].weight_bits - 1
    dots = await Dots.start(dut, name, weights=-top if weight == "least" else top - 1)
    await dots.check(dots.rounds(2), x)


@cocotb.test()
@cocotb.parametrize(weight=[-128, 127])
async def test_bits_of_sums(dut, weight):
    """Nearly as far from zero as 32 bits go."""
    dots = await Dots.start(dut, "wide", weights=weight)
    length = (1 << 31) // (128 * 255 * 16)
    await dots.check([length, length], 255)


@cocotb.test()
@cocotb.parametrize(name=list(DOTS), source=PROFILES)
async def test_cycles(dut, name, source):
    """Taps are taken as they come; sums come three cycles after their last tap was taken."""
    dots = await Dots.start(dut, name, source=source)
    await dots.bench.step(2)
    await dots.check([*dots.rounds(2), 1, 1, 3])
    taken = [each.cycle for each in dots.source.sent]
    lasts = [each.cycle for each in dots.source.sent if each.item["last"]]
    assert dots.sink.cycles == [cycle + 3 for cycle in lasts]
    if source == "never":
        assert taken == list(range(taken[0], taken[0] + len(taken)))


@cocotb.test()
@cocotb.parametrize(name=list(DOTS))
async def test_reset_in_mid_product(dut, name):
    """Weights stay, and are read from the first on."""
    dots = await Dots.start(dut, name, source="light", sink="light")
    for cut_at in range(1, 20):
        dots.source.put(*dots.products(dots.rounds(2))[0])
        await dots.bench.step(cut_at)
        await dots.bench.reset()
        await dots.check(dots.rounds(1))
        await dots.bench.reset()


@cocotb.test()
@cocotb.parametrize(name=list(DOTS))
async def test_new_weights(dut, name):
    """A write between frames: weights are read from the first on again."""
    dots = await Dots.start(dut, name)
    for _ in range(3):
        await dots.check([*dots.rounds(1), 1])
        dots.weights[0] ^= 1
        await dots.write(1)
    await dots.check(dots.rounds(2))
