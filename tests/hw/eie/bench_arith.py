"""cocotb tests of the arithmetic unit; started by test_arith.py."""

import random
from itertools import product

import cocotb
from amaranth.hdl import signed

from hw.eie.config import EieConfig
from hw.eie.tokens import OpKind, drained_layout, work_layout
from sim.payload import Codec
from sim.runner import bench_parameters
from sim.stalls import PROFILES, Stalls
from sim.streams import Bench

PARAMETERS = bench_parameters()
CORNERS = (
    *(-32768, -32767, -21846, -16384, -257, -256, -255, -129, -128, -127, -2, -1, 0),
    *(1, 2, 127, 128, 129, 255, 256, 257, 16384, 21845, 32766, 32767),
)
CONFIG = EieConfig(**PARAMETERS["config"])
DEPTH = CONFIG.file_depth
LATENCY = 1 + CONFIG.mul_stages
WORK = Codec(work_layout(CONFIG))
DRAINED = drained_layout(CONFIG, signed(32))
FLAGS = {"entry": 0, "padding": 0, "error": 1}  # and the cycles by which each is late


def wrapped(value):
    """``value`` modulo 2**32, as two's complement."""
    return (value + (1 << 31)) % (1 << 32) - (1 << 31)


def entry(index, zeros, value, *, first=True, part=0, rng=None):
    """An entry in byte ``part`` of a word that is otherwise noise."""
    word = rng.getrandbits(64) if rng else 0
    word = word & ~(0xFF << 8 * part) | (index | zeros << 4) << 8 * part
    fields = {"kind": OpKind.ENTRY.value, "part": part, "first": first, "value": value & 0xFFFF}
    return {"op": fields, "word": word}


def turn(row, bias=None, *, drain=False, last=False, slot=0, half=0, rng=None):
    """A TURN of ``row``, which preloads ``bias`` unless that is None."""
    word = rng.getrandbits(64) if rng else 0
    if bias is not None:
        word = word & ~(0xFFFFFFFF << 32 * half) | (bias % (1 << 32)) << 32 * half
    fields = {"kind": OpKind.TURN.value, "part": half, "row": row, "load": bias is not None}
    return {"op": {**fields, "drain": drain, "last": last, "slot": slot}, "word": word}


def codebook(quarter, values):
    """Stores four codebook values."""
    word = sum((value & 0xFFFF) << 16 * k for k, value in enumerate(values))
    return {"op": {"kind": OpKind.CODEBOOK.value, "part": quarter}, "word": word}


def whole_codebook(values):
    return [codebook(k, values[4 * k : 4 * k + 4]) for k in range(4)]


def drain_all():
    return [turn(row, drain=True, last=row == DEPTH - 1) for row in range(DEPTH)]


class Model:
    """The arithmetic in Python integers: one operation after the other, no pipeline."""

    def __init__(self):
        self.accumulators = [0] * DEPTH
        self.codebook = [0] * 16
        self.row = self.value = 0

    def apply(self, item):
        """What the operation drains (None if nothing) and the names of the flags it raises."""
        op, word = item["op"], item["word"]
        if op["kind"] == OpKind.CODEBOOK.value:
            for k in range(4):
                bits = word >> 16 * k & 0xFFFF
                self.codebook[4 * op["part"] + k] = bits - (bits >> 15 << 16)
            return None, ()
        if op["kind"] == OpKind.ENTRY.value:
            byte = word >> 8 * op["part"] & 0xFF
            index, zeros = byte % 16, byte // 16
            row = zeros if op["first"] else self.row + 1 + zeros
            if op["first"]:
                self.value = op["value"] - (op["value"] >> 15 << 16)
            self.row = row % DEPTH
            old = self.accumulators[self.row]
            self.accumulators[self.row] = wrapped(old + self.codebook[index] * self.value)
            return None, ("entry", *["padding"] * (index == 0), *["error"] * (row >= DEPTH))
        row, drained = op["row"], None
        if op["drain"] or op["last"]:
            drained = {key: op[key] for key in ("drain", "last", "slot", "row")}
            drained = {key: int(value) for key, value in drained.items()}
            drained["value"] = self.accumulators[row]
        if op["load"]:
            self.accumulators[row] = wrapped(word >> 32 * op["part"])
        return drained, ()


