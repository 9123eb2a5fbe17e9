"""cocotb tests of the register before the host; started by test_outlet.py."""

import random

import cocotb

from hw.cnn.format import CUT_RESULT
from sim.stalls import PROFILES, Stalls
from sim.streams import Bench

LIMIT = {"timeout_time": 2000, "timeout_unit": "us"}
"""A test that waits for ever fails instead."""

FIELDS = ("tdata", "tkeep", "tlast")
CUT = (CUT_RESULT, 0xFF, 1)


class OutletBench:
    """A source of packets that can be reset, and a sink that notes what comes."""

    @classmethod
    async def start(cls, dut, *, source="never", sink="never", seed=0):
        self = cls()
        self.dut = dut
        for name in ("i__tvalid", "cut", "o__tready"):
            getattr(dut, name).value = 0
        self.bench = await Bench.start(dut)
        self.source, self.sink = Stalls(source, f"source {seed}"), Stalls(sink, f"sink {seed}")
        self.waiting, self.came, self.lasts, self.entered = [], [], [], []
        cocotb.start_soon(self._run())
        await self.bench.step(2)
        return self

    def get(self, name):
        return int(getattr(self.dut, name).value)

    async def _run(self):
        dut, offered = self.dut, None
        while True:
            await self.bench.edge
            if self.bench.in_reset:
                offered = None
                continue
            cycle = self.bench.cycle
            if self.get("i__tvalid") and self.get("i__tready"):
                assert not self.get("cut")
                self.entered.append((cycle, self.waiting.pop(0)))
            word = tuple(self.get(f"o__{name}") for name in FIELDS)
            if self.get("o__tvalid"):
                assert offered in (None, word), "a word changed while it was offered"
                offered = word
                if self.get("o__tready"):
                    self.came.append((cycle, word))
                    offered = None
            else:
                assert offered is None, "a word was withdrawn"
            if self.get("last"):
                assert self.came[-1][0] == cycle and word[2]
                self.lasts.append(len(self.came))
            taken = self.get("i__tvalid") and not self.get("i__tready")
            valid = bool(self.waiting) and (bool(taken) or not self.source.stalled())
            dut.i__tvalid.value = int(valid)
            if valid:
                for name, value in zip(FIELDS, self.waiting[0], strict=True):
                    getattr(dut, f"i__{name}").value = value
            dut.o__tready.value = int(not self.sink.stalled())

    async def drain(self, timeout):
        """Wait until nothing has been on offer for some cycles."""
        quiet = 0
        for _ in range(timeout):
            quiet = 0 if self.get("o__tvalid") else quiet + 1
            if quiet == 4:
                return
            await self.bench.step()
        raise AssertionError("no end of words")

    @property
    def words(self):
        return [word for _, word in self.came]

    async def cut(self, cycles=1):
        """What has not entered is lost, and comes back only afterwards."""
        self.dut.cut.value = 1
        await self.bench.step(cycles)
        self.waiting.clear()
        self.dut.i__tvalid.value = 0
        self.dut.cut.value = 0


def packet_of(rng, length):
    words = [(rng.getrandbits(64), rng.choice((0xFF, 0x0F)), 0) for _ in range(length - 1)]
    return [*words, (rng.randrange(10), 0xFF, 1)]


@cocotb.test(**LIMIT)
@cocotb.parametrize(source=PROFILES, sink=PROFILES)
async def test_packets(dut, source, sink):
    """Whole packets pass as they are, and each is counted."""
    rng = random.Random(f"{source} {sink}")
    outlet = await OutletBench.start(dut, source=source, sink=sink)
    packets = [packet_of(rng, rng.randrange(1, 5)) for _ in range(20)]
    words = [word for packet in packets for word in packet]
    outlet.waiting += words
    await outlet.bench.until(lambda: len(outlet.came) == len(words), 2000, "last word")
    await outlet.bench.step(10)
    assert outlet.words == words
    assert outlet.lasts == [k + 1 for k, word in enumerate(words) if word[2]]


@cocotb.test(**LIMIT)
async def test_cycles(dut):
    """A word a cycle, a cycle later."""
    outlet = await OutletBench.start(dut)
    outlet.waiting += packet_of(random.Random(1), 6)
    await outlet.bench.step(12)
    entered = [cycle for cycle, _ in outlet.entered]
    assert entered == list(range(entered[0], entered[0] + 6))
    assert [cycle for cycle, _ in outlet.came] == [cycle + 1 for cycle in entered]


@cocotb.test(**LIMIT)
@cocotb.parametrize(sink=["never", "heavy", "bursty"], cycles=[1, 4])
async def test_cut(dut, sink, cycles):
    """At any time: what has entered comes out, a packet that has begun ends with the word for it,
    and the next packet is whole. Of the packets with a cut behind them none is counted."""
    rng = random.Random(f"{sink} {cycles}")
    outlet = await OutletBench.start(dut, sink=sink, source="light")
    for round_ in range(150):
        outlet.came.clear(), outlet.lasts.clear(), outlet.entered.clear()
        outlet.waiting += [word for _ in range(3) for word in packet_of(rng, 3)]
        await outlet.bench.step(rng.randrange(1, 16))
        await outlet.cut(cycles)
        await outlet.bench.step()
        counted = len(outlet.lasts)
        whole = packet_of(rng, 3)
        before = [word for _, word in outlet.entered]
        cut = [CUT] if len(before) % 3 else []
        if rng.random() < 0.3:
            await outlet.cut()
        outlet.waiting += whole
        expected = [*before, *cut, *whole]
        await outlet.bench.until(lambda: not outlet.waiting, 400, "packet")
        await outlet.drain(400)
        assert outlet.words == expected, round_
        assert len(outlet.lasts) == counted + 1
        assert outlet.lasts[-1] == len(expected)


@cocotb.test(**LIMIT)
async def test_reset_in_mid_work(dut):
    """After a reset nothing is on offer, and no packet has begun."""
    rng = random.Random("reset")
    outlet = await OutletBench.start(dut)
    for delay in range(1, 6):
        outlet.waiting += packet_of(rng, 4)
        await outlet.bench.step(delay)
        outlet.waiting.clear()
        dut.i__tvalid.value = 0
        await outlet.bench.reset()
        outlet.came.clear()
        await outlet.cut()
        await outlet.bench.step(4)
        assert not outlet.came
        packet = packet_of(rng, 3)
        outlet.waiting += packet
        await outlet.bench.step(8)
        assert outlet.words == packet
