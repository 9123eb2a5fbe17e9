"""cocotb tests of the wide arithmetic against entries one by one; started by test_arith.py."""

import random

import cocotb

from hw.eie.config import EieConfig
from hw.eie.wide.arith import wide_drained_layout
from hw.eie.wide.tokens import OpKind, load_lanes, work_layout
from sim.payload import Codec
from sim.runner import bench_parameters
from sim.stalls import PROFILES, Stalls
from sim.streams import Bench

CONFIGS = [EieConfig(**fields) for fields in bench_parameters()["configs"]]
NUMBERS = range(len(CONFIGS))
CORNERS = (-32768, -32767, -256, -255, -129, -2, -1, 0, 1, 2, 127, 128, 255, 256, 32766, 32767)
EXTREME_BIASES = (-(1 << 31), -1, 0, 1, (1 << 31) - 1)
FLAGS = {"entries": 1, "padding": 1, "error": 2}  # and the cycles by which each is late


def signed(value, bits):
    """The low bits of ``value`` as two's complement."""
    value &= (1 << bits) - 1
    return value - (value >> (bits - 1) << bits)


def packed(values, bits):
    """Values from the lowest bits on, as one integer."""
    return sum((value & ((1 << bits) - 1)) << bits * k for k, value in enumerate(values))


class Model:
    """The arithmetic in Python integers: entry after entry, no lanes, no pipeline."""

    def __init__(self, config):
        self.depth = config.file_depth
        self.codebook = [0] * 16
        self.forget()

    def forget(self):
        """A reset: the codebook stays."""
        self.accumulators = [0] * self.depth
        self.row = 0

    def apply(self, operation):
        """What the operation drains, None if nothing, and by how much it raises the flags."""
        op, bits = operation["op"], packed(operation["words"], 64)
        lanes = [(k, lane) for k, lane in enumerate(op["lanes"]) if lane["valid"]]
        flags = dict.fromkeys(FLAGS, 0)
        if op["kind"] == OpKind.CODEBOOK.value:
            for k in range(8):
                self.codebook[8 * op["row"] + k] = signed(bits >> 16 * k, 16)
        elif op["kind"] == OpKind.LOAD.value:
            for k, _ in lanes:
                self.accumulators[op["row"] + k] = signed(bits >> 32 * k, 32)
        elif op["kind"] == OpKind.DRAIN.value:
            drained = {name: op[name] for name in ("last", "slot", "split", "row")}
            drained["values"] = {k: self.accumulators[op["row"] + k] for k, _ in lanes}
            return drained, flags
        else:
            for k, lane in lanes:
                entry = bits >> 8 * (op["shift"] + k) & 0xFF
                row = (entry >> 4) + (0 if lane["first"] else self.row + 1)
                flags["entries"] += 1
                flags["padding"] += entry & 15 == 0
                flags["error"] |= row >= self.depth
                self.row = row % self.depth
                product = self.codebook[entry & 15] * signed(lane["value"], 16)
                self.accumulators[self.row] = signed(self.accumulators[self.row] + product, 32)
        return None, flags