class Unit:
    """The arithmetic unit under test beside its model."""

    @classmethod
    async def start(cls, dut):
        self = cls()
        self.dut = dut
        dut.i__valid.value = 0
        self.bench = await Bench.start(dut)
        self.output = self.bench.watch("o", DRAINED)
        self.model = Model()
        rng = random.Random(0)
        biases = [turn(row, rng.getrandbits(32), half=row % 2) for row in range(DEPTH)]
        await self.check([*biases, *whole_codebook([0, *CORNERS[:15]])])
        return self

    async def play(self, steps):
        """One step in each cycle, None for a gap. Returns the first cycle and when flags rose."""
        dut, bench = self.dut, self.bench
        first = bench.cycle + 1
        raised = {name: [] for name in FLAGS}
        for step in (*steps, *[None] * (LATENCY + 2)):
            dut.i__valid.value = step is not None
            if step is not None:
                dut.i__payload.value = WORK.encode(step)
            await bench.step()
            for name in FLAGS:
                if int(getattr(dut, name).value):
                    raised[name].append(bench.cycle)
        return first, raised

    async def check(self, steps):
        """Play and compare with the model: all values, all cycles."""
        before = len(self.output.received)
        first, raised = await self.play(steps)
        drained, flags = [], {name: [] for name in FLAGS}
        for cycle, step in enumerate(steps, first):
            item, names = (None, ()) if step is None else self.model.apply(step)
            if item is not None:
                drained.append((cycle + LATENCY, item))
            for name in names:
                flags[name].append(cycle + FLAGS[name])
        got = [(each.cycle, each.item) for each in self.output.received[before:]]
        for number, (have, want) in enumerate(zip(got, drained, strict=False)):
            if not want[1]["drain"]:  # the mark alone: there is no row
                keys = ("drain", "last", "slot")
                have, want = ((each[0], {k: each[1][k] for k in keys}) for each in (have, want))
            assert have == want, f"drained row {number} is {have}, not {want}"
        assert len(got) == len(drained)
        assert raised == flags


def random_steps(rng, count, profile, *, errors=False):
    """Operations that meet on few rows, with gaps as in a stall profile."""
    stalls = Stalls(profile, rng.random())
    steps, row = [], None
    while len(steps) < count:
        if stalls.stalled():
            steps.append(None)
            continue
        kind = rng.random()
        slot, half = rng.randrange(2), rng.randrange(2)
        value = rng.choice(CORNERS) if rng.random() < 0.5 else rng.randrange(-(1 << 15), 1 << 15)
        if kind < 0.05:
            steps.append(codebook(rng.randrange(4), rng.choices(CORNERS, k=4)))
        elif kind < 0.25:
            bias = rng.choice([None, rng.getrandbits(32), (1 << 31) - 1, 1 << 31])
            hot = min(rng.choice([0, 0, 1, 2, DEPTH - 1]), DEPTH - 1)
            drain, last = rng.random() < 0.6, rng.random() < 0.2
            steps.append(turn(hot, bias, drain=drain, last=last, slot=slot, half=half, rng=rng))
            row = None
        else:
            zeros = rng.choice([0, 0, 0, 1, 2, rng.randrange(16)])
            first = row is None or rng.random() < 0.4
            reached = zeros + (0 if first else row + 1)
            if reached >= DEPTH and not errors:
                zeros, first, reached = 0, True, 0
            row = reached % DEPTH
            part = rng.randrange(8)
            steps.append(entry(rng.randrange(16), zeros, value, first=first, part=part, rng=rng))
    return steps


@cocotb.test()
@cocotb.parametrize(profile=PROFILES)
async def test_random(dut, profile):
    unit = await Unit.start(dut)
    rng = random.Random(profile)
    await unit.check([*random_steps(rng, 600, profile), *drain_all()])


@cocotb.test()
async def test_hazards(dut):
    """Every pair of operations, on one row and on two, one to four cycles apart."""
    unit = await Unit.start(dut)
    values = iter(range(3, 1 << 15))

    def operations(row):
        return {
            "entry": lambda: entry(3, row, next(values)),
            "load": lambda: turn(row, 1000 * next(values)),
            "drain": lambda: turn(row, drain=True),
            "swap": lambda: turn(row, -1000 * next(values), drain=True, half=1),
            "mark": lambda: turn(row, last=True),
        }

    between = {
        "gap": lambda: None,
        "other row": lambda: entry(5, 1, next(values)),
        "codebook": lambda: codebook(1, [next(values) for _ in range(4)]),
    }
    steps = []
    for first, second, filler in product(operations(0), operations(0), between):
        for distance, row in product(range(1, 5), (0, 1)):
            if distance == 1 and filler != "gap":
                continue
            steps.append(operations(0)[first]())
            steps += [between[filler]() for _ in range(distance - 1)]
            steps.append(operations(row)[second]())
            steps += [*[None] * (LATENCY + 1), turn(0, drain=True), turn(1, drain=True)]
    await unit.check(steps)


@cocotb.test()
async def test_entries_on_one_row(dut):
    """Runs of entries without a gap, all on one row, two in turn, or three."""
    unit = await Unit.start(dut)
    rng = random.Random(3)
    for rows in range(1, min(3, DEPTH) + 1):
        run = [entry(rng.randrange(16), k % rows, rng.choice(CORNERS)) for k in range(60)]
        await unit.check([*run, *drain_all()])


