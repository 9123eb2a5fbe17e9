"""cocotb tests of sparse-matrix read, in step with a model of it; started by test_spmat.py."""

import random
from dataclasses import dataclass

import cocotb

from hw.eie.config import EieConfig
from hw.eie.format import PASS
from hw.eie.tokens import range_layout
from sim.runner import bench_parameters
from sim.streams import Bench
from tests.hw.eie.slots import PassSlots
from tests.hw.eie.spmat_model import SpmatModel, turn_rows

CONFIGS = [EieConfig(**fields) for fields in bench_parameters()["configs"]]
NUMBERS = range(len(CONFIGS))

# The SRAMs outlive a test, and so does what is known of them.
WORDS = [
    [random.Random(f"{k}/{address}").getrandbits(64) for address in range(config.spmat_depth)]
    for k, config in enumerate(CONFIGS)
]
LOADED = set()


@dataclass
class Pass:
    """A descriptor, and the range of each column that comes in the pass."""

    descriptor: dict
    ranges: list

    @property
    def entries(self):
        return sum(max(0, stop - start) for start, stop in self.ranges)


class Machine:
    """A unit, its model, and what surrounds it: pass slots, columns, the I/O port."""

    @classmethod
    async def start(cls, dut, number, stalls="never"):
        for k in NUMBERS:
            for pin in ("io__en", "i__valid", "slots"):
                getattr(dut, f"unit_{k}__{pin}").value = 0
        self = cls()
        self.rng = random.Random(f"{number}/{stalls}")
        self.unit = f"unit_{number}"
        self.config = CONFIGS[number]
        self.words = WORDS[number]
        self.bench = await Bench.start(dut)
        self.slots = PassSlots(dut, self.config, f"{self.unit}__slots")
        self.model = SpmatModel(self.bench, self.unit, self.config, self.words)
        self.source = self.bench.drive(f"{self.unit}__i", range_layout(self.config), stalls=stalls)
        if number not in LOADED:
            LOADED.add(number)
            for address, word in enumerate(self.words):
                await self.access(en=1, write=1, addr=address, wdata=word)
        await self.access()
        return self

    async def access(self, **pins):
        for name, value in {"en": 0, "write": 0, **pins}.items():
            getattr(self.bench.dut, f"{self.unit}__io__{name}").value = value
        await self.bench.step()

    def descriptor(self, **fields):
        """With random values in all fields that are not given and that the unit ignores."""
        widths = dict(PASS)
        ignored = ("ptr_base", "shift", "relu", "src_sram", "columns", "src_base", "dst_base")
        result = {name: self.rng.getrandbits(widths[name]) for name in ignored}
        used = ("spmat_base", "entry_base", "bias_rows", "drain_rows")
        return result | dict.fromkeys(used, 0) | fields

    def random_pass(self, columns=10):
        rng, depth, rows = self.rng, self.config.spmat_depth, self.config.file_depth
        bias_rows, drain_rows = (
            rng.choice([0, 1, rows - 1, rows, rng.randint(0, rows)]) for _ in range(2)
        )
        last_base = depth - 4 - (bias_rows + 1) // 2
        entry_base = rng.choice([0, depth - 1, rng.randrange(depth)])
        end = min(65535, 8 * (depth - entry_base))
        ranges = []
        for _ in range(rng.randint(0, columns)):
            start = rng.choice([0, rng.randint(0, end), rng.randint(max(0, end - 20), end)])
            length = rng.choice([0, 0, 1, 2, 8, rng.randint(0, 30)])
            ranges.append((start, min(start + length, end)))
        spmat_base = rng.choice([0, last_base, rng.randint(0, last_base)])
        return Pass(
            self.descriptor(
                spmat_base=spmat_base,
                entry_base=entry_base,
                bias_rows=bias_rows,
                drain_rows=drain_rows,
            ),
            ranges,
        )

    def columns(self, ranges):
        """The tokens of a pass. The pointers of an end mark are anything."""
        rng = self.rng
        for start, stop in ranges:
            yield {"end": 0, "start": start, "stop": stop, "value": rng.getrandbits(16)}
        start, stop = rng.getrandbits(16), rng.getrandbits(16)
        yield {"end": 1, "start": start, "stop": stop, "value": rng.getrandbits(16)}

    async def compute(self, program, *, first=0, delay=lambda: 1):
        """
        Work through passes and halts (None), the first of them number ``first`` since reset: each
        is shown ``delay()`` cycles after the turn into the one before has come out. Then compares
        how many operations there were.
        """
        for each in program:
            if each is not None:
                self.source.put(*self.columns(each.ranges))
        earlier = len(self.model.ops)
        limit = 300 + 50 * sum(len(each.ranges) + each.entries for each in program if each)
        for number, each in enumerate(program, first):
            await self.bench.until(lambda n=number: self.model.turned == n, limit, "turn")
            await self.bench.step(delay())
            if each is None:
                self.slots.halt(number, **self.descriptor(spmat_base=(1 << 20) - 1, drain_rows=99))
            else:
                self.slots.show(number, **each.descriptor)
        end = first + len(program)
        await self.bench.until(lambda: self.model.turned == end, limit, "last turn")
        await self.bench.until(lambda: self.source.idle, limit, "last column")
        await self.bench.step(self.config.sram_latency + 4)
        assert len(self.model.ops) - earlier == sum(operations(program))