class Unit:
    """A unit under test beside its model, and the operations that it can be given."""

    @classmethod
    async def start(cls, dut, number, seed=0):
        self = cls()
        self.config = config = CONFIGS[number]
        self.dut, self.unit = dut, f"unit_{number}"
        self.lanes, self.depth = config.lanes, config.file_depth
        self.loads = load_lanes(config)
        self.latency = 3 + config.mul_stages
        self.work = Codec(work_layout(config))
        self.rng = random.Random(f"{number}/{seed}")
        self.pin("i__valid").value = 0
        self.bench = await Bench.start(dut)
        self.output = self.bench.watch(f"{self.unit}__o", wide_drained_layout(config))
        self.model = Model(config)
        await self.check([*self.codebooks([0, *CORNERS[:15]]), *self.load_all(), *self.drain_all()])
        return self

    def pin(self, name):
        return getattr(self.dut, f"{self.unit}__{name}")

    def operation(self, kind, mask, *, words=None, lanes=None, **fields):
        """Whatever the kind does not use is noise."""
        rng = self.rng
        noise = {"shift": rng.randrange(8), "row": rng.randrange(self.depth)}
        noise |= {name: rng.randrange(2) for name in ("last", "slot", "split")}
        lanes = list(lanes or [])
        while len(lanes) < self.lanes:
            lanes.append({"first": rng.randrange(2), "value": rng.getrandbits(16)})
        lanes = [{**lane, "valid": mask >> k & 1} for k, lane in enumerate(lanes)]
        words = rng.getrandbits(128) if words is None else words
        return {
            "op": {"kind": kind.value, **noise, **fields, "lanes": lanes},
            "words": [words & (1 << 64) - 1, words >> 64],
        }

    def codebooks(self, values):
        halves = (values[:8], values[8:])
        return [
            self.operation(OpKind.CODEBOOK, 0, words=packed(half, 16), row=k)
            for k, half in enumerate(halves)
        ]

    def load(self, row, biases):
        words = packed(biases, 32) | self.rng.getrandbits(128) >> 32 * len(biases) << 32 * len(
            biases
        )
        return self.operation(OpKind.LOAD, (1 << len(biases)) - 1, words=words, row=row)

    def load_all(self):
        for row in range(0, self.depth, self.loads):
            yield self.load(row, [self.bias() for _ in range(self.loads)])

    def bias(self):
        return self.rng.choice([*EXTREME_BIASES, self.rng.getrandbits(32)])

    def drain(self, row, mask, last=0):
        return self.operation(OpKind.DRAIN, mask, row=row, last=last)

    def drain_all(self):
        rows = range(0, self.depth, self.lanes)
        return [self.drain(row, (1 << self.lanes) - 1, row == rows[-1]) for row in rows]

    def entries(self, entries, shift=None):
        """One operation for at most ``lanes`` entries (first, index, zeros, activation)."""
        shift = self.rng.randrange(8) if shift is None else shift
        noise = self.rng.getrandbits(128)
        for k, (_, index, zeros, _) in enumerate(entries):
            place = 8 * (shift + k)
            noise = noise & ~(0xFF << place) | (index | zeros << 4) << place
        lanes = [{"first": int(first), "value": value & 0xFFFF} for first, _, _, value in entries]
        mask = (1 << len(entries)) - 1
        return self.operation(OpKind.ENTRY, mask, words=noise, lanes=lanes, shift=shift)

    def batches(self, entries):
        """Entries in order, as many in an operation as there are lanes, or fewer."""
        while entries:
            count = self.rng.choice([self.lanes, self.lanes, self.rng.randint(1, self.lanes)])
            yield self.entries(entries[:count])
            entries = entries[count:]

    def column(self, spread):
        """Entries of one column within the file; zeros between them are below ``spread``."""
        rng, entries, row = self.rng, [], -1
        value = rng.choice(CORNERS) if rng.random() < 0.4 else rng.randrange(-32768, 32768)
        for _ in range(rng.choice([1, 1, 2, self.lanes, 3 * self.lanes])):
            zeros = rng.randrange(spread)
            row += zeros + 1
            if row >= self.depth:
                break
            entries.append((not entries, rng.randrange(16), zeros, value))
        return entries

    async def check(self, steps):
        """Play one step in each cycle, None for a gap, and compare all values and all cycles."""
        steps = list(steps)
        before, first = len(self.output.received), self.bench.cycle + 1
        expected, flags, raised = [], {}, {}
        for cycle, step in enumerate([*steps, *[None] * (self.latency + 2)], first):
            self.pin("i__valid").value = step is not None
            if step is not None:
                self.pin("i__payload").value = self.work.encode(step)
                drained, counts = self.model.apply(step)
                if drained is not None:
                    expected.append((cycle + self.latency, drained))
                for name, late in FLAGS.items():
                    flags[name, cycle + late] = counts[name]
            await self.bench.step()
            for name in FLAGS:
                raised[name, cycle] = int(self.pin(name).value)
        got = self.output.received[before:]
        for number, (have, (cycle, want)) in enumerate(zip(got, expected, strict=False)):
            item = dict(have.item)
            mask, values = item.pop("drain"), item.pop("values")
            item["values"] = {k: values[k] for k in range(self.lanes) if mask >> k & 1}
            assert (have.cycle, item) == (cycle, want), (number, have.cycle, item, cycle, want)
        assert len(got) == len(expected)
        rises = {place: count for place, count in flags.items() if count}
        assert {place: count for place, count in raised.items() if count} == rises

    def random_steps(self, count, profile, *, errors=False):
        """Operations of all kinds, on few rows or many, with gaps as in a stall profile."""
        rng, stalls = self.rng, Stalls(profile, self.rng.random())
        steps = []
        while len(steps) < count:
            kind = rng.random()
            if stalls.stalled():
                steps.append(None)
            elif kind < 0.05:
                values = [rng.choice(CORNERS) for _ in range(16)]
                steps.append(rng.choice(self.codebooks(values)))
            elif kind < 0.15:
                row = rng.randrange(self.depth // self.loads) * self.loads
                steps.append(
                    self.load(row, [self.bias() for _ in range(rng.randint(1, self.loads))])
                )
            elif kind < 0.35:
                row = rng.randrange(self.depth // self.lanes) * self.lanes
                steps.append(self.drain(row, rng.getrandbits(self.lanes), rng.randrange(2)))
            elif errors:
                steps.append(
                    self.entries(
                        [
                            (rng.random() < 0.3, rng.randrange(16), rng.randrange(16), 77 - k)
                            for k in range(rng.randint(1, self.lanes))
                        ]
                    )
                )
            else:
                columns = [self.column(rng.choice([1, 1, 2, 5, 16])) for _ in range(3)]
                steps += self.batches([entry for column in columns for entry in column])
        return steps


@cocotb.test()
@cocotb.parametrize(number=NUMBERS, profile=PROFILES)
async def test_random(dut, number, profile):
    unit = await Unit.start(dut, number, profile)
    await unit.check([*unit.random_steps(300, profile), *unit.drain_all()])


@cocotb.test()
@cocotb.parametrize(number=NUMBERS)
async def test_every_byte_of_a_window(dut, number):
    """Entries from each byte on, as many as each count, with each index; then what they made."""
    unit = await Unit.start(dut, number)
    rng = unit.rng
    index = 0
    for shift in range(8):
        for count in range(1, unit.lanes + 1):
            entries = []
            for k in range(count):
                index = (index + 1) % 16
                zeros = rng.randrange(min(2, unit.depth // unit.lanes)) if k else 0
                entries.append((k == 0, index, zeros, rng.choice(CORNERS)))
            await unit.check([unit.entries(entries, shift), *unit.drain_all()])


@cocotb.test()
@cocotb.parametrize(number=NUMBERS)
async def test_lanes_on_one_row(dut, number):
    """All lanes of many operations without a gap on one row, on two in turn; extremes wrap."""
    unit = await Unit.start(dut, number)
    rng = unit.rng
    for rows in (1, 2):
        for weight in (-32768, 32767):
            steps = [*unit.load_all(), *unit.codebooks([weight] * 16)]
            run = [
                (True, rng.randrange(16), k % rows, rng.choice((-32768, -32768, 32767)))
                for k in range(20 * unit.lanes)
            ]
            steps += [unit.entries(run[k : k + unit.lanes]) for k in range(0, len(run), unit.lanes)]
            await unit.check([*steps, *unit.drain_all()])
    lowest = [(True, 5, 0, -32768)] * unit.lanes
    steps = [unit.load(0, [0]), *unit.codebooks([-32768] * 16), unit.entries(lowest)]
    await unit.check([*steps, unit.drain(0, 1)])
    assert unit.output.items[-1]["values"][0] == signed(unit.lanes << 30, 32)


@cocotb.test()
@cocotb.parametrize(number=NUMBERS)
async def test_neighbouring_operations(dut, number):
    """Every kind of operation right behind every other, on the same rows."""
    unit = await Unit.start(dut, number)
    rng = unit.rng
    kinds = (
        lambda: unit.load(0, [unit.bias() for _ in range(unit.loads)]),
        lambda: unit.load(0, [unit.bias()]),
        lambda: unit.entries([(True, 3, 0, rng.randrange(-99, 99)), (False, 7, 0, 5)]),
        lambda: unit.entries([(False, 9, 0, rng.randrange(-99, 99))] * (unit.depth > unit.lanes)),
        lambda: unit.entries([(True, 9, 1, rng.randrange(-99, 99))] * unit.lanes),
        lambda: unit.drain(0, (1 << unit.lanes) - 1),
        lambda: unit.drain(0, 0, 1),
        lambda: rng.choice(unit.codebooks([rng.choice(CORNERS) for _ in range(16)])),
    )
    for first in kinds:
        for second in kinds:
            await unit.check([first(), second(), unit.drain(0, (1 << unit.lanes) - 1)])


@cocotb.test()
@cocotb.parametrize(number=NUMBERS)
async def test_rows_beyond_the_file(dut, number):
    """Each operation with such an entry raises one pulse, and its rows wrap around."""
    unit = await Unit.start(dut, number)
    long = [(k == 0, 1, 0, 3) for k in range(2 * unit.depth + 1)]
    await unit.check([*unit.batches(long), *unit.drain_all()])
    await unit.check([*unit.random_steps(200, "light", errors=True), *unit.drain_all()])


@cocotb.test()
@cocotb.parametrize(number=NUMBERS)
async def test_reset_in_mid_work(dut, number):
    """What is under way is gone, accumulators are zero; the codebook stays."""
    unit = await Unit.start(dut, number)
    for cut in range(1, unit.latency + 3):
        steps = [*unit.random_steps(20, "never"), unit.entries([(True, 3, 0, 9)] * unit.lanes)]
        steps += [unit.load(0, [5]), *unit.drain_all()]
        for step in steps[: 20 + cut]:
            unit.pin("i__valid").value = 1
            unit.pin("i__payload").value = unit.work.encode(step)
            unit.model.apply(step)
            await unit.bench.step()
        unit.pin("i__valid").value = 0
        await unit.bench.reset()
        unit.model.forget()
        await unit.check([*unit.drain_all(), *unit.random_steps(20, "light"), *unit.drain_all()])
