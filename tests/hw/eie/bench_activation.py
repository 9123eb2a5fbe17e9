"""cocotb tests of the accumulator file, requantisation and the source file; started by
test_activation.py."""

import random

import cocotb
from amaranth.hdl import signed
from amaranth.lib import data
from slots import PassSlots

from hw.eie.config import EieConfig
from hw.eie.tokens import drained_layout
from sim.payload import Codec
from sim.runner import bench_parameters
from sim.stalls import PROFILES, Stalls
from sim.streams import Bench

UNIT = bench_parameters()["unit"]
CONFIG = EieConfig(**bench_parameters()["config"])
DEPTH = CONFIG.file_depth
LOW, HIGH = -(1 << 15), (1 << 15) - 1


def test_of(unit):
    """A cocotb test that runs where ``unit`` is the component under test."""
    return cocotb.test(skip=unit != UNIT)


# Accumulator file


@test_of("AccumulatorFile")
async def test_accumulator_file(dut):
    """A read shows what the row held before the cycle's write; reset keeps the rows."""
    bench = await Bench.start(dut)
    rng = random.Random(1)
    rows = dict.fromkeys(range(DEPTH))
    for number in range(2000):
        if number == 1000:
            dut.port__write_en.value = 0
            await bench.reset()
        write, row = rng.random() < 0.6, rng.randrange(DEPTH)
        value = rng.choice([-(1 << 31), -1, 0, (1 << 31) - 1, rng.randrange(1 << 31)])
        look = row if rng.random() < 0.5 else rng.randrange(DEPTH)
        dut.port__write_en.value = write
        dut.port__write_row.value = row
        dut.port__write_data.value = value
        dut.port__read_row.value = look
        await bench.step()
        if rows[look] is not None:
            assert dut.port__read_data.value.to_signed() == rows[look]
        if write:
            rows[row] = value
    assert None not in rows.values()


# Requantisation

ROUNDING = [
    # accumulator, shift, activation without ReLU
    (1, 0, 1),
    (-1, 0, -1),
    (1, 1, 1),
    (-1, 1, 0),
    (3, 1, 2),
    (-3, 1, -1),
    (7, 4, 0),
    (8, 4, 1),
    (-8, 4, 0),
    (-9, 4, -1),
    (HIGH, 0, HIGH),
    (HIGH + 1, 0, HIGH),
    (LOW, 0, LOW),
    (LOW - 1, 0, LOW),
    ((1 << 31) - 1, 15, HIGH),
    ((1 << 31) - 1, 16, HIGH),
    ((1 << 31) - 1, 17, 16384),
    (-(1 << 31), 16, LOW),
    (-(1 << 31), 17, -16384),
    ((1 << 31) - 1, 31, 1),
    (1 << 30, 31, 1),
    ((1 << 30) - 1, 31, 0),
    (-(1 << 30), 31, 0),
    (-(1 << 30) - 1, 31, -1),
    (-(1 << 31), 31, -1),
]


def requantised(value, shift, relu):
    """floor(value / 2**shift + 1/2), within 16 bits, and from 0 up with ``relu``."""
    rounded = (2 * value + (1 << shift)) // (2 << shift)
    return min(max(rounded, 0 if relu else LOW), HIGH)


def telling_values(shift):
    """Accumulators around ties, saturation and the ends of 32 bits."""
    half = 1 << shift >> 1
    near = {part + offset for part in (-half, 0, half) for offset in (-1, 0, 1)}
    steps = (LOW - 1, LOW, LOW + 1, -2, -1, 0, 1, 2, HIGH - 1, HIGH, HIGH + 1)
    values = {(step << shift) + offset for step in steps for offset in near}
    values |= {-(1 << 31), (1 << 31) - 1}
    return sorted(value for value in values if -(1 << 31) <= value < 1 << 31)