def operations(program):
    """Operations of each pass and halt, the turn into it included."""
    old = None
    for each in program:
        if each is None:
            yield turn_rows(old, {"bias_rows": 0})
            old = None
        else:
            yield turn_rows(old, each.descriptor) + 4 + each.entries
            old = each.descriptor


@cocotb.test()
@cocotb.parametrize(number=NUMBERS, stalls=["never", "heavy", "bursty"], slow=[False, True])
async def test_inferences(dut, number, stalls, slow):
    machine = await Machine.start(dut, number, stalls)
    program = []
    for passes in (1, 3, 2):
        program += [*(machine.random_pass() for _ in range(passes)), None]
    await machine.compute(program, delay=lambda: machine.rng.randrange(60) if slow else 1)
    assert machine.model.errors == 0


@cocotb.test()
@cocotb.parametrize(number=NUMBERS)
async def test_cycles(dut, number):
    """Where nothing is waited for, an end mark and a column without entries take a cycle, all
    else as many as there are operations."""
    machine = await Machine.start(dut, number)
    program = [machine.random_pass() for _ in range(5)]
    for each in program:
        each.descriptor["entry_base"] = 0
        each.ranges += [(0, 33), (20, 20), (5, 5), (1, 2)]
    await machine.compute([*program, None])
    cycles = sum(operations([*program, None])) + len(program)
    cycles += sum(start == stop for each in program for start, stop in each.ranges)
    first, last = machine.model.ops[0][0], machine.model.ops[-1][0]
    assert last - first + 1 == cycles
    assert machine.model.spent["starved"] == 0


