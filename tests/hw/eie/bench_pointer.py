"""cocotb tests of pointer read, in step with a model of it; started by test_pointer.py."""

import random
from collections import deque

import cocotb

from hw.eie.config import EieConfig
from hw.eie.tokens import range_layout, token_layout
from sim.payload import Codec
from sim.runner import bench_parameters
from sim.streams import PROFILES, Bench
from tests.hw.eie.ranges import column_range
from tests.hw.lockstep import Lockstep

CONFIGS = [EieConfig(**fields) for fields in bench_parameters()["configs"]]
NUMBERS = range(len(CONFIGS))


class PointerModel(Lockstep):
    """Columns under way, each with the cycle in which it was taken."""

    def __init__(self, bench, number):
        self.config = CONFIGS[number]
        self.columns = Codec(token_layout(self.config))
        self.ranges = Codec(range_layout(self.config))
        self.inner = getattr(bench.dut, f"unit_{number}")
        self.pointers = [None] * self.config.ptr_depth
        super().__init__(bench, f"unit_{number}")

    def forget(self):
        self.under_way = deque()

    def check(self):
        latency, cycle = self.config.sram_latency, self.bench.cycle
        ready = len(self.under_way) < latency + 3
        self.expect("i__ready", ready)
        valid = bool(self.under_way) and cycle >= self.under_way[0][0] + latency + 2
        self.expect("o__valid", valid)
        if valid:
            got = self.ranges.decode(self.pin("o__payload"))
            expected = self.result(self.under_way[0][1])
            assert {name: got[name] for name in expected} == expected, (got, expected)
            if self.pin("o__ready"):
                self.under_way.popleft()
        taken = ready and self.pin("i__valid")
        column = self.columns.decode(self.pin("i__payload")) if taken else {"end": 1}
        if taken:
            self.under_way.append((cycle, column))
        for bank in (self.inner.even, self.inner.odd):
            assert int(bank.port__en.value) == (not column["end"] or self.pin("io__en"))

    def result(self, token):
        """What a token becomes; nothing but the mark matters of an end."""
        if token["end"]:
            return {"end": 1}
        start, stop = self.pointers[token["column"] : token["column"] + 2]
        return column_range(start, stop, token["value"])

    async def access(self, **pins):
        for name, value in {"en": 0, "write": 0, **pins}.items():
            getattr(self.bench.dut, f"{self.unit}__io__{name}").value = value
        await self.bench.step()

    async def load(self, pointers):
        """Write all pointers over the I/O port."""
        self.pointers = list(pointers)
        for pair in range(self.config.ptr_depth // 2):
            even, odd = self.pointers[2 * pair : 2 * pair + 2]
            await self.access(en=1, write=1, addr=pair, wdata=even | odd << 16)
        await self.access()


async def start(dut, number, stalls="never"):
    for k in NUMBERS:
        for pin in ("io__en", "i__valid", "o__ready"):
            getattr(dut, f"unit_{k}__{pin}").value = 0
    bench = await Bench.start(dut)
    model = PointerModel(bench, number)
    bench.drive(f"{model.unit}__i", token_layout(model.config), stalls=stalls)
    rng = random.Random(number)
    extremes = [0, 65535, 65535, 0]
    count = model.config.ptr_depth - len(extremes)
    await model.load([*extremes, *(rng.getrandbits(16) for _ in range(count))][::-1])
    return bench, model


def tokens(config, count, seed=0):
    """Columns in any order, the first and the last among them, and some ends."""
    rng = random.Random(seed)
    last = config.ptr_depth - 2
    result = [
        {
            "end": rng.random() < 0.1,
            "column": rng.choice([0, last, rng.randrange(last + 1)]),
            "value": rng.choice([0x8000, 0x7FFF, 0xFFFF, 1, rng.getrandbits(16)]),
        }
        for _ in range(count)
    ]
    for token in result:
        if token["end"]:
            token["column"] = rng.randrange(config.ptr_depth)
    return result


@cocotb.test()
@cocotb.parametrize(number=NUMBERS)
@cocotb.parametrize(source=["never", "bursty"], sink=PROFILES)
async def test_order(dut, number, source, sink):
    bench, model = await start(dut, number, stalls=source)
    seen = bench.watch(f"{model.unit}__o", range_layout(model.config), stalls=sink)
    sent = tokens(model.config, 40, seed=number)
    bench.drivers[f"{model.unit}__i"].put(*sent)
    await bench.until(lambda: len(seen.received) == len(sent), 4000, "last range")
    await bench.step(12)
    assert len(seen.received) == len(sent)
    for token, result in zip(sent, seen.items, strict=True):
        expected = model.result(token)
        assert {name: result[name] for name in expected} == expected


@cocotb.test()
@cocotb.parametrize(number=NUMBERS)
async def test_latency_and_throughput(dut, number):
    bench, model = await start(dut, number)
    seen = bench.watch(f"{model.unit}__o", range_layout(model.config))
    source = bench.drivers[f"{model.unit}__i"]
    await bench.step(3)
    source.put(*tokens(model.config, 30))
    await bench.until(lambda: len(seen.received) == 30, 100, "last range")
    taken = [each.cycle for each in source.sent]
    assert taken == list(range(taken[0], taken[0] + 30))
    assert seen.cycles == [cycle + model.config.sram_latency + 2 for cycle in taken]


@cocotb.test()
@cocotb.parametrize(number=NUMBERS)
async def test_capacity(dut, number):
    bench, model = await start(dut, number)
    source = bench.drivers[f"{model.unit}__i"]
    source.put(*tokens(model.config, 20))
    await bench.step(20)
    assert len(source.sent) == model.config.sram_latency + 3


@cocotb.test()
@cocotb.parametrize(number=NUMBERS)
async def test_io(dut, number):
    bench, model = await start(dut, number)
    latency, pairs = model.config.sram_latency, model.config.ptr_depth // 2
    for pair in {0, 1, pairs - 1, *range(0, pairs, 7)}:
        await model.access(en=1, addr=pair)
        await model.access()
        await bench.step(latency - 1)
        even, odd = model.pointers[2 * pair : 2 * pair + 2]
        assert model.pin("io__rdata") == even | odd << 16
    # New pointers count from the next column on.
    await model.access(en=1, write=1, addr=0, wdata=0x1234_4321)
    await model.access()
    model.pointers[:2] = [0x4321, 0x1234]
    seen = bench.watch(f"{model.unit}__o", range_layout(model.config))
    bench.drivers[f"{model.unit}__i"].put({"end": 0, "column": 0, "value": 9})
    await bench.until(lambda: seen.received, 20, "range")
    assert seen.items == [column_range(0x4321, 0x1234, 9)]


@cocotb.test()
@cocotb.parametrize(number=NUMBERS, waiting=[0, 1, 2, 30])
async def test_reset_in_mid_work(dut, number, waiting):
    bench, model = await start(dut, number)
    source = bench.drivers[f"{model.unit}__i"]
    source.put(*tokens(model.config, 20))
    await bench.step(2 + waiting)
    assert source.sent
    await bench.reset()
    seen = bench.watch(f"{model.unit}__o", range_layout(model.config), stalls="light")
    source.put(*tokens(model.config, 20, seed=5))
    await bench.until(lambda: len(seen.received) == 20, 200, "last range")
    await bench.step(12)
    assert len(seen.received) == 20