async def requantise(dut, bench, passes, items):
    """Feeds (slot, value) or None for a gap, one a cycle; checks values and cycles. ``passes``:
    (shift, relu) of each slot."""
    slots = PassSlots(dut, CONFIG)
    for number, (shift, relu) in enumerate(passes):
        slots.show(number, shift=shift, relu=relu, columns=1)
    layout = drained_layout(CONFIG, signed(32))
    if not bench.drivers:
        bench.drive("i", layout)
        bench.watch("o", drained_layout(CONFIG, signed(16)))
    rng = random.Random(0)
    source, sink = bench.drivers["i"], bench.monitors["o"]
    before = len(sink.received), len(source.sent)
    expected = []
    for item in items:
        if item is not None:
            slot, value = item
            fields = {"drain": rng.random() < 0.9, "last": rng.random() < 0.1, "slot": slot}
            fields = {name: int(field) for name, field in fields.items()}
            fields["row"] = rng.randrange(DEPTH)
            source.put({**fields, "value": value})
            expected.append({**fields, "value": requantised(value, *passes[slot])})
        await bench.step()
    await bench.step(5)
    assert sink.items[before[0] :] == expected
    assert sink.cycles[before[0] :] == [each.cycle + 2 for each in source.sent[before[1] :]]


@test_of("Requantise")
async def test_rounding_table(dut):
    bench = await Bench.start(dut)
    for value, shift, activation in ROUNDING:
        assert requantised(value, shift, 0) == activation
        await requantise(dut, bench, [(shift, 0), (shift, 1)], [(0, value), (1, value)])


@test_of("Requantise")
async def test_all_shifts(dut):
    """The two slots with different shifts and ReLU, their rows mixed, in every cycle."""
    bench = await Bench.start(dut)
    rng = random.Random(2)
    for shift in range(32):
        passes = [(shift, shift % 2), ((shift + 13) % 32, 1 - shift % 2)]
        items = [(slot, v) for slot in (0, 1) for v in telling_values(passes[slot][0])]
        rng.shuffle(items)
        await requantise(dut, bench, passes, items)


@test_of("Requantise")
@cocotb.parametrize(profile=PROFILES)
async def test_gaps(dut, profile):
    bench = await Bench.start(dut)
    rng = random.Random(profile)
    stalls = Stalls(profile, 1)
    items = [
        None if stalls.stalled() else (rng.randrange(2), rng.getrandbits(32) - (1 << 31))
        for _ in range(300)
    ]
    await requantise(dut, bench, [(14, 0), (16, 1)], items)


@test_of("Requantise")
async def test_reset_drops_rows(dut):
    bench = await Bench.start(dut)
    for age in (1, 2):
        await requantise(dut, bench, [(3, 0), (4, 0)], [])
        bench.drivers["i"].put({"drain": 1, "value": 100})
        await bench.step(age)
        await bench.reset()
        await requantise(dut, bench, [(5, 0), (6, 1)], [None, (0, 1000), (1, -1000)])


# Source file


class FileModel:
    """The source file as a dictionary, moved on by one cycle at a time."""

    def __init__(self):
        self.waiting = {}
        self.offered = None

    @property
    def pending(self):
        return bool(self.waiting) or self.offered is not None

    def cycle(self, write=None, clear=False, enable=True, ready=True):
        """Ends a cycle; ``write`` is (slot, value)."""
        if ready:
            self.offered = None
        if enable and self.offered is None and self.waiting:
            slot = min(self.waiting)
            self.offered = (slot, self.waiting.pop(slot))
        if write is not None:
            slot, value = write
            self.waiting.pop(slot, None)
            if value:
                self.waiting[slot] = value
        if clear:
            self.__init__()


class File:
    """The source file under test beside its model, compared in every cycle."""

    def __init__(self, dut):
        self.dut = dut
        self.model = FileModel()
        self.left = []  # (cycle, slot, value)
        self.item = Codec(data.StructLayout({"slot": CONFIG.slot_bits, "value": signed(16)}))

    @classmethod
    async def start(cls, dut):
        self = cls(dut)
        self.idle()
        self.bench = await Bench.start(dut)
        return self

    def idle(self):
        self.dut.write__valid.value = 0
        self.dut.clear.value = 0

    async def reset(self):
        self.idle()
        await self.bench.reset()
        self.model = FileModel()

    async def cycle(self, write=None, clear=False, enable=True, ready=True):
        dut, model = self.dut, self.model
        dut.write__valid.value = write is not None
        dut.write__slot.value, dut.write__value.value = write or (0, -1)
        dut.clear.value, dut.enable.value, dut.o__ready.value = clear, enable, ready
        await self.bench.step()
        assert int(dut.pending.value) == model.pending
        assert int(dut.o__valid.value) == (model.offered is not None)
        if model.offered is not None:
            slot, value = model.offered
            got = self.item.decode(int(dut.o__payload.value))
            assert got == {"slot": slot, "value": value}
            if ready:
                self.left.append((self.bench.cycle, slot, value))
        model.cycle(write, clear, enable, ready)

    async def drain(self, limit=400):
        for _ in range(limit):
            if not self.model.pending:
                break
            await self.cycle()
        assert not self.model.pending
        await self.cycle()


