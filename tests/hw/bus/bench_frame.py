"""cocotb tests of the frame reader; started by test_frame.py."""

import random

import cocotb
from sections import section

from hw.bus.layout import SECTION, pack
from sim.runner import bench_parameters
from sim.stalls import PROFILES, Stalls
from sim.streams import Bench

SERIAL = bench_parameters()["serial"]
WORD_CYCLES = 8 if SERIAL else 1
"""Cycles in which a header or payload word is offered until it is taken."""


class ReaderBench:
    """Sends words by hand and notes what the reader says, cycle by cycle."""

    @classmethod
    async def start(cls, dut):
        self = cls()
        self.dut = dut
        for name in ("i__tvalid", "i__tlast", "refuse"):
            getattr(dut, name).value = 0
        for name in ("enable", "settled", "word__ready"):
            getattr(dut, name).value = 1
        self.bench = await Bench.start(dut)
        self.refuse_at = None
        self.clear()
        cocotb.start_soon(self._watch())
        return self

    def clear(self):
        self.headers, self.payload, self.done, self.errors, self.taken = [], [], [], [], []

    def get(self, name):
        return int(getattr(self.dut, name).value)

    async def _watch(self):
        while True:
            await self.bench.edge
            if self.bench.in_reset:
                continue
            cycle = self.bench.cycle
            if self.get("i__tvalid") and self.get("i__tready"):
                self.taken.append(cycle)
                assert self.get("starts") == (not self.get("active"))
            if self.get("section"):
                self.headers.append((cycle, self.get("header"), self.get("first")))
            if self.get("word__valid") and self.get("word__ready"):
                self.payload.append((cycle, self.get("word__payload")))
            if self.get("done"):
                self.done.append((cycle, self.get("last")))
            for name in ("crc_error", "format_error"):
                if self.get(name):
                    self.errors.append((cycle, name))

    async def send(self, words, *, stalls=None, last=True, slow=None):
        """Send words, TLAST on the last one; ``slow`` stalls the sink of the payload."""
        dut = self.dut
        for k, word in enumerate(words):
            while stalls and stalls.stalled():
                await self.bench.step()
            dut.i__tvalid.value = 1
            dut.i__tdata.value = word
            dut.i__tlast.value = int(last and k == len(words) - 1)
            while True:
                if slow:
                    dut.word__ready.value = int(not slow.stalled())
                    dut.settled.value = int(not slow.stalled())
                await self.bench.step()
                if self.get("i__tready"):
                    break
            dut.i__tvalid.value = 0
        dut.word__ready.value = dut.settled.value = 1


def frame_of(rng, lengths):
    """A frame of sections of random kind and payload; and the sections."""
    sections = [
        section(
            rng.randrange(256),
            [rng.getrandbits(64) for _ in range(length)],
            unit=rng.randrange(256),
            address=rng.getrandbits(24),
        )
        for length in lengths
    ]
    return [word for each in sections for word in each], sections


@cocotb.test()
@cocotb.parametrize(source=PROFILES, sink=PROFILES)
async def test_sections(dut, source, sink):
    """Headers, payload and ends of sections of all lengths, whoever stalls."""
    rng = random.Random(f"{source} {sink}")
    reader = await ReaderBench.start(dut)
    for lengths in ([0], [1], [3, 0, 2], [7, 1, 1, 20]):
        reader.clear()
        frame, sections = frame_of(rng, lengths)
        await reader.send(frame, stalls=Stalls(source, 1), slow=Stalls(sink, 2))
        await reader.bench.step(3)
        headers = [(header, first) for _, header, first in reader.headers]
        assert headers == [(each[0], int(k == 0)) for k, each in enumerate(sections)]
        expected = [word for each in sections for word in each[1:-1]]
        assert [word for _, word in reader.payload] == expected
        assert [last for _, last in reader.done] == [0] * (len(lengths) - 1) + [1]
        assert not reader.errors and not reader.get("active")


