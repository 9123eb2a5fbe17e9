"""cocotb tests of the loader; started by test_loader.py."""

import logging
import random

import cocotb
from cocotbext.axi import AxiStreamBus, AxiStreamSource
from frames import LoaderModel, join, memory_sections, network, network_section

from hw.cnn.format import FRAME_VERSION, Error, SectionKind, fingerprint, memories
from sim.runner import bench_parameters
from sim.stalls import PROFILES, Stalls
from sim.streams import Bench
from tests.hw.bus.sections import close, section
from tests.hw.cnn.pipelines import PIPELINES

LIMIT = {"timeout_time": 10000, "timeout_unit": "us"}
"""A test that waits for ever fails instead."""

CONFIG = PIPELINES[bench_parameters()["pipeline"]]
OTHER = next(config for config in PIPELINES.values() if config is not CONFIG)
MEMORIES = memories(CONFIG)


class LoaderBench:
    """Sends frames, notes all that the loader does, and compares it with the model."""

    @classmethod
    async def start(cls, dut, *, stalls="never"):
        self = cls()
        self.dut = dut
        dut.enable.value = 1
        self.bench = await Bench.start(dut)
        logging.getLogger(f"cocotb.{dut._name}.i_").setLevel(logging.ERROR)
        self.source = AxiStreamSource(AxiStreamBus.from_prefix(dut, "i_"), dut.clk)
        self.source.set_pause_generator(iter(Stalls(stalls, 0).stalled, None))
        self.model = LoaderModel(CONFIG)
        self.clear()
        cocotb.start_soon(self._watch())
        return self

    def clear(self):
        self.writes, self.errors, self.taken, self.loaded_in = [], Error(0), [], set()

    async def _watch(self):
        dut = self.dut
        while True:
            await self.bench.edge
            if self.bench.in_reset:
                continue
            cycle = self.bench.cycle
            if int(dut.i__tvalid.value) and int(dut.i__tready.value):
                self.taken.append(cycle)
            if int(dut.load__valid.value):
                fields = ("unit", "parameters", "address", "data")
                write = tuple(int(getattr(dut, f"load__{name}").value) for name in fields)
                self.writes.append(write)
                assert not int(dut.loaded.value), "a write to a network that counts as loaded"
            if int(dut.loaded.value):
                self.loaded_in.add(cycle)
            self.errors |= Error(int(dut.errors.value))

    def offer(self, words):
        self.source.send_nowait(b"".join(word.to_bytes(8, "little") for word in words))

    async def send(self, words):
        """Send one frame and wait until it has been taken."""
        self.offer(words)
        await self.source.wait()
        await self.bench.until(lambda: not int(self.dut.loading.value), 10_000, "end of the frame")
        await self.bench.step(2)

    async def check(self, words):
        """Send one frame; everything must be as in the model. Returns the errors raised."""
        self.clear()
        self.model.feed(words)
        await self.send(words)
        assert self.errors == self.model.errors
        assert self.writes == self.model.writes
        assert bool(int(self.dut.loaded.value)) == self.model.loaded
        assert len(self.taken) == len(words)
        # Never while the frame is coming in, and only in the next cycle if it was right.
        while_coming = range(self.taken[0] + 1, self.taken[-1] + 1)
        assert self.loaded_in.isdisjoint(while_coming)
        assert (self.taken[-1] + 1 in self.loaded_in) == self.model.loaded
        return self.errors


@cocotb.test(**LIMIT)
@cocotb.parametrize(stalls=PROFILES)
async def test_values(dut, stalls):
    """Networks arrive where they belong, one after the other."""
    rng = random.Random(f"values {stalls}")
    loader = await LoaderBench.start(dut, stalls=stalls)
    for _ in range(3):
        assert not await loader.check(network(CONFIG, rng))
        assert len(loader.writes) == sum(memory.chunks for memory in MEMORIES)


@cocotb.test(**LIMIT)
async def test_cycles(dut):
    """A word a cycle, and a cycle more for each section."""
    loader = await LoaderBench.start(dut)
    frame = network(CONFIG, random.Random("cycles"))
    await loader.check(frame)
    sections = 1 + len(MEMORIES)
    assert loader.taken[-1] - loader.taken[0] == len(frame) + sections - 1


