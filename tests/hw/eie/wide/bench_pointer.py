"""cocotb tests of span read, in step with a model of it; started by test_pointer.py."""

import random
from collections import deque

import cocotb

from hw.eie.config import EieConfig
from hw.eie.tokens import token_layout
from hw.eie.wide.tokens import span_layout
from sim.payload import Codec
from sim.runner import bench_parameters
from sim.streams import PROFILES, Bench
from tests.hw.eie.wide.spans import few
from tests.hw.lockstep import Lockstep

CONFIGS = [EieConfig(**fields) for fields in bench_parameters()["configs"]]
NUMBERS = range(len(CONFIGS))
TOP = (1 << 64) - 1


def span_of(config, words, token):
    """What a token becomes, read bit by bit; nothing but the mark matters of an end. Ends of
    columns mean something in a record only."""
    if token["end"]:
        return {"end": 1}
    memory = sum(word << 64 * k for k, word in enumerate(words))
    place = token["column"]
    fields = {"end": 0, "single": token["single"], "values": token["values"]}
    if token["single"]:
        start, stop = (memory >> 16 * at & 0xFFFF for at in (place, place + 1))
        return fields | {"start": start, "stop": stop, "few": few(config, start, stop)}
    record = memory >> 16 * place
    ends = [record >> 16 + 7 * k & 127 for k in range(config.group_max)]
    start, stop = record & 0xFFFF, ((record & 0xFFFF) + ends[-1]) & 0xFFFF
    known = {"start": start, "stop": stop, "few": few(config, start, stop)}
    return fields | known | {"ends": ends[:-1]}


