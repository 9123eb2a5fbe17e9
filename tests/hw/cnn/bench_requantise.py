"""cocotb tests of requantisation; started by test_requantise.py."""

import cocotb
import numpy as np
import torch

from hw.cnn.config import Number
from hw.cnn.multiply import sums_layout
from hw.cnn.streams import beat
from sim.streams import PROFILES, Bench
from sw.dataflow.pack import parameter_chunks
from tests.hw.cnn.convs import REQUANTISERS, STALLS, node, requantised
from tests.hw.cnn.loads import LoadPort

INDICES = {name: index for index, name in enumerate(REQUANTISERS)}


class Requantiser:
    """The unit of a name, with the parameters of a node."""

    @classmethod
    async def start(cls, dut, name, *, source="never", sink="never"):
        self = cls()
        self.config = c = REQUANTISERS[name]
        self.rng = np.random.default_rng(list(name.encode()))
        self.bench = await Bench.start(dut)
        load = LoadPort(self.bench, name)
        self.source = self.bench.drive(f"{name}__i", sums_layout(c), stalls=source)
        self.sink = self.bench.watch(f"{name}__o", beat(c.output, c.lanes), stalls=sink)
        self.node = node(c, self.rng)
        chunks = parameter_chunks(self.node, c).tolist()
        index = INDICES[name]
        await load.write(chunks, index=index, parameters=True)
        await load.write(chunks[::-1], index=index ^ 1, parameters=True)
        await load.write(chunks[::-1], index=index)
        await self.bench.step(2)
        return self

    @property
    def latency(self):
        if self.config.output is Number.S32:
            return 2
        return 5 if self.config.scaled else 4

    def sums(self, count):
        """Sums (pixels, channels): those of outputs in and around the range, with all remainders
        about a half, and some of all sizes, the largest too. With the bias, and half of the last
        place where there is no multiplier, they fit 32 bits."""
        c, rng = self.config, self.rng
        bias = self.node.bias.numpy().astype(np.int64)
        shape = (count, c.outputs)
        limit = (1 << 31) - 1
        least, most = -limit - 1 - np.minimum(bias, 0), limit - np.maximum(bias, 0)
        extreme = np.where(rng.random(shape) < 0.5, least, most)
        anything = (rng.random(shape) ** 3 * extreme).astype(np.int64)
        kind = rng.integers(0, 4, shape)
        near = anything
        if c.output is not Number.S32:
            shift = self.node.shift.numpy().astype(np.int64)
            if self.node.multiplier is None:
                most = most - (np.left_shift(1, shift) >> 1)
            bounds = {Number.U8: [0, 255], Number.S16: [-32768, 32767]}[c.output]
            wanted = rng.choice(bounds, shape) + rng.integers(-3, 4, shape)
            place = rng.choice([0, 1, 2, 3], shape) * np.left_shift(1, shift) // 2
            target = np.left_shift(wanted, shift) + place + rng.integers(-2, 3, shape)
            scale = 1 if self.node.multiplier is None else self.node.multiplier.numpy()
            near = target // scale - bias
        return np.clip(np.choose(kind, [near, near, anything, extreme]), least, most)

    async def check(self, count):
        """Pixels at random are as the golden model has them."""
        c = self.config
        sums = self.sums(count)
        wanted = requantised(self.node, torch.from_numpy(sums)[:, :, None, None])
        sent = {self.source.name: sums.reshape(-1, c.pe).tolist()}
        await self.bench.check(sent, {self.sink.name: wanted.reshape(-1, c.lanes).tolist()})


@cocotb.test()
@cocotb.parametrize(name=list(REQUANTISERS))
async def test_values(dut, name):
    await (await Requantiser.start(dut, name)).check(200)


@cocotb.test()
@cocotb.parametrize(name=list(REQUANTISERS))
async def test_all_shifts(dut, name):
    """What the other tests use: every shift, the largest multiplier, both ends of the range."""
    unit = await Requantiser.start(dut, name)
    c = unit.config
    outputs = requantised(unit.node, torch.from_numpy(unit.sums(200))[:, :, None, None])
    bounds = {Number.U8: (0, 255), Number.S16: (-(1 << 15), (1 << 15) - 1)}
    if c.output is Number.S32:
        assert outputs.min() < -(1 << 30) and outputs.max() > 1 << 30
    else:
        assert set(unit.node.shift.tolist()) == set(range(47 if c.scaled else 32))
        assert (outputs.min(), outputs.max()) == bounds[c.output]
        assert len(np.unique(outputs)) > 9


@cocotb.test()
@cocotb.parametrize(("name", list(REQUANTISERS)), (("source", "sink"), STALLS))
async def test_stalls(dut, name, source, sink):
    await (await Requantiser.start(dut, name, source=source, sink=sink)).check(5)


@cocotb.test()
@cocotb.parametrize(name=list(REQUANTISERS), source=PROFILES)
async def test_cycles(dut, name, source):
    """Beats of sums follow one another, the first as the docstring says; further sums are taken
    while the last beat of those before leaves the register."""
    unit = await Requantiser.start(dut, name, source=source)
    await unit.check(4)
    beats = unit.config.drain_beats
    taken = [each.cycle for each in unit.source.sent]
    assert unit.sink.cycles == [start + unit.latency + k for start in taken for k in range(beats)]
    if source == "never":
        assert taken == list(range(taken[0], taken[0] + beats * len(taken), beats))


@cocotb.test()
@cocotb.parametrize(name=list(REQUANTISERS))
async def test_reset_in_mid_pixel(dut, name):
    """Parameters stay, and are read from the first on."""
    unit = await Requantiser.start(dut, name, source="light", sink="light")
    for cut_at in range(1, 16):
        unit.source.put(*unit.sums(2).reshape(-1, unit.config.pe).tolist())
        await unit.bench.step(cut_at)
        await unit.bench.reset()
        await unit.check(1)
        await unit.bench.reset()