@cocotb.test()
@cocotb.parametrize(number=NUMBERS)
async def test_turns(dut, number):
    """Every relation of rows to drain and rows to preload, the second of a pair after the first."""
    machine = await Machine.start(dut, number)
    rows = machine.config.file_depth
    base = machine.config.spmat_depth - 4
    pairs = [(0, 0), (0, 1), (1, 0), (1, 1), (rows, 0), (0, rows), (rows, rows)]
    pairs += [(rows, rows - 1), (rows - 1, rows), (1, rows), (rows, 1)]
    program = []
    for drain_rows, bias_rows in pairs:
        fields = {"spmat_base": base - (bias_rows + 1) // 2, "bias_rows": bias_rows}
        program.append(Pass(machine.descriptor(spmat_base=base, drain_rows=drain_rows), []))
        program.append(Pass(machine.descriptor(**fields), []))
    await machine.compute([*program, None])
    assert machine.model.errors == 0
    turns = [0]
    for _, op in machine.model.ops:
        if "last" in op:
            turns[-1] += 1
            turns += [0] * op["last"]
    assert turns[1:-2:2] == [max(1, *pair) for pair in pairs]


@cocotb.test()
@cocotb.parametrize(number=NUMBERS, stalls=["never", "light"])
async def test_extreme_columns(dut, number, stalls):
    machine = await Machine.start(dut, number, stalls)
    depth = machine.config.spmat_depth
    program = []
    for base in (0, 1, 5, depth - 1):
        end = min(65535, 8 * (depth - base))
        start = max(0, end - 21)
        ranges = [(start, end), (end - 1, end), (end, end), (0, 1), (end - 1, end), (0, 8), (7, 8)]
        ranges += [(7, 8), (0, 0), (6, 7), (65535, 65535), (start, end), (start, end)]
        program.append(Pass(machine.descriptor(entry_base=base), ranges))
    await machine.compute([*program, None])
    assert machine.model.errors == 0


@cocotb.test()
@cocotb.parametrize(number=NUMBERS, stalls=["never", "bursty"])
async def test_errors(dut, number, stalls):
    machine = await Machine.start(dut, number, stalls)
    depth, rows = machine.config.spmat_depth, machine.config.file_depth
    table = [
        # Base of the entries, ranges, errors.
        (0, [(1, 0), (3, 4), (65535, 0), (65535, 65534), (9, 8), (8, 8)], 4),
        (depth - 1, [(6, 10), (0, 8), (10, 6), (8, 9)], 4),
        (depth, [(0, 0), (65535, 65535), (0, 3)], 3),
        ((1 << 20) - 1, [(65530, 65535), (8, 10)], 7),
    ]
    program = [
        Pass(machine.descriptor(entry_base=base, drain_rows=rows, spmat_base=depth - 4), ranges)
        for base, ranges, _ in table
    ]
    await machine.compute([*program, None])
    assert machine.model.errors == sum(errors for *_, errors in table)


@cocotb.test()
@cocotb.parametrize(number=NUMBERS)
async def test_turn_beyond_the_sram(dut, number):
    machine = await Machine.start(dut, number)
    base = machine.config.spmat_depth - 3
    program = [
        Pass(machine.descriptor(spmat_base=base), []),
        Pass(machine.descriptor(spmat_base=base, bias_rows=2), []),
        Pass(machine.descriptor(spmat_base=base + 3, bias_rows=1, drain_rows=2), []),
        Pass(machine.descriptor(spmat_base=(1 << 20) - 1, bias_rows=1), []),
        None,
    ]
    await machine.compute(program)
    assert machine.model.errors == 1 + 2 + 5 + 5


@cocotb.test()
@cocotb.parametrize(number=NUMBERS)
async def test_other_tickets_are_not_taken(dut, number):
    machine = await Machine.start(dut, number)
    each = machine.random_pass()
    each.descriptor.update(spmat_base=0, bias_rows=machine.config.file_depth)
    for first in range(6):
        for other in (first + 1, first + 2, first + 3):
            machine.slots.show(other, **each.descriptor)
            await machine.bench.step(4)
        assert machine.model.turned == first
        await machine.compute([each], first=first)


@cocotb.test()
@cocotb.parametrize(number=NUMBERS)
async def test_io(dut, number):
    machine = await Machine.start(dut, number)
    depth, latency = machine.config.spmat_depth, machine.config.sram_latency
    rdata = getattr(dut, f"{machine.unit}__io__rdata")
    addresses = {0, depth - 1, *machine.rng.sample(range(depth), 6)}
    for address in addresses:
        await machine.access(en=1, addr=address)
        await machine.access()
        await machine.bench.step(latency - 1)
        assert int(rdata.value) == machine.words[address]
    # What the bus does to a word or to the SRAM's output counts from the next operation on.
    for step in range(0, 4, 2):
        last = Pass(machine.descriptor(entry_base=3), [(0, 1)])
        await machine.compute([last, None], first=2 * step)
        if step:
            await machine.access(en=1, addr=0)
        else:
            machine.words[3] ^= (1 << 64) - 1
            await machine.access(en=1, write=1, addr=3, wdata=machine.words[3])
        await machine.access()
        again = Pass(machine.descriptor(spmat_base=3, bias_rows=2), [(0, 8)])
        await machine.compute([again, None], first=2 * step + 2)


@cocotb.test()
@cocotb.parametrize(number=NUMBERS, after=[0, 1, 2, 4, 5, 8, 12, 13, 20, 33])
async def test_reset_in_mid_work(dut, number, after):
    machine = await Machine.start(dut, number)
    each = machine.random_pass()
    each.descriptor.update(spmat_base=0, bias_rows=machine.config.file_depth)
    each.ranges += [(0, 30), (3, 3), (2, 20)]
    work = cocotb.start_soon(machine.compute([each, each, None]))
    await machine.bench.until(lambda: machine.model.ops, 40, "operation")
    await machine.bench.step(after)
    work.cancel()
    machine.slots.clear()
    await machine.bench.reset(1 + after % 2)
    await machine.compute([machine.random_pass(), each, None, each, None])
