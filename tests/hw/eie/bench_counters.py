"""cocotb tests of the performance counters against a list of integers; from test_counters.py."""

import random

import cocotb

from hw.eie.counters import EVENT_BITS
from hw.eie.format import Counter
from sim.streams import Bench

COUNTS = len(Counter)
MOST = (1 << EVENT_BITS) - 1
ALL = [MOST] * COUNTS


class Counters:
    """Drives the component, knows the counts, and checks the selected one in every cycle."""

    def __init__(self, bench):
        self.bench = bench
        self.dut = bench.dut
        self.counts = [0] * COUNTS

    async def cycle(self, events=(0,) * COUNTS, clear=0, select=0):
        bits = sum(count << EVENT_BITS * k for k, count in enumerate(events))
        for name, value in (("events", bits), ("clear", clear), ("select", select)):
            getattr(self.dut, name).value = value
        await self.bench.step()
        expected = self.counts[select] if select < COUNTS else 0
        got = int(self.dut.value.value)
        assert got == expected, f"counter {select}: {got}, not {expected}"
        for k, count in enumerate(events):
            self.counts[k] = 0 if clear else (self.counts[k] + count) % (1 << 32)

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
        for count in range(counter + 1, MOST + 1):
            alone = [count if each == counter else 0 for each in Counter]
            await counters.cycle(alone, select=counter)
    await counters.check_all()
    assert counters.counts == [sum(range(counter + 1, MOST + 1)) for counter in Counter]


@cocotb.test()
async def test_random(dut):
    counters, rng = await start(dut), random.Random(1)
    for _ in range(1500):
        await counters.cycle(
            [rng.choice([0, 0, 1, MOST, rng.randint(0, MOST)]) for _ in Counter],
            rng.random() < 0.02,
            rng.choice([*range(COUNTS + 1), 255]),
        )
    assert any(counters.counts)


@cocotb.test()
async def test_no_counter_beyond_the_last(dut):
    counters = await start(dut)
    await counters.cycle(ALL)
    for select in range(256):
        await counters.cycle(select=select)


@cocotb.test()
async def test_wrap(dut):
    counters = await start(dut)
    top = (1 << 32) - 1
    for step in (1, MOST):
        counters.preset([top - k * step for k in range(COUNTS)])
        await counters.check_all()
        for _ in range(COUNTS):
            await counters.cycle([step] * COUNTS)
        await counters.check_all()
        assert counters.counts == [step * (COUNTS - k) - 1 for k in range(COUNTS)]


@cocotb.test()
async def test_clear_beats_counting(dut):
    counters = await start(dut)
    for _ in range(9):
        await counters.cycle(ALL)
    await counters.cycle(ALL, clear=1)
    assert counters.counts == [0] * COUNTS
    await counters.check_all()


@cocotb.test()
async def test_reset_in_mid_work(dut):
    counters = await start(dut)
    for _ in range(9):
        await counters.cycle(ALL)
    await counters.bench.reset()
    counters.counts = [0] * COUNTS
    await counters.cycle(ALL)
    await counters.check_all()
