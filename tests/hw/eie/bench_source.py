"""cocotb tests of the activation source; started by test_source.py."""

import random
from dataclasses import dataclass

import cocotb
from slots import PassSlots

from hw.eie.config import EieConfig
from hw.eie.tokens import token_layout
from sim.runner import bench_parameters
from sim.streams import PROFILES, Bench

CONFIG = EieConfig(**bench_parameters()["config"])
DEPTH = CONFIG.file_depth
LATENCY = CONFIG.sram_latency
PULSES = ("turned", "clear", "drain__valid", "store__valid")
END = {"end": 1}


@dataclass
class Pass:
    """A pass and what this PE has to send in it: the activation of each of its slots."""

    vector: list
    ptr_base: int = 0
    src_sram: int = 0
    src_base: int = 0

    def descriptor(self, index):
        # With one slot more or less, the count of columns would be another one.
        columns = (len(self.vector) - 1) * CONFIG.n_pe + 1 + index
        return {
            "columns": columns,
            "ptr_base": self.ptr_base,
            "src_sram": self.src_sram,
            "src_base": self.src_base,
        }

    def tokens(self, index):
        columns = range(self.ptr_base + index, 1 << 17, CONFIG.n_pe)
        pairs = zip(columns, self.vector, strict=False)
        return [
            {"end": 0, "column": column, "value": value & 0xFFFF}
            for column, value in pairs
            if value
        ]


class Supply:
    """The unit under test, in the surroundings of a processing element."""

    @classmethod
    async def start(cls, dut, *, index=0, stalls="never"):
        self = cls()
        self.dut, self.index = dut, index % CONFIG.n_pe
        self.slots = PassSlots(dut, CONFIG)
        for name in PULSES:
            getattr(dut, name).value = 0
        if CONFIG.pe_bits:
            dut.index.value = self.index
        self.bench = await Bench.start(dut)
        self.output = self.bench.watch("o", token_layout(CONFIG), stalls=stalls)
        self.number = 0
        return self

    async def reset(self):
        self.slots.clear()
        await self.bench.reset()
        self.number = 0

    async def cycle(self, *, drain=None, store=None, turned=False, clear=False):
        dut = self.dut
        dut.turned.value, dut.clear.value = turned, clear
        dut.drain__valid.value, dut.store__valid.value = drain is not None, store is not None
        dut.drain__slot.value, dut.drain__value.value = drain or (0, 0)
        dut.store__address.value, dut.store__value.value = store or (0, 0)
        await self.bench.step()
        for name in PULSES:
            getattr(dut, name).value = 0
        return self.bench.cycle

    async def store(self, base, vector):
        for address, value in enumerate(vector, base):
            await self.cycle(store=(address, value))

    def show(self, current):
        self.slots.show(self.number, **current.descriptor(self.index))

    async def turn(self, current, *, loaded=False, late=0):
        """Turn into a pass: drain what it reads to where it reads it (the last rows of it, one a
        cycle), unless it was ``loaded``, and pulse ``turned`` with the last, or ``late`` cycles
        after it. Returns the cycles of the writes, by slot, and of the pulse."""
        last = len(current.vector) - 1
        first = last + 1 if loaded else max(0, last + 1 - DEPTH)
        written = {}
        for slot in range(first, last + 1):
            value = current.vector[slot]
            turned = slot == last and not late
            if current.src_sram:
                store = (current.src_base + slot, value)
                written[slot] = await self.cycle(store=store, turned=turned)
            else:
                written[slot] = await self.cycle(drain=(slot, value), turned=turned)
        if late or not written:
            for _ in range(late):
                await self.cycle()
            written["turned"] = await self.cycle(turned=True)
        self.number += 1
        return written, self.bench.cycle

    async def halt(self):
        self.slots.halt(self.number)
        await self.cycle(turned=True)
        self.number += 1

    async def load_file(self, rng, current):
        """As the host does: forgets what is pending and writes the slots, in some order."""
        await self.cycle(clear=True)
        order = list(enumerate(current.vector))
        rng.shuffle(order)
        for drain in order:
            await self.cycle(drain=drain)

    async def ended(self, ends):
        """Wait until ``ends`` marks have come since the last reset."""
        await self.bench.until(
            lambda: sum(item["end"] for item in self.output.items) >= ends, 5000, "end mark"
        )

    def check_passes(self):
        assert int(self.dut.passes.value) == self.number % 4

    def check_items(self, before, passes):
        expected = [token for each in passes for token in [*each.tokens(self.index), END]]
        got = [END if item["end"] else item for item in self.output.items[before:]]
        for number, (have, want) in enumerate(zip(got, expected, strict=False)):
            assert have == want, f"item {number} is {have}, not {want}"
        assert len(got) == len(expected)


