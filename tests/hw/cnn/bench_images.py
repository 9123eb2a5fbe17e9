"""cocotb tests of the reader of images; started by test_images.py."""

import random
from dataclasses import dataclass, field

import cocotb

from sim.stalls import PROFILES, Stalls
from sim.streams import Bench

LIMIT = {"timeout_time": 2000, "timeout_unit": "us"}
"""A test that waits for ever fails instead."""

WORDS = (1, 2, 5)


@dataclass
class ReaderModel:
    """What becomes of each word; ``enable`` falls only between words."""

    words: int
    place: int = 0
    failed: bool = False
    leftover: bool = False
    active: bool = False
    log: list = field(default_factory=list)

    def feed(self, word, last):
        if not (self.failed or self.leftover):
            ends = self.place == self.words - 1
            if last != ends:
                self.log.append("fault")
                self.failed = True
            else:
                self.log += ["first"] * (self.place == 0) + [word] + ["last"] * ends
                self.place = 0 if ends else self.place + 1
        self.active = not last
        self.leftover &= not last

    def pause(self):
        """``enable`` is low for a while."""
        self.place, self.failed, self.leftover = 0, False, self.active


class ReaderBench:
    """Drives one of the readers by hand and notes what it says."""

    @classmethod
    async def start(cls, dut, words, *, stalls="never"):
        self = cls()
        self.words, self.prefix, self.dut = words, f"w{words}__", dut
        for each in WORDS:
            for name in ("i__tvalid", "enable", "o__ready"):
                getattr(dut, f"w{each}__{name}").value = 0
        self.bench = await Bench.start(dut)
        self.set("enable", 1)
        self.stalls = Stalls(stalls, "sink")
        self.log, self.taken = [], []
        cocotb.start_soon(self._watch())
        await self.bench.step(2)
        return self

    def get(self, name):
        return int(getattr(self.dut, self.prefix + name).value)

    def set(self, name, value):
        getattr(self.dut, self.prefix + name).value = value

    async def _watch(self):
        while True:
            await self.bench.edge
            cycle = self.bench.cycle
            taken = self.get("i__tvalid") and self.get("i__tready")
            passed = self.get("o__valid") and self.get("o__ready")
            if taken:
                self.taken.append(cycle)
            assert taken or not (passed or self.get("first") or self.get("last"))
            if self.get("fault"):
                assert taken and not passed
                self.log.append("fault")
            if self.get("first"):
                self.log.append("first")
            if passed:
                self.log.append(self.get("o__payload"))
            if self.get("last"):
                self.log.append("last")
            self.set("o__ready", int(not self.stalls.stalled()))

    async def send(self, packet, *, stalls=None, last=True):
        """Offer the words of a packet, or of its beginning, until each is taken."""
        for k, word in enumerate(packet):
            while stalls and stalls.stalled():
                await self.bench.step()
            self.set("i__tvalid", 1)
            self.set("i__tdata", word)
            self.set("i__tlast", int(last and k == len(packet) - 1))
            for _ in range(200):
                await self.bench.step()
                if self.get("i__tready"):
                    break
            else:
                raise AssertionError("a word is not taken")
            self.set("i__tvalid", 0)

    async def pause(self, cycles=1):
        self.set("enable", 0)
        await self.bench.step(cycles)
        self.set("enable", 1)


def packet_of(rng, length):
    return [rng.getrandbits(64) for _ in range(length)]


@cocotb.test(**LIMIT)
@cocotb.parametrize(words=WORDS, source=PROFILES, sink=PROFILES)
async def test_images(dut, words, source, sink):
    """Good images pass as they are."""
    rng = random.Random(f"{words} {source} {sink}")
    reader = await ReaderBench.start(dut, words, stalls=sink)
    model = ReaderModel(words)
    for _ in range(8):
        packet = packet_of(rng, words)
        for k, word in enumerate(packet):
            model.feed(word, k == words - 1)
        await reader.send(packet, stalls=Stalls(source, rng.random()))
    await reader.bench.step(2)
    assert reader.log == model.log
    assert reader.log.count("last") == 8


@cocotb.test(**LIMIT)
@cocotb.parametrize(words=WORDS)
async def test_cycles(dut, words):
    """A word a cycle, from image to image."""
    reader = await ReaderBench.start(dut, words)
    await reader.send(list(range(words)))
    await reader.send(list(range(words)))
    await reader.bench.step()
    assert reader.taken == list(range(reader.taken[0], reader.taken[0] + 2 * words))


