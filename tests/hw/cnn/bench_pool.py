"""cocotb tests of pooling, against the golden model and PyTorch; started by test_pool.py."""

import random

import cocotb
import torch
from torch.nn import functional

from hw.cnn.config import AveragePoolConfig, MaxPoolConfig, Number
from hw.cnn.streams import beat
from sim.runner import bench_parameters
from sim.streams import PROFILES
from sw.golden.cnn import requantise
from sw.golden.cnn_graph import Range
from tests.hw.cnn.units import Unit, extremes

PARAMETERS = bench_parameters()
AVERAGES = {name: (AveragePoolConfig(**c), k) for name, (c, k) in PARAMETERS["averages"].items()}
MAXIMA = {name: MaxPoolConfig(**config) for name, config in PARAMETERS["maxima"].items()}
NAMES = [*AVERAGES, *MAXIMA]
LATENCY = {**dict.fromkeys(AVERAGES, 2), **dict.fromkeys(MAXIMA, 1)}


class Pool(Unit):
    """Either, and for the mean its shift, half of the largest at first."""

    def __init__(self, name):
        self.config, index = AVERAGES.get(name) or (MAXIMA[name], 0)
        layout = beat(Number.U8, self.config.lanes)
        self.shift = self.pixels.bit_length() // 2
        word = self.shift if name in AVERAGES else None
        super().__init__(name, {"i": layout}, {"o": layout}, self.image, word, index)

    @property
    def pixels(self):
        return self.config.height * self.config.width

    def image(self, rng):
        """Of each few channels one is 0, one 255 everywhere."""
        config = self.config
        pixels = [extremes(rng, Number.U8.shape, config.channels) for _ in range(self.pixels)]
        for channel in range(config.channels):
            value = rng.choice([0, 255, 1, None, None, None])
            for pixel in pixels:
                pixel[channel] = pixel[channel] if value is None else value
        return self.frame_of(pixels)

    def frame_of(self, pixels):
        config = self.config
        image = torch.tensor(pixels).T.reshape(config.channels, config.height, config.width)
        if self.name in AVERAGES:
            result = requantise(image.sum(dim=(1, 2)), self.shift, Range.U8)
        else:
            result = functional.max_pool2d(image.double(), config.size).int()
        result = result.reshape(config.channels, -1).T
        return {"i": self.beats(torch.tensor(pixels))}, {"o": self.beats(result)}

    def beats(self, pixels):
        return pixels.reshape(-1, self.config.lanes).tolist()

    def ends(self):
        """Places of the beats of a frame with which a result's leave."""
        config = self.config
        size = config.size if self.name in MAXIMA else None
        rows, columns = size or config.height, size or config.width
        groups = config.channels // config.lanes
        return [
            (row * config.width + column) * groups + group
            for row in range(rows - 1, config.height, rows)
            for column in range(columns - 1, config.width, columns)
            for group in range(groups)
        ]


@cocotb.test()
@cocotb.parametrize(name=NAMES, source=PROFILES, sink=PROFILES)
async def test_stalls(dut, name, source, sink):
    await Pool(name).check_stalls(dut, source, sink, frames=5)


@cocotb.test()
@cocotb.parametrize(name=NAMES)
async def test_resets(dut, name):
    await Pool(name).check_resets(dut)


@cocotb.test()
@cocotb.parametrize(name=list(AVERAGES))
async def test_shifts(dut, name):
    """Every shift: extremes, and sums about where the result turns."""
    rng = random.Random(name)
    unit = Pool(name)
    await unit.start(dut)
    shifts = range(unit.pixels.bit_length())
    for unit.shift in shifts:
        await unit.load(unit.shift)
        await unit.check(rng, 2)
        for result in (0, 1, 127, 254, 255):
            sums = [
                min(255 * unit.pixels, max(0, (2 * result + 1 << unit.shift >> 1) + off))
                for off in (rng.choice([-1, 0, 1]) for _ in range(unit.config.channels))
            ]
            pixels = [
                [s // unit.pixels + (k < s % unit.pixels) for s in sums] for k in range(unit.pixels)
            ]
            sent, expected = unit.frame_of(pixels)
            await unit.bench.check(unit.named(sent), unit.named(expected))


@cocotb.test()
@cocotb.parametrize(name=NAMES)
async def test_cycles(dut, name):
    """A beat a cycle from frame to frame; results a fixed number of cycles after their last."""
    unit = Pool(name)
    await unit.start(dut)
    await unit.check(random.Random(name), 5)
    sent = unit.sent()
    assert sent == list(range(sent[0], sent[0] + len(sent)))
    frame = len(sent) // 5
    ends = [sent[k * frame + place] + LATENCY[name] for k in range(5) for place in unit.ends()]
    assert unit.sink().cycles == ends


@cocotb.test()
@cocotb.parametrize(name=NAMES)
async def test_blocked(dut, name):
    """Without a taker as many results are held as there are registers; what does not end a result
    is still taken."""
    unit = Pool(name)
    await unit.start(dut, blocked=("o",))
    frames = [unit.image(random.Random(k)) for k in range(3)]
    for sent, _ in frames:
        unit.source().put(*sent["i"])
    count = len(frames[0][0]["i"])
    await unit.bench.step(3 * count + 20)
    ends = [k * count + place for k in range(3) for place in unit.ends()]
    assert len(unit.sent()) == ends[LATENCY[name]]
    sink = unit.watch("o")
    await unit.bench.check({}, {sink.name: [item for _, want in frames for item in want["o"]]})


@cocotb.test()
@cocotb.parametrize(name=list(AVERAGES))
async def test_other_writes(dut, name):
    """Writes of weights, to other units, or not valid, leave the shift as it is; so does a
    reset."""
    unit = Pool(name)
    await unit.start(dut)
    await unit.load(31, parameters=0)
    await unit.load(31, unit=unit.index ^ 64)
    await unit.load(31, valid=0)
    await unit.check(random.Random(name))
    await unit.bench.reset()
    await unit.check(random.Random(name))
    await unit.load(unit.shift | (1 << 64) - (1 << 5))
    await unit.check(random.Random(name))