def some_value(rng, zeros=0.4):
    if rng.random() < zeros:
        return 0
    return rng.choice([LOW, -1, 1, HIGH, rng.randrange(1, HIGH)])


@test_of("SourceFile")
async def test_order_and_zeros(dut):
    """Slots written in any order leave lowest first, one a cycle, whatever lies between."""
    file = await File.start(dut)
    for seed, zeros in enumerate([0, 0.3, 0.9, 0.99, 1]):
        rng = random.Random(seed)
        vector = [some_value(rng, zeros) for _ in range(DEPTH)]
        order = list(range(DEPTH))
        rng.shuffle(order)
        for slot in order:
            await file.cycle((slot, vector[slot]), enable=False)
        file.left.clear()
        start = file.bench.cycle
        await file.drain()
        left = [(slot, value) for slot, value in enumerate(vector) if value]
        assert file.left == [(start + 2 + k, *each) for k, each in enumerate(left)]


@test_of("SourceFile")
async def test_latency(dut):
    """What is written in a cycle leaves two cycles later."""
    file = await File.start(dut)
    for slot in {0, 1, DEPTH // 2, DEPTH - 1}:
        await file.cycle((slot, -5))
        written = file.bench.cycle
        await file.drain()
        assert file.left.pop() == (written + 2, slot, -5)


@test_of("SourceFile")
async def test_write_while_sending(dut):
    """Ascending writes, one a cycle, are sent one a cycle beside them."""
    file = await File.start(dut)
    start = file.bench.cycle + 1
    for slot in range(DEPTH):
        await file.cycle((slot, slot + 1))
    await file.drain()
    assert file.left == [(start + slot + 2, slot, slot + 1) for slot in range(DEPTH)]


@test_of("SourceFile")
async def test_rewrite(dut):
    """A slot written again: before it is taken, in the cycle in which it is, and after."""
    file = await File.start(dut)
    for value in (9, 0):
        for gap in range(4):
            await file.cycle((1, 4))
            for _ in range(gap):
                await file.cycle()
            await file.cycle((1, value))
            await file.drain()
            sent = [item for _, *item in file.left]
            assert sent == [[1, 4]] + [[1, value]] * (value != 0)
            file.left.clear()
        await file.cycle((1, 4), enable=False)
        await file.cycle((1, value), enable=False)
        await file.drain()
        assert [item for _, *item in file.left] == [[1, value]] * (value != 0)
        file.left.clear()


@test_of("SourceFile")
async def test_clear(dut):
    file = await File.start(dut)
    for ready in (False, True):
        for slot in range(DEPTH):
            await file.cycle((slot, 1), ready=ready)
        await file.cycle((0, 2), clear=True, ready=ready)
        await file.cycle(ready=ready)
        assert not int(dut.pending.value)
        await file.cycle((DEPTH - 1, 3))
        await file.drain()
        assert file.left.pop()[1:] == (DEPTH - 1, 3)


@test_of("SourceFile")
async def test_disabled(dut):
    """While disabled, what was offered stays, and nothing else comes."""
    file = await File.start(dut)
    for slot in (0, 1):
        await file.cycle((slot, 7), ready=False)
    await file.cycle(ready=False)
    for _ in range(5):
        await file.cycle(enable=False, ready=False)
    for _ in range(5):
        await file.cycle(enable=False)
    assert [item for _, *item in file.left] == [[0, 7]]
    await file.drain()
    assert [item for _, *item in file.left] == [[0, 7], [1, 7]]


@test_of("SourceFile")
@cocotb.parametrize(sink=PROFILES, writer=PROFILES)
async def test_random(dut, sink, writer):
    file = await File.start(dut)
    rng = random.Random(f"{sink}/{writer}")
    stalls, gaps, pauses = Stalls(sink, 1), Stalls(writer, 2), Stalls("bursty", 3)
    for number in range(500):
        write = None if gaps.stalled() else (rng.randrange(DEPTH), some_value(rng))
        if number == 250:
            await file.reset()
        await file.cycle(
            write,
            clear=rng.random() < 0.01,
            enable=not pauses.stalled(),
            ready=not stalls.stalled(),
        )
    await file.drain()
