"""cocotb tests of whole convolutions; started by test_stage.py."""

import cocotb
import numpy as np
import torch

from hw.cnn.config import Number
from hw.cnn.streams import beat
from sim.streams import PROFILES, Bench
from sw.dataflow.pack import parameter_chunks, weight_chunks
from sw.golden.cnn import convolve
from tests.hw.cnn.convs import STAGES, STALLS, complete, images, items, node, requantised
from tests.hw.cnn.loads import LoadPort

INDICES = {name: index for index, name in enumerate(STAGES)}
COUNTS = ("busy", "starved", "blocked")


class Stage:
    """The stage of a name, with the weights and parameters of a node."""

    @classmethod
    async def start(cls, dut, name, *, source="never", sink="never"):
        """The output is not ready where ``sink`` is None."""
        self = cls()
        self.config = c = STAGES[name]
        self.rng = np.random.default_rng(list(name.encode()))
        self.bench = await Bench.start(dut)
        self.load = LoadPort(self.bench, name)
        self.index = INDICES[name]
        self.source = self.bench.drive(f"{name}__i", beat(Number.U8, c.simd), stalls=source)
        if sink is None:
            getattr(dut, f"{name}__o__ready").value = 0
        else:
            self.sink = self.bench.watch(f"{name}__o", beat(c.output, c.lanes), stalls=sink)
        self.flags = {flag: getattr(dut, f"{name}__{flag}") for flag in COUNTS}
        self.counts = dict.fromkeys(COUNTS, 0)
        await self.fill()
        cocotb.start_soon(self._count())
        return self

    async def fill(self):
        """Load a node at random; writes to another unit are not its own."""
        self.node = node(self.config, self.rng)
        weights = weight_chunks(self.node, self.config).tolist()
        parameters = parameter_chunks(self.node, self.config).tolist()
        for index in (self.index, self.index ^ 1):
            await self.load.write(weights, index=index)
            await self.load.write(parameters, index=index, parameters=True)
            weights, parameters = weights[::-1], parameters[::-1]
        await self.bench.step(2)

    async def _count(self):
        """One flag in every cycle."""
        while True:
            await self.bench.edge
            flags = {flag: int(pin.value) for flag, pin in self.flags.items()}
            assert sum(flags.values()) == 1, flags
            for flag, value in flags.items():
                self.counts[flag] += value

    async def flags_of(self, cycles):
        """Those that are set in some of the next cycles."""
        before = dict(self.counts)
        await self.bench.step(cycles)
        return {flag for flag in COUNTS if self.counts[flag] > before[flag]}

    def expected(self, frames):
        weight = self.node.weight
        weight = weight if weight.ndim == 4 else weight[:, :, None, None]
        x = torch.from_numpy(frames.astype(np.int32))
        return requantised(self.node, convolve(x, weight, self.config.stride))

    async def check(self, count):
        """Frames at random are as the golden model has them."""
        c = self.config
        frames = images(c, count, self.rng)
        sent = {self.source.name: items(frames, c.simd)}
        await self.bench.check(sent, {self.sink.name: items(self.expected(frames), c.lanes)})

    @property
    def latency(self):
        """From the last beat of a window's last pixel to its first output."""
        c = self.config
        return c.dot_beats + (6 if c.output is Number.S32 else 9 if c.scaled else 8)


@cocotb.test()
@cocotb.parametrize(("name", list(STAGES)), (("source", "sink"), STALLS))
async def test_frames(dut, name, source, sink):
    await (await Stage.start(dut, name, source=source, sink=sink)).check(2)


@cocotb.test()
@cocotb.parametrize(name=list(STAGES))
async def test_throughput(dut, name):
    """Frames back to back, each in just its cycles; every tap is one busy cycle."""
    stage = await Stage.start(dut, name)
    c = stage.config
    before = dict(stage.counts)
    await stage.check(5)
    beats = c.out_height * c.out_width * c.outputs // c.lanes
    ends = stage.sink.cycles[beats - 1 :: beats]
    assert np.diff(ends).tolist() == [c.cycles] * 4
    busy = stage.counts["busy"] - before["busy"]
    assert busy == 5 * c.out_height * c.out_width * c.weight_words
    assert (stage.counts["blocked"] > 0) == (c.drain_beats > c.dot_beats)


@cocotb.test()
@cocotb.parametrize(name=list(STAGES), source=PROFILES)
async def test_latency(dut, name, source):
    """A window's first output comes as promised, or right behind the window before; only where
    that has outputs left, and outputs take longer than a dot product, maybe a cycle later. Its dot
    products follow each other in even steps."""
    stage = await Stage.start(dut, name, source=source)
    c = stage.config
    await stage.check(3)
    taken = [each.cycle for each in stage.source.sent]
    step = max(c.dot_beats, c.drain_beats)
    offsets = [fold * step + k for fold in range(c.folds) for k in range(c.drain_beats)]
    cycles, free, left = stage.sink.cycles, 0, -1
    for came, first in zip(complete(c, taken), cycles[:: len(offsets)], strict=True):
        late = first - max(came + stage.latency, free)
        assert late == 0 or (late == 1 and left >= came and c.drain_beats > c.dot_beats)
        free, left = first + c.folds * step, first + offsets[-1]
    assert cycles == [first + each for first in cycles[:: len(offsets)] for each in offsets]


@cocotb.test()
@cocotb.parametrize(name=list(STAGES))
async def test_flags(dut, name):
    """Starved without pixels, blocked without a taker."""
    stage = await Stage.start(dut, name, sink=None)
    assert await stage.flags_of(20) == {"starved"}
    stage.source.put(*items(images(stage.config, 9, stage.rng), stage.config.simd))
    await stage.bench.step(9 * stage.config.cycles)
    assert await stage.flags_of(20) == {"blocked"}


@cocotb.test()
@cocotb.parametrize(name=list(STAGES))
async def test_reset_in_mid_frame(dut, name):
    """Weights and parameters stay; what comes next is the start of a frame."""
    stage = await Stage.start(dut, name, source="light", sink="light")
    for cut in range(1, 200, 13):
        stage.source.put(*items(images(stage.config, 2, stage.rng), stage.config.simd))
        await stage.bench.step(cut)
        await stage.bench.reset()
        await stage.check(1)
        await stage.bench.reset()


@cocotb.test()
@cocotb.parametrize(name=list(STAGES))
async def test_another_network(dut, name):
    """Loaded anew after frames, without a reset."""
    stage = await Stage.start(dut, name)
    for _ in range(3):
        await stage.check(1)
        await stage.fill()
    await stage.check(2)
