"""cocotb tests of the performance counters against a list of integers; from test_counters.py."""

import random

import cocotb

from hw.eie.format import Counter
from sim.streams import Bench

COUNTS = len(Counter)


class Counters:
    """Drives the component, knows the counts, and checks the selected one in every cycle."""

    def __init__(self, bench):
        self.bench = bench
        self.dut = bench.dut
        self.counts = [0] * COUNTS

    async def cycle(self, events=0, clear=0, select=0):
        for name, value in (("events", events), ("clear", clear), ("select", select)):
            getattr(self.dut, name).value = value
        await self.bench.step()
        expected = self.counts[select] if select < COUNTS else 0
        got = int(self.dut.value.value)
        assert got == expected, f"counter {select}: {got}, not {expected}"
        for k in range(COUNTS):
            self.counts[k] = 0 if clear else (self.counts[k] + (events >> k & 1)) % (1 << 32)

    async def check_all(self):
        for select in range(COUNTS):
            await self.cycle(select=select)

    def preset(self, counts):
        """By the back door, while nothing is counted."""
        for counter, value in zip(Counter, counts, strict=True):
            getattr(self.dut, f"count_{counter.name.lower()}").value = value
        self.counts = list(counts)


async def start(dut):
    for name in ("events", "clear", "select"):
        getattr(dut, name).value = 0
    return Counters(await Bench.start(dut))


@cocotb.test()
async def test_each_alone(dut):
    counters = await start(dut)
    for counter in Counter:
        for _ in range(counter + 3):
            await counters.cycle(1 << counter, select=counter)
    await counters.check_all()
    assert counters.counts == [counter + 3 for counter in Counter]


@cocotb.test()
async def test_random(dut):
    counters, rng = await start(dut), random.Random(1)
    for _ in range(1500):
        await counters.cycle(
            rng.getrandbits(COUNTS), rng.random() < 0.02, rng.choice([*range(8), 255])
        )
    assert any(counters.counts)


@cocotb.test()
async def test_no_counter_beyond_the_last(dut):
    counters = await start(dut)
    await counters.cycle((1 << COUNTS) - 1)
    for select in range(256):
        await counters.cycle(select=select)


@cocotb.test()
async def test_wrap(dut):
    counters = await start(dut)
    top = (1 << 32) - 1
    counters.preset([top - k for k in range(COUNTS)])
    await counters.check_all()
    for _ in range(COUNTS):
        await counters.cycle((1 << COUNTS) - 1)
    await counters.check_all()
    assert counters.counts == list(range(COUNTS))[::-1]


@cocotb.test()
async def test_clear_beats_counting(dut):
    counters = await start(dut)
    for _ in range(9):
        await counters.cycle((1 << COUNTS) - 1)
    await counters.cycle((1 << COUNTS) - 1, clear=1)
    assert counters.counts == [0] * COUNTS
    await counters.check_all()


@cocotb.test()
async def test_reset_in_mid_work(dut):
    counters = await start(dut)
    for _ in range(9):
        await counters.cycle((1 << COUNTS) - 1)
    await counters.bench.reset()
    counters.counts = [0] * COUNTS
    await counters.cycle((1 << COUNTS) - 1)
    await counters.check_all()