@cocotb.test(**LIMIT)
@cocotb.parametrize(words=WORDS, sink=["never", "heavy"])
async def test_lengths(dut, words, sink):
    """Too short or too long: a fault at once, and nothing passes until ``enable`` has been low."""
    rng = random.Random(f"{words}")
    reader = await ReaderBench.start(dut, words, stalls=sink)
    good = packet_of(rng, words)
    passes = ["first", *good, "last"]
    for length in {*range(1, words + 4)} - {words}:
        wrong = packet_of(rng, length)
        for packets in range(3):
            reader.log.clear()
            await reader.send(good)
            await reader.send(wrong)
            for _ in range(packets):
                await reader.send(good)
                await reader.send(wrong)
            await reader.bench.step(2)
            kept = min(length, words) - 1
            assert reader.log == [*passes, *["first"][:kept], *wrong[:kept], "fault"]
            await reader.pause()
            await reader.send(good)
            await reader.bench.step()
            assert reader.log[-len(passes) :] == passes


@cocotb.test(**LIMIT)
async def test_dropping_needs_no_sink(dut):
    """What is dropped is taken even while nothing can be passed on, and so is a faulty word."""
    reader = await ReaderBench.start(dut, 2)
    reader.stalls.stalled = lambda: True
    await reader.bench.step(2)
    await reader.send([1])
    for _ in range(3):
        await reader.send([1, 2])
    await reader.bench.step()
    assert reader.log == ["fault"]
    assert reader.taken[-1] - reader.taken[0] == 6


@cocotb.test(**LIMIT)
@cocotb.parametrize(words=WORDS, cycles=[1, 4])
async def test_pause(dut, words, cycles):
    """An image is given up: what is left of its packet is dropped, and the next one passes."""
    rng = random.Random(f"{words}")
    reader = await ReaderBench.start(dut, words)
    good = packet_of(rng, words)
    for cut in range(words):
        for more in (1, 3):
            reader.log.clear()
            await reader.send(good[:cut], last=False)
            await reader.bench.step()
            assert reader.log == [*["first"][:cut], *good[:cut]]
            await reader.pause(cycles)
            reader.log.clear()
            assert reader.get("active") == bool(cut)
            if cut:
                await reader.send(packet_of(rng, more))
            await reader.send(good)
            await reader.bench.step(2)
            assert reader.log == ["first", *good, "last"]
            assert not reader.get("active")


@cocotb.test(**LIMIT)
async def test_disabled(dut):
    """While ``enable`` is low no packet begins, but one that has begun is taken to its end."""
    reader = await ReaderBench.start(dut, 5)
    await reader.send([1, 2], last=False)
    reader.set("enable", 0)
    await reader.send([3, 4, 5, 6, 7])
    await reader.bench.step()
    assert not reader.get("active") and reader.log == ["first", 1, 2]
    reader.set("i__tvalid", 1)
    await reader.bench.step(20)
    assert len(reader.taken) == 7


@cocotb.test(**LIMIT)
@cocotb.parametrize(words=WORDS, sink=["never", "light"])
async def test_fuzz(dut, words, sink):
    """Packets of any length and pauses at any time do as in the model."""
    rng = random.Random(f"fuzz {words} {sink}")
    reader = await ReaderBench.start(dut, words, stalls=sink)
    model = ReaderModel(words)
    for _ in range(300):
        length = words if rng.random() < 0.7 else rng.randrange(1, words + 3)
        last = rng.random() < 0.9
        packet = packet_of(rng, length)
        await reader.send(packet, stalls=Stalls(0.1, rng.random()), last=last)
        for k, word in enumerate(packet):
            model.feed(word, last and k == length - 1)
        if rng.random() < 0.4:
            await reader.bench.step()
            await reader.pause(rng.randrange(1, 4))
            model.pause()
    await reader.bench.step(2)
    assert reader.log == model.log
    assert model.log.count("fault") > 20 and model.log.count("last") > 40


@cocotb.test(**LIMIT)
async def test_reset_in_mid_work(dut):
    """After a reset a packet begins, whatever was before."""
    reader = await ReaderBench.start(dut, 5)
    for before in ([1, 2], [1, 2, 3, 4, 5, 6]):
        await reader.send(before, last=False)
        await reader.bench.reset()
        reader.log.clear()
        await reader.send([5, 4, 3, 2, 1])
        await reader.bench.step()
        assert reader.log == ["first", 5, 4, 3, 2, 1, "last"]