@cocotb.test()
async def test_wrap(dut):
    table = [
        # bias, codebook value, activation, times, accumulator
        ((1 << 31) - 1, 1, 1, 1, -(1 << 31)),
        (-(1 << 31), -1, 1, 1, (1 << 31) - 1),
        (-(1 << 31), 1, -1, 1, (1 << 31) - 1),
        (0, -32768, -32768, 1, 1 << 30),
        (0, -32768, -32768, 2, -(1 << 31)),
        (0, -32768, -32768, 4, 0),
        (0, -32768, 32767, 2, -2147418112),
        (0, -32768, 32767, 3, 1073840128),
        (0, 32767, 32767, 3, -1073938429),
        (-1, -32768, -32768, 2, (1 << 31) - 1),
    ]
    unit = await Unit.start(dut)
    for bias, weight, value, times, result in table:
        steps = [turn(0, bias), *whole_codebook([weight] * 16)]
        steps += [entry(9, 0, value)] * times
        await unit.check([*steps, turn(0, drain=True)])
        assert unit.output.items[-1]["value"] == result


@cocotb.test()
async def test_rows_of_a_column(dut):
    """Row accumulation reaches every row, by single steps and by the longest runs."""
    unit = await Unit.start(dut)
    for stride in (1, 2, 3, 16):
        rows = range(min(stride, DEPTH) - 1, DEPTH, stride)
        steps = [
            entry(k % 16, stride - 1 if k or stride <= DEPTH else DEPTH - 1, k + 1, first=not k)
            for k in range(len(rows))
        ]
        await unit.check([*steps, *drain_all()])


@cocotb.test()
async def test_parts_of_a_word(dut):
    """Each byte and each half, with all other bits of the word set."""
    unit = await Unit.start(dut)
    ones = random.Random()
    ones.getrandbits = lambda bits: (1 << bits) - 1
    steps = whole_codebook(list(range(0, 1600, 100)))
    for part, index in product(range(8), range(16)):
        steps.append(entry(index, part % min(DEPTH, 8), 5, part=part, rng=ones))
    for half in range(2):
        steps += [*drain_all(), *(turn(row, row, half=half, rng=ones) for row in range(DEPTH))]
    await unit.check([*steps, *drain_all()])


@cocotb.test()
async def test_codebook_between_passes(dut):
    """A new codebook behind entries that are still being worked on, and right before others."""
    unit = await Unit.start(dut)
    steps = []
    for step in range(1, 9):
        steps += [entry(k, k % min(DEPTH, 4), 100 + k) for k in (15, 4, 8, 0)]
        steps += [turn(row, drain=True, last=row == 1) for row in range(2)]
        steps += whole_codebook([1000 * step + k for k in range(16)])
        steps += [entry(k, k % min(DEPTH, 4), 100 + k) for k in (15, 12, 3, 0)]
    await unit.check([*steps, *drain_all()])


@cocotb.test()
async def test_row_error(dut):
    """Entries beyond the file, by a hair and by far, raise one pulse each and wrap around."""
    unit = await Unit.start(dut)
    column = [entry(1, 0, 3, first=k == 0) for k in range(2 * DEPTH + 1)]
    await unit.check([*column, *drain_all()])
    steps = [entry(1, min(DEPTH, 16) - 1, 3)]
    for _ in range(-(-DEPTH // 16) + 1):
        steps += [entry(1, 15, 3, first=False), None, None]
    await unit.check([*steps, *drain_all()])
    rng = random.Random(5)
    await unit.check([*random_steps(rng, 500, "light", errors=True), *drain_all()])


@cocotb.test()
async def test_reset_in_mid_work(dut):
    unit = await Unit.start(dut)
    # What came in the cycle before a reset is gone; the memories are not.
    for lost in (entry(1, 0, 77), turn(0, 123, drain=True, last=True)):
        dut.i__payload.value = WORK.encode(lost)
        dut.i__valid.value = 1
        await unit.bench.step()
        dut.i__valid.value = 0
        await unit.bench.reset()
        await unit.check([turn(0, drain=True), entry(2, 0, 5), *drain_all()])
    # After a reset in the middle of a run everything starts afresh.
    rng = random.Random(9)
    for cut in range(20, 30):
        for step in random_steps(rng, cut, "never"):
            dut.i__payload.value = WORK.encode(step)
            dut.i__valid.value = 1
            await unit.bench.step()
        dut.i__valid.value = 0
        await unit.bench.reset()
        await unit.check([turn(row, row) for row in range(DEPTH)])
        await unit.check([*whole_codebook(CORNERS[:16]), *random_steps(rng, 50, "light")])
        await unit.check(drain_all())
