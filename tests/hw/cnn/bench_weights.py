"""cocotb tests of the memory of weights, in step with a model; started by test_weights.py."""

import random

import cocotb

from hw.cnn.config import chunks_of
from sim.runner import bench_parameters
from sim.stalls import Stalls
from sim.streams import PROFILES, Bench
from tests.hw.cnn.loads import LoadPort, cut
from tests.hw.lockstep import Lockstep

MEMORIES = bench_parameters()["memories"]


class Model(Lockstep):
    """Words from the first on again and again; ``words``, chunks by word, outlast resets."""

    def __init__(self, bench, name):
        self.depth, self.width, self.index, self.parameters = MEMORIES[name]
        self.chunks = chunks_of(self.width)
        self.words = [[None] * self.chunks for _ in range(self.depth)]
        self.given = 0
        super().__init__(bench, name)

    def forget(self):
        self.cursor, self.held = 0, None

    def check(self):
        self.expect("o__valid", self.held is not None)
        if self.held is not None and None not in self.words[self.held]:
            word = sum(chunk << 64 * k for k, chunk in enumerate(self.words[self.held]))
            self.expect("o__payload", word & (1 << self.width) - 1)
            self.given += self.pin("o__ready")
        kind = bool(self.pin("load__parameters")) == self.parameters
        if self.pin("load__valid") and self.pin("load__unit") == self.index and kind:
            self.write(self.pin("load__address"), self.pin("load__data"))
            self.cursor, self.held = 0, None
        elif self.held is None or self.pin("o__ready"):
            self.held, self.cursor = self.cursor, (self.cursor + 1) % self.depth

    def write(self, address, data):
        word, chunk = divmod(address, self.chunks)
        self.words[word][chunk] = data


class Memory:
    """The memory of a name, its model beside it."""

    @classmethod
    async def start(cls, dut, name, stalls="never"):
        self = cls()
        self.rng = random.Random(f"{name}/{stalls}")
        self.bench = await Bench.start(dut)
        self.load = LoadPort(self.bench, name)
        self.model = Model(self.bench, name)
        self.ready = getattr(dut, f"{name}__o__ready")
        cocotb.start_soon(self._take(Stalls(stalls, name)))
        for number in range(self.model.depth):
            await self.write(number)
        return self

    async def _take(self, stalls):
        while True:
            self.ready.value = int(not stalls.stalled())
            await self.bench.edge

    def chunks(self):
        """A word at random, with bits beyond it in its last chunk."""
        return cut(self.rng.getrandbits(64 * self.model.chunks), self.model.chunks)

    async def write(self, number):
        """A new word; sometimes with others' writes and pauses between its chunks."""
        model = self.model
        place = {"index": model.index, "parameters": model.parameters}
        for k, chunk in enumerate(self.chunks()):
            if self.rng.random() < 0.2:
                await self.others()
            if self.rng.random() < 0.2:
                await self.bench.step(self.rng.randrange(1, 4))
            await self.load.write([chunk], address=number * model.chunks + k, **place)

    async def others(self):
        """Writes to another unit, and to the other kind."""
        index, parameters = self.model.index, self.model.parameters
        await self.load.write(self.chunks(), index=index ^ 1, parameters=parameters)
        await self.load.write(self.chunks(), index=index ^ 128, parameters=parameters)
        await self.load.write(self.chunks(), index=index, parameters=not parameters)


@cocotb.test()
@cocotb.parametrize(name=list(MEMORIES), stalls=PROFILES)
async def test_words(dut, name, stalls):
    """Words come round and round, and anew after each write, whatever it changes."""
    memory = await Memory.start(dut, name, stalls)
    await memory.bench.step(100)
    for _ in range(30):
        await memory.write(memory.rng.randrange(memory.model.depth))
        await memory.bench.step(memory.rng.randrange(3 * memory.model.depth))
    assert all(None not in word for word in memory.model.words)


@cocotb.test()
@cocotb.parametrize(name=list(MEMORIES))
async def test_others_do_not_disturb(dut, name):
    """A word in every cycle, while others are written."""
    memory = await Memory.start(dut, name)
    await memory.bench.step(2)
    first, before = memory.bench.cycle, memory.model.given
    for _ in range(5):
        await memory.others()
        await memory.bench.step()
    assert memory.model.given - before == memory.bench.cycle - first > 0


@cocotb.test()
@cocotb.parametrize(name=list(MEMORIES))
async def test_reset_keeps_words(dut, name):
    memory = await Memory.start(dut, name, "light")
    for cut_at in range(1, 12):
        await memory.bench.step(cut_at)
        await memory.bench.reset()
        before = memory.model.given
        await memory.bench.step(30)
        assert memory.model.given > before
