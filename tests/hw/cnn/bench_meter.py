"""cocotb tests of the counters; started by test_meter.py."""

import random
from collections import deque

import cocotb

from hw.cnn.meter import FRAMES_IN_FLIGHT
from sim.runner import bench_parameters
from sim.streams import Bench

LIMIT = {"timeout_time": 2000, "timeout_unit": "us"}
"""A test that waits for ever fails instead."""

UNITS = bench_parameters()["units"]
FLAGS = ("clear", "running", "first_in", "last_in", "last_out", "stalls_in", "stalls_out")
BITS = ("busy", "starved", "blocked")
PLAIN = ("frames_in", "frames_out", "interval", "latency", "cycles", "stalls_in", "stalls_out")


class MeterModel:
    def __init__(self):
        self.starts = deque()
        self.clear()

    def clear(self):
        self.counts = dict.fromkeys(PLAIN, 0)
        self.units = [dict.fromkeys(BITS, 0) for _ in range(UNITS)]
        self.end = None

    def step(self, events):
        """One cycle, with the inputs that are high in it and the bits of the units."""
        if not events.get("running"):
            self.starts.clear()
        if events.get("clear"):
            return self.clear()
        if not events.get("running"):
            return None
        counts, now = self.counts, self.counts["cycles"]
        if events.get("first_in"):
            self.starts.append(now)
        if events.get("last_out"):
            counts["latency"] = now - self.starts.popleft()
            if self.end is not None:
                counts["interval"] = now - self.end
            self.end = now
        for name, event in (
            ("cycles", "running"),
            ("frames_in", "last_in"),
            ("frames_out", "last_out"),
            ("stalls_in", "stalls_in"),
            ("stalls_out", "stalls_out"),
        ):
            counts[name] += events.get(event, 0)
        for k, unit in enumerate(self.units):
            for name in BITS:
                unit[name] += events.get(name, 0) >> k & 1
        return None


class MeterBench:
    @classmethod
    async def start(cls, dut):
        self = cls()
        self.dut = dut
        for name in (*FLAGS, *BITS, "measures__unit_select"):
            getattr(dut, name).value = 0
        self.bench = await Bench.start(dut)
        self.model = MeterModel()
        return self

    async def step(self, **events):
        for name in (*FLAGS, *BITS):
            getattr(self.dut, name).value = int(events.get(name, 0))
        await self.bench.step()
        self.model.step(events)

    def get(self, name):
        return int(getattr(self.dut, f"measures__{name}").value)

    async def check(self):
        await self.step()
        assert {name: self.get(name) for name in PLAIN} == self.model.counts
        for k, unit in enumerate(self.model.units):
            self.dut.measures__unit_select.value = k
            await self.step()
            await self.step()
            assert {name: self.get(f"unit_{name}") for name in BITS} == unit


@cocotb.test(**LIMIT)
async def test_by_hand(dut):
    """Two images: latencies 7 and 9 cycles, 6 between their ends."""
    meter = await MeterBench.start(dut)
    await meter.step(clear=1)
    for cycle in range(20):
        await meter.step(
            running=1,
            first_in=cycle in (2, 6),
            last_in=cycle in (4, 8),
            last_out=cycle in (9, 15),
            stalls_in=cycle < 2,
            stalls_out=cycle in (13, 14, 18),
            busy=0b101,
            starved=0b010 * (cycle % 2),
            blocked=0b100 * (cycle == 19),
        )
        if cycle == 10:
            assert (meter.get("latency"), meter.get("interval")) == (7, 0)
    await meter.step()
    counts = {name: meter.get(name) for name in PLAIN}
    assert counts == {
        "frames_in": 2,
        "frames_out": 2,
        "interval": 6,
        "latency": 9,
        "cycles": 20,
        "stalls_in": 2,
        "stalls_out": 3,
    }
    units = [(20, 0, 0), (0, 10, 0), (20, 0, 1)]
    assert [tuple(unit.values()) for unit in meter.model.units] == units
    await meter.check()


@cocotb.test(**LIMIT)
async def test_random(dut):
    """Every count as in the model, over several runs and pauses."""
    rng = random.Random("meter")
    meter = await MeterBench.start(dut)
    for _ in range(6):
        await meter.step(clear=1, running=rng.getrandbits(1), busy=7)
        await meter.check()
        begun, sent, done, quiet, after = 0, 0, 0, 0, 0
        for _ in range(300):
            running = rng.random() < 0.985
            events = {name: rng.getrandbits(1) for name in ("stalls_in", "stalls_out")}
            events |= {name: rng.getrandbits(UNITS) for name in BITS}
            first = begun == sent and begun - done < FRAMES_IN_FLIGHT - 1 and rng.random() < 0.3
            last = begun + first > sent and rng.random() < 0.4
            out = sent > done and quiet > 1 and after > 1 and rng.random() < 0.2
            if running:
                begun, sent, done = begun + first, sent + last, done + out
                quiet = 0 if out else quiet + 1
                after = 0 if last else after + 1
            else:  # what comes then is not counted, and what was on its way is lost
                first, last, out = (rng.getrandbits(1) for _ in range(3))
                begun, sent, done, quiet, after = 0, 0, 0, 0, 0
            await meter.step(running=running, first_in=first, last_in=last, last_out=out, **events)
        assert meter.model.counts["frames_out"] > 10
        await meter.check()


@cocotb.test(**LIMIT)
async def test_many_in_flight(dut):
    """Latencies are exact with sixteen images on their way, and again after there were more."""
    meter = await MeterBench.start(dut)
    for images in (FRAMES_IN_FLIGHT, FRAMES_IN_FLIGHT + 3, FRAMES_IN_FLIGHT):
        for _ in range(images):
            await meter.step(running=1, first_in=1, last_in=1)
            await meter.step(running=1)
        for k in range(images):
            await meter.step(running=1)
            await meter.step(running=1, last_out=1)
            await meter.step(running=1)
            if images <= FRAMES_IN_FLIGHT:
                assert meter.get("latency") == meter.model.counts["latency"], k
            else:
                assert meter.get("latency") <= meter.model.counts["latency"], k
    await meter.check()


@cocotb.test(**LIMIT)
async def test_clear_while_running(dut):
    """Counts begin anew; images that come afterwards have their own latencies, not those of the
    ones that were on their way."""
    meter = await MeterBench.start(dut)
    await meter.step(clear=1)
    for cycle in range(40):
        await meter.step(
            running=1,
            clear=cycle == 10,
            first_in=cycle in (2, 5, 12, 13),
            last_out=cycle in (9, 15, 20, 30),
        )
    await meter.step(running=1)
    assert (meter.get("cycles"), meter.get("frames_out"), meter.get("interval")) == (29, 3, 10)
    assert meter.get("latency") == 17


@cocotb.test(**LIMIT)
async def test_reset_in_mid_work(dut):
    meter = await MeterBench.start(dut)
    for cycle in range(10):
        await meter.step(running=1, first_in=cycle == 1, last_in=cycle == 2, busy=7, starved=7)
    for name in (*FLAGS, *BITS):
        getattr(dut, name).value = 0
    await meter.bench.reset()
    meter.model = MeterModel()
    await meter.check()