@cocotb.test()
async def test_cycles(dut):
    """A word in ``WORD_CYCLES``, a CRC in one, and a cycle without for each section."""
    rng = random.Random("cycles")
    reader = await ReaderBench.start(dut)
    lengths = [4, 0, 9]
    frame, _ = frame_of(rng, lengths)
    await reader.send(frame)
    await reader.bench.step(2)
    cycle, taken = reader.taken[0], []
    for length in lengths:
        taken += [cycle, *(cycle + 1 + WORD_CYCLES * (k + 1) for k in range(length))]
        taken.append(taken[-1] + (1 if length else 2))
        cycle = taken[-1] + WORD_CYCLES
    assert reader.taken == taken
    starts = [taken[0], taken[6], taken[8]]
    assert [cycle for cycle, *_ in reader.headers] == [start + 1 for start in starts]
    assert [cycle for cycle, _ in reader.done] == [taken[5], taken[7], taken[-1]]


@cocotb.test()
async def test_refuse(dut):
    """Refused in any cycle, the frame goes by without a sign of it, and the next one is read."""
    rng = random.Random("refuse")
    reader = await ReaderBench.start(dut)
    frame, _ = frame_of(rng, [5, 2])
    for delay in range(1, len(frame) + 2):
        reader.clear()
        sending = cocotb.start_soon(reader.send(frame))
        await reader.bench.until(lambda: reader.get("starts"), 10, "start")
        await reader.bench.step(delay)
        dut.refuse.value = 1
        await reader.bench.step()
        refused = reader.bench.cycle
        dut.refuse.value = 0
        await sending
        await reader.bench.step(3)
        assert len(reader.taken) == len(frame) and not reader.get("active")
        seen = [cycle for cycle, *_ in (*reader.headers, *reader.payload, *reader.done)]
        assert max(seen) <= refused and not reader.errors
        reader.clear()
        await reader.send(frame)
        await reader.bench.step()
        assert [last for _, last in reader.done] == [0, 1]


@cocotb.test()
async def test_errors(dut):
    """Wrong CRCs and misplaced TLASTs, each one error, and the rest of the frame is dropped."""
    rng = random.Random("errors")
    reader = await ReaderBench.start(dut)
    frame, sections = frame_of(rng, [3, 2])
    for k in range(len(frame)):
        reader.clear()
        await reader.send(frame[: k + 1])
        await reader.bench.step(2)
        whole = k in (len(sections[0]) - 1, len(frame) - 1)
        assert [name for _, name in reader.errors] == ([] if whole else ["format_error"])
        assert not reader.get("active")
    other = len(sections[0])  # the second header: another length, another story
    flips = [(k, rng.randrange(64)) for k in range(1, len(frame)) if k != other]
    flips += [(other - 1, bit) for bit in range(64)]
    for k, bit in flips:
        reader.clear()
        wrong = list(frame)
        wrong[k] ^= 1 << bit
        await reader.send(wrong)
        await reader.bench.step(2)
        assert [name for _, name in reader.errors] == ["crc_error"]
        assert len(reader.taken) == len(frame) and not reader.get("active")
    # Beyond its words no header makes the reader wait.
    for length in (3, 1 << 20, (1 << 24) - 1):
        reader.clear()
        await reader.send([pack(SECTION, {"kind": 1, "length": length}), 1, 2])
        await reader.bench.step(2)
        assert [name for _, name in reader.errors] == ["format_error"]
        assert not reader.get("active")


@cocotb.test()
async def test_reset_in_mid_work(dut):
    rng = random.Random("reset")
    reader = await ReaderBench.start(dut)
    frame, _ = frame_of(rng, [4, 4])
    for k in range(1, len(frame)):
        await reader.send(frame[:k], last=False)
        assert reader.get("active") or k == 1
        await reader.bench.reset()
        reader.clear()
        assert not reader.get("active")
        await reader.send(frame)
        await reader.bench.step()
        assert [last for _, last in reader.done] == [0, 1] and not reader.errors