@cocotb.test(**LIMIT)
async def test_every_bit(dut):
    """No single wrong bit of a frame goes through, wherever it is."""
    rng = random.Random("bits")
    loader = await LoaderBench.start(dut)
    good = network(CONFIG, rng)
    few = 64 * len(good) if len(good) < 20 else 600
    for bit in rng.sample(range(64 * len(good)), few):
        words = list(good)
        words[bit // 64] ^= 1 << bit % 64
        assert await loader.check(words)
    assert not await loader.check(good)


@cocotb.test(**LIMIT)
@cocotb.parametrize(stalls=["never", "heavy"])
async def test_every_length(dut, stalls):
    """Frames that end too early, or go on when they should end; the next one is good."""
    rng = random.Random("lengths")
    loader = await LoaderBench.start(dut, stalls=stalls)
    good = network(CONFIG, rng)
    for length in range(1, len(good)):
        assert await loader.check(good[:length]) == Error.FORMAT
    assert not await loader.check(good)
    for surplus in ([0], [rng.getrandbits(64) for _ in range(40)], good):
        assert await loader.check(good + surplus) == Error.FORMAT
        assert not await loader.check(good)


NETWORKS = [
    ({"magic": 0x4E4C494A}, Error.FORMAT),
    ({"magic": 0x4F4C494B}, Error.FORMAT),
    ({"version": FRAME_VERSION + 1}, Error.FORMAT),
    ({"version": 0}, Error.FORMAT),
    ({"sections": 0}, Error.FORMAT),
    ({"sections": len(MEMORIES)}, Error.FORMAT),
    ({"sections": len(MEMORIES) + 2}, Error.FORMAT),
    ({"reserved": 1}, Error.FORMAT),
    ({"reserved": 1 << 47}, Error.FORMAT),
    ({"units": 0}, Error.CONFIG),
    ({"units": len(CONFIG.nodes) + 1}, Error.CONFIG),
    ({"fingerprint": fingerprint(OTHER)}, Error.CONFIG),
    ({"fingerprint": fingerprint(CONFIG) ^ 1}, Error.CONFIG),
    ({"fingerprint": fingerprint(CONFIG) ^ 1 << 63}, Error.CONFIG),
    ({"magic": 0, "units": 0}, Error.FORMAT | Error.CONFIG),
]


@cocotb.test(**LIMIT)
async def test_networks(dut):
    """Each field of NETWORK is checked and names the right error, before anything is written."""
    rng = random.Random("networks")
    loader = await LoaderBench.start(dut)
    for fields, errors in NETWORKS:
        assert await loader.check(network(CONFIG, rng, **fields)) == errors, fields
        assert not loader.writes
        assert not await loader.check(network(CONFIG, rng))


@cocotb.test(**LIMIT)
async def test_sections(dut):
    """Each memory's section is there once, in order, from 0 to the memory's end; or nothing of it
    is written."""
    rng = random.Random("sections")
    loader = await LoaderBench.start(dut)
    first = network_section(CONFIG)
    good = memory_sections(CONFIG, rng)
    for k, memory in enumerate(MEMORIES):
        before, after = good[:k], good[k + 1 :]
        other = ({*SectionKind} - {memory.kind, SectionKind.NETWORK}).pop()

        def changed(kind=memory.kind, unit=memory.unit, address=0, length=memory.chunks):
            payload = [rng.getrandbits(64) for _ in range(length)]
            return section(kind, payload, unit=unit, address=address)

        wrong = [
            (changed(length=memory.chunks - 1), Error.RANGE),
            (changed(length=memory.chunks + 1), Error.RANGE),
            (changed(length=0), Error.RANGE),
            (changed(address=1), Error.RANGE),
            (changed(address=1, length=memory.chunks - 1), Error.RANGE),
            (changed(address=1 << 23), Error.RANGE),
            (changed(kind=other), Error.FORMAT),
            (changed(kind=SectionKind.NETWORK), Error.FORMAT),
            (changed(kind=0), Error.FORMAT),
            (changed(kind=memory.kind | 128), Error.FORMAT),
            (changed(unit=memory.unit + 1), Error.FORMAT),
            (changed(unit=memory.unit | 128), Error.FORMAT),
            (changed(kind=255, unit=255, address=255, length=7), Error.FORMAT),
            ([], Error.FORMAT),  # missing, not only moved
            (good[k - 1] if k else first, Error.FORMAT),  # twice
        ]
        for replacement, error in wrong:
            frame = join(first, *before, replacement, *after)
            assert await loader.check(frame) == error, (memory, replacement[:1])
            assert len(loader.writes) == sum(each.chunks for each in MEMORIES[:k])
    assert not await loader.check(join(first, *good))
    # Parts that are a whole together.
    memory = MEMORIES[0]
    if memory.chunks > 1:
        halves = [
            section(memory.kind, good[0][1:2], unit=memory.unit),
            section(memory.kind, good[0][2:-1], unit=memory.unit, address=1),
        ]
        assert await loader.check(join(first, *halves, *good[1:])) == Error.RANGE
    # NETWORK in another place, twice or not at all, or alone.
    for frame in (join(*good), join(good[0], first, *good[1:]), join(first, first, *good), first):
        assert await loader.check(frame) == Error.FORMAT
    whole = first[1:4]
    for options in ({"unit": 1}, {"address": 1}, {"address": 1 << 23}):
        frame = join(section(SectionKind.NETWORK, whole, **options), *good)
        assert await loader.check(frame) == Error.FORMAT
    for payload in (whole[:2], [*whole, 0], []):
        frame = join(section(SectionKind.NETWORK, payload), *good)
        assert await loader.check(frame) == Error.FORMAT
    # A length that only the header has: the frame is over when its words are.
    for length in (1 << 23, (1 << 24) - 1):
        last = section(MEMORIES[-1].kind, [1, 2], unit=MEMORIES[-1].unit, length=length)
        assert await loader.check(join(first, *good[:-1], last)) == Error.RANGE


@cocotb.test(**LIMIT)
@cocotb.parametrize(stalls=["never", "light"])
async def test_fuzz(dut, stalls):
    """Random damage with right CRCs: the checks beyond them do as the model does."""
    rng = random.Random(f"fuzz {stalls}")
    loader = await LoaderBench.start(dut, stalls=stalls)
    raised, unharmed = Error(0), 0
    for _ in range(200):
        sections = [network_section(CONFIG), *memory_sections(CONFIG, rng)]
        if rng.random() < 0.7:
            words = rng.choice(sections)
            words[rng.randrange(min(4, len(words) - 1))] ^= 1 << rng.randrange(64)
        if rng.random() < 0.1:
            rng.shuffle(sections)
        if rng.random() < 0.1:
            sections.insert(rng.randrange(len(sections)), rng.choice(sections))
        errors = await loader.check(join(*(close(words[:-1]) for words in sections)))
        raised |= errors
        unharmed += not errors
    assert raised == Error.FORMAT | Error.CONFIG | Error.RANGE
    assert unharmed > 30


@cocotb.test(**LIMIT)
async def test_enable(dut):
    """Low, it keeps frames from beginning, but not from ending."""
    rng = random.Random("enable")
    loader = await LoaderBench.start(dut)
    dut.enable.value = 0
    frame = network(CONFIG, rng)
    loader.model.feed(frame)
    loader.offer(frame)
    await loader.bench.step(20)
    assert not loader.taken and not int(dut.loading.value)
    dut.enable.value = 1
    await loader.bench.until(lambda: loader.taken, 10, "first word")
    dut.enable.value = 0
    await loader.source.wait()
    await loader.bench.step(2)
    assert loader.writes == loader.model.writes and int(dut.loaded.value)


@cocotb.test(**LIMIT)
async def test_back_to_back(dut):
    """Frames without a cycle between: a good one, a bad one, a good one."""
    rng = random.Random("back to back")
    loader = await LoaderBench.start(dut)
    good = network(CONFIG, rng)
    bad = network(CONFIG, rng, version=7)
    for frame in (good, bad, good):
        loader.offer(frame)
    await loader.source.wait()
    await loader.bench.step(2)
    loader.model.feed(good)
    assert loader.writes == 2 * loader.model.writes
    assert loader.errors == Error.FORMAT and int(dut.loaded.value)


@cocotb.test(**LIMIT)
async def test_reset_in_mid_work(dut):
    """Reset within a frame: nothing is loaded, and the next frame is."""
    rng = random.Random("reset")
    loader = await LoaderBench.start(dut)
    frame = network(CONFIG, rng)
    for delay in range(2, len(frame), 1 + len(frame) // 12):
        loader.offer(frame)
        await loader.bench.step(delay)
        loader.source.assert_reset(True)
        loader.source.clear()
        await loader.bench.reset()
        loader.source.assert_reset(False)
        assert not int(dut.loading.value) and not int(dut.loaded.value)
        assert not await loader.check(frame)