class SpanModel(Lockstep):
    """Groups under way, each with the cycle in which it was taken."""

    def __init__(self, bench, number):
        self.config = CONFIGS[number]
        self.tokens = Codec(token_layout(self.config))
        self.spans = Codec(span_layout(self.config))
        self.inner = getattr(bench.dut, f"unit_{number}").read
        self.words = [0] * (self.config.ptr_depth // 4)
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
            got = self.spans.decode(self.pin("o__payload"))
            expected = span_of(self.config, self.words, self.under_way[0][1])
            assert {name: got[name] for name in expected} == expected, (got, expected)
            if self.pin("o__ready"):
                self.under_way.popleft()
        taken = ready and self.pin("i__valid")
        token = self.tokens.decode(self.pin("i__payload")) if taken else {"end": 1}
        if taken:
            self.under_way.append((cycle, token))
        for number, bank in enumerate((self.inner.even, self.inner.odd)):
            mine = self.pin("io__en") and self.pin("io__addr") % 2 == number
            assert int(bank.port__en.value) == bool(mine or not token["end"])

    async def access(self, **pins):
        for name, value in {"en": 0, "write": 0, **pins}.items():
            getattr(self.bench.dut, f"{self.unit}__io__{name}").value = value
        await self.bench.step()

    async def load(self, words):
        """Write all words over the I/O port."""
        self.words = list(words)
        for address, word in enumerate(self.words):
            await self.access(en=1, write=1, addr=address, wdata=word)
        await self.access()


async def start(dut, number, stalls="never"):
    for k in NUMBERS:
        for pin in ("io__en", "i__valid", "o__ready"):
            getattr(dut, f"unit_{k}__{pin}").value = 0
    bench = await Bench.start(dut)
    model = SpanModel(bench, number)
    bench.drive(f"{model.unit}__i", token_layout(model.config), stalls=stalls)
    rng = random.Random(number)
    words = [rng.choice([0, TOP, *[rng.getrandbits(64)] * 6]) for _ in model.words]
    await model.load(words)
    return bench, model


def tokens(config, count, seed=0):
    """Singles and groups in any order, the first and the last among them, and some ends."""
    rng = random.Random(seed)
    last = config.ptr_depth - 2
    result = []
    for _ in range(count):
        single, column = 1, rng.choice([0, last, 4 * rng.randint(0, last // 4 - 1) + 3])
        if rng.random() < 0.3:
            column = rng.randint(0, last)
        if rng.random() < 0.5:
            single, column = 0, 8 * rng.choice([0, last // 8, rng.randint(0, last // 8)])
        values = [
            rng.choice([0, 0x8000, 0xFFFF, rng.getrandbits(16)]) for _ in range(config.group_max)
        ]
        end = rng.random() < 0.1
        if end:
            column = rng.randrange(config.ptr_depth)
        result.append({"end": end, "single": single, "column": column, "values": values})
    return result


@cocotb.test()
@cocotb.parametrize(number=NUMBERS)
@cocotb.parametrize(source=["never", "bursty"], sink=PROFILES)
async def test_order(dut, number, source, sink):
    bench, model = await start(dut, number, stalls=source)
    seen = bench.watch(f"{model.unit}__o", span_layout(model.config), stalls=sink)
    sent = tokens(model.config, 60, seed=number)
    bench.drivers[f"{model.unit}__i"].put(*sent)
    await bench.until(lambda: len(seen.received) == len(sent), 6000, "last span")
    await bench.step(12)
    assert len(seen.received) == len(sent)
    for token, result in zip(sent, seen.items, strict=True):
        expected = span_of(model.config, model.words, token)
        assert {name: result[name] for name in expected} == expected


@cocotb.test()
@cocotb.parametrize(number=NUMBERS)
async def test_every_place(dut, number):
    """Every pair of neighbouring pointers, in one word or two, and every record."""
    bench, model = await start(dut, number)
    seen = bench.watch(f"{model.unit}__o", span_layout(model.config))
    depth, values = model.config.ptr_depth, [0] * model.config.group_max
    places = [(1, column) for column in range(depth - 1)]
    places += [(0, column) for column in range(0, depth, 8)]
    sent = [
        {"end": 0, "single": single, "column": column, "values": values}
        for single, column in places
    ]
    bench.drivers[f"{model.unit}__i"].put(*sent)
    await bench.until(lambda: len(seen.received) == len(sent), 2 * len(sent) + 20, "last span")


@cocotb.test()
@cocotb.parametrize(number=NUMBERS)
async def test_latency_and_throughput(dut, number):
    bench, model = await start(dut, number)
    seen = bench.watch(f"{model.unit}__o", span_layout(model.config))
    source = bench.drivers[f"{model.unit}__i"]
    await bench.step(3)
    source.put(*tokens(model.config, 30))
    await bench.until(lambda: len(seen.received) == 30, 100, "last span")
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
    latency, config = model.config.sram_latency, model.config
    for address, word in enumerate(model.words):
        await model.access(en=1, addr=address)
        await model.access(addr=address ^ 1)
        await bench.step(latency - 1)
        for _ in range(3):  # it stays until the next read
            assert model.pin("io__rdata") == word
            await bench.step()
    # One read a cycle.
    for address in range(len(model.words) + latency):
        if address < len(model.words):
            await model.access(en=1, addr=address)
        else:
            await model.access()
        if address >= latency:
            assert model.pin("io__rdata") == model.words[address - latency]
    # New pointers count from the next group on.
    model.words[:2] = [0x0102_0304_0506_0708, 0x1112_1314_1516_1718]
    for address in range(2):
        await model.access(en=1, write=1, addr=address, wdata=model.words[address])
    await model.access()
    seen = bench.watch(f"{model.unit}__o", span_layout(config))
    values = [9] * config.group_max
    for single, column in ((1, 3), (0, 0), (1, 0)):
        token = {"end": 0, "single": single, "column": column, "values": values}
        bench.drivers[f"{model.unit}__i"].put(token)
    await bench.until(lambda: len(seen.received) == 3, 20, "spans")
    limits = [(span["start"], span["stop"]) for span in seen.items]
    assert limits[0] == (0x0102, 0x1718) and limits[2] == (0x0708, 0x0506)
    assert limits[1][0] == 0x0708


@cocotb.test()
@cocotb.parametrize(number=NUMBERS, waiting=[0, 1, 2, 30])
async def test_reset_in_mid_work(dut, number, waiting):
    bench, model = await start(dut, number)
    source = bench.drivers[f"{model.unit}__i"]
    source.put(*tokens(model.config, 20))
    await bench.step(2 + waiting)
    assert source.sent
    await bench.reset()
    seen = bench.watch(f"{model.unit}__o", span_layout(model.config), stalls="light")
    source.put(*tokens(model.config, 20, seed=5))
    await bench.until(lambda: len(seen.received) == 20, 200, "last span")
    await bench.step(12)
    assert len(seen.received) == 20