def vectors(slots, rng):
    """Activations for a number of slots: no zero, only zeros, single ones, and mixtures."""
    full = [rng.choice([-32768, -1, 1, 32767, rng.randrange(1, 32767)]) for _ in range(slots)]
    one_of = [[k == place for k in range(slots)] for place in {0, slots // 2, slots - 1}]
    mixtures = [[rng.random() < share for _ in range(slots)] for share in (0.3, 0.7)]
    masks = [[True] * slots, [False] * slots, *one_of, *mixtures]
    return [
        [value if keep else 0 for value, keep in zip(full, mask, strict=True)] for mask in masks
    ]


def random_pass(rng, sram, base=0):
    longest = min(3 * DEPTH + 2, CONFIG.act_depth - base) if sram else DEPTH
    slots = rng.choice([1, min(DEPTH, longest), rng.randrange(1, longest + 1)])
    # A column and its successor have pointers.
    ptr_base = rng.randrange(CONFIG.ptr_depth - slots * CONFIG.n_pe)
    return Pass(rng.choice(vectors(slots, rng)), ptr_base, int(sram), base if sram else 0)


@cocotb.test()
async def test_file_cycles(dut):
    """From the file: two cycles from the write to the token, even before ``turned``; the end mark
    two cycles after the last token or ``turned``."""
    supply = await Supply.start(dut, index=1)
    rng = random.Random(1)
    passes = [Pass(vector) for slots in {1, 2, DEPTH} for vector in vectors(slots, rng)]
    for number, current in enumerate(passes):
        supply.show(current)
        before = len(supply.output.items)
        written, turned = await supply.turn(current, late=rng.choice([0, 0, 1, 5]))
        await supply.cycle()
        supply.check_passes()
        await supply.ended(number + 1)
        cycles = [written[slot] + 2 for slot, value in enumerate(current.vector) if value]
        cycles.append(max([turned, *cycles]) + 2)
        assert supply.output.cycles[before:] == cycles
        supply.check_items(before, [current])
        if len(cycles) > 4:
            assert supply.output.cycles[before] < turned, "sent early"


@cocotb.test()
async def test_sram_cycles(dut):
    """From the SRAM: a window is read from two cycles after ``turned`` on, or after the last of
    the window before has been written to the file and sent."""
    supply = await Supply.start(dut, index=2)
    rng = random.Random(2)
    lengths = {1, 2, DEPTH - 1, DEPTH, DEPTH + 1, 2 * DEPTH, 3 * DEPTH - 1}
    number = 0
    for slots in sorted(lengths - {0}):
        for vector in vectors(slots, rng):
            current = Pass(vector, src_sram=1, src_base=rng.randrange(CONFIG.act_depth - slots + 1))
            await supply.store(current.src_base, vector)
            supply.show(current)
            before = len(supply.output.items)
            _, done = await supply.turn(current, late=rng.choice([0, 3]))
            number += 1
            await supply.ended(number)
            cycles = []
            for window in range(0, slots, DEPTH):
                values = vector[window : window + DEPTH]
                arrivals = range(done + 2 + LATENCY, done + 2 + LATENCY + len(values))
                cycles += [a + 2 for a, value in zip(arrivals, values, strict=True) if value]
                done = max([arrivals[-1], *cycles])
            assert supply.output.cycles[before:] == [*cycles, done + 2]
            supply.check_items(before, [current])


@cocotb.test()
@cocotb.parametrize(stalls=PROFILES, seed=range(2))
async def test_inferences(dut, stalls, seed):
    """Whole inferences, one after the other: files and SRAM in turn, with early and late
    descriptors, and a halt after each."""
    rng = random.Random(f"{stalls}/{seed}")
    supply = await Supply.start(dut, index=rng.randrange(CONFIG.n_pe), stalls=stalls)
    ends = 0
    for _ in range(4):
        passes, base = [], 0
        for _ in range(rng.randrange(1, 7)):
            sram = rng.random() < 0.6 and base < CONFIG.act_depth
            passes.append(random_pass(rng, sram, base))
            base += len(passes[-1].vector) if sram else 0
        for current in passes:
            if current.src_sram:
                known = len(current.vector) - DEPTH if current is not passes[0] else None
                stored = current.vector[: max(0, known)] if known is not None else current.vector
                await supply.store(current.src_base, stored)
        if not passes[0].src_sram:
            await supply.load_file(rng, passes[0])
        before = len(supply.output.items)
        supply.show(passes[0])
        for number, current in enumerate(passes):
            await supply.bench.step(rng.randrange(4))
            await supply.turn(current, loaded=number == 0, late=rng.choice([0, 0, 1, 4]))
            await supply.cycle()
            supply.check_passes()
            if number + 1 < len(passes) and rng.random() < 0.5:
                supply.show(passes[number + 1])
            ends += 1
            await supply.ended(ends)
            if number + 1 < len(passes):
                await supply.bench.step(rng.randrange(3))
                supply.show(passes[number + 1])
        await supply.halt()
        await supply.cycle()
        supply.check_passes()
        await supply.bench.step(3)
        supply.check_items(before, passes)


@cocotb.test()
async def test_file_after_windows(dut):
    """The slots of the file are columns from ``ptr_base`` on again after a pass of windows."""
    supply = await Supply.start(dut, index=3)
    rng = random.Random(4)
    long = Pass(vectors(2 * DEPTH + 1, rng)[0], src_sram=1)
    short = Pass(vectors(DEPTH, rng)[0], ptr_base=5)
    await supply.store(0, long.vector)
    supply.show(long)
    await supply.turn(long)
    supply.show(short)
    await supply.ended(1)
    await supply.turn(short)
    await supply.ended(2)
    supply.check_items(0, [long, short])


@cocotb.test()
async def test_waits_for_its_pass(dut):
    """Nothing leaves a loaded file until the pass of the right number is shown; then, at once."""
    supply = await Supply.start(dut)
    current = Pass([9])
    await supply.load_file(random.Random(0), current)
    await supply.bench.step(5)
    for other in (1, 2, 3):
        supply.slots.show(other, **current.descriptor(0))
        await supply.bench.step(5)
    assert not supply.output.items
    supply.show(current)
    shown = await supply.cycle()
    await supply.turn(current, loaded=True)
    await supply.ended(1)
    supply.check_items(0, [current])
    assert supply.output.cycles[0] == shown + 1
    # The end of the inference sends nothing, and keeps what the host then loads.
    supply.slots.halt(supply.number)
    await supply.cycle(drain=(0, 4))
    await supply.bench.step(3)
    await supply.halt()
    following = Pass([0, 3][-DEPTH:])
    await supply.load_file(random.Random(0), following)
    await supply.bench.step(10)
    assert len(supply.output.items) == 2
    supply.show(following)
    await supply.turn(following, loaded=True)
    await supply.ended(2)
    supply.check_items(0, [current, following])


@cocotb.test()
async def test_reset_in_mid_work(dut):
    """Reset in every phase of a pass, from the file and from the SRAM; then all starts afresh."""
    supply = await Supply.start(dut, index=1, stalls="light")
    rng = random.Random(6)
    for cut in range(0, 40, 3):
        for sram in (0, 1):
            slots = DEPTH + 2 if sram else DEPTH
            current = Pass(vectors(slots, rng)[0], 1, sram)
            if sram:
                await supply.store(0, current.vector)
            else:
                await supply.load_file(rng, current)
            supply.show(current)
            await supply.turn(current, loaded=True)
            await supply.bench.step(cut)
            await supply.reset()
            supply.check_passes()
            assert not int(dut.o__valid.value)
            for after in random_pass(rng, sram), random_pass(rng, False):
                if after.src_sram:
                    await supply.store(0, after.vector)
                supply.show(after)
                before, ends = len(supply.output.items), supply.number
                await supply.turn(after)
                await supply.ended(ends + 1)
                supply.check_items(before, [after])
            await supply.reset()
