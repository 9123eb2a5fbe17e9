"""cocotb tests of the detection of non-zero groups; started by test_block.py."""

import random

import cocotb

from hw.eie.config import EieConfig
from hw.eie.tokens import token_layout
from hw.eie.wide.tokens import slots_layout
from sim.runner import bench_parameters
from sim.streams import PROFILES, Bench
from tests.hw.eie.slots import PassSlots

PARAMETERS = bench_parameters()
CONFIGS = [EieConfig(**fields) for fields in PARAMETERS["configs"]]
NUMBERS = range(len(CONFIGS))
RECORD = 8


class Block:
    """A unit under test, whose PEs give it their slots."""

    @classmethod
    async def start(cls, dut, number, *, stalls="never", sources=("never",)):
        self = cls()
        self.config = config = CONFIGS[number]
        self.number, self.size = PARAMETERS["numbers"][number], config.group_max
        self.rng = random.Random(f"{number}/{stalls}")
        unit = f"unit_{number}"
        self.slots = PassSlots(dut, config, f"{unit}__slots")
        self.bench = await Bench.start(dut)
        self.pes = [
            self.bench.drive(
                f"{unit}__i__{k}", slots_layout(config), stalls=self.rng.choice(sources)
            )
            for k in range(config.block)
        ]
        self.output = self.bench.watch(f"{unit}__o", token_layout(config), stalls=stalls)
        self.shown = 0
        return self

    async def reset(self):
        self.slots.clear()
        await self.bench.reset()
        self.shown = 0

    def random_pass(self, vectors=None):
        """Group size, place of the pointers, and for each slot of the pass a value for each PE of
        the block: of the columns c * n_pe + k, those of this block."""
        rng, config = self.rng, self.config
        group = rng.choice([bits for bits in range(5) if 1 << bits <= self.size])
        vectors = rng.choice([1, 2, 5]) if vectors is None else vectors
        slots = rng.randint((vectors - 1) * config.fetch + 1, vectors * config.fetch)
        share = rng.choice([0.0, 0.05, 0.3, 0.8, 1.0])
        values = [
            [
                rng.choice([1, 1 << 15, rng.randrange(1, 1 << 16)]) * (rng.random() < share)
                for _ in range(config.block)
            ]
            for _ in range(slots)
        ]
        return group, RECORD * rng.randrange(64), values

    def show(self, group, ptr_base, values):
        columns = (len(values) - 1) * self.config.n_pe + self.rng.randint(1, self.config.n_pe)
        self.slots.show(self.shown, columns=columns, ptr_base=ptr_base, group=group)
        self.shown += 1

    def put(self, values):
        """Each PE gives ``fetch`` slots at a time, filled up with zeros."""
        fetch = self.config.fetch
        for k, driver in enumerate(self.pes):
            mine = [row[k] for row in values]
            mine += [0] * (-len(mine) % fetch)
            driver.put(*(mine[at : at + fetch] for at in range(0, len(mine), fetch)))

    def expected(self, group, ptr_base, values):
        """Tokens of a pass from the columns of its block, in the order of columns."""
        config, size = self.config, 1 << group
        first = self.number * config.block
        columns = {
            slot * config.n_pe + first + k: value
            for slot, row in enumerate(values)
            for k, value in enumerate(row)
        }
        tokens = []
        for start in sorted({column - column % size for column in columns}):
            activations = [columns.get(start + k, 0) for k in range(size)]
            if any(activations):
                place = start if size == 1 else RECORD * (start // size)
                tokens.append(
                    {
                        "end": 0,
                        "column": ptr_base + place,
                        "values": activations,
                        "single": size == 1,
                    }
                )
        return [*tokens, {"end": 1}]

    def check(self, before, passes):
        expected = [token for each in passes for token in self.expected(*each)]
        got = [dict(item) for item in self.output.items[before:]]
        for number, (have, want) in enumerate(zip(got, expected, strict=False)):
            if want["end"]:
                assert have["end"], f"token {number} is {have}, not the end"
                continue
            have["values"] = have["values"][: len(want["values"])]
            assert have == want, f"token {number} is {have}, not {want}"
        assert len(got) == len(expected)

    async def ended(self, ends):
        await self.bench.until(
            lambda: sum(item["end"] for item in self.output.items) >= ends, 9000, "end mark"
        )

    async def run(self, passes):
        """Passes in turn, each shown at some time after the one before has begun."""
        before = len(self.output.items)
        ends = sum(item["end"] for item in self.output.items)
        for current in passes:
            self.put(current[2])
        for number, current in enumerate(passes):
            if number > 1:
                await self.ended(ends + number - 1)
            await self.bench.step(self.rng.randrange(3))
            self.show(*current)
        await self.ended(ends + len(passes))
        await self.bench.step(4)
        self.check(before, passes)


@cocotb.test()
@cocotb.parametrize(number=NUMBERS, stalls=PROFILES)
async def test_passes(dut, number, stalls):
    """All group sizes, PEs that come apart; a halt between inferences."""
    block = await Block.start(dut, number, stalls=stalls, sources=PROFILES)
    for _ in range(3):
        await block.run([block.random_pass() for _ in range(8)])
        block.slots.halt(block.shown, group=1, columns=9)
        block.shown += 1
        await block.bench.step(3)


@cocotb.test()
@cocotb.parametrize(number=NUMBERS)
async def test_every_set_of_groups(dut, number):
    """One vector for every set of its groups that are not zero (of 16, the sets of at most two),
    one activation in each, wherever in the group."""
    block = await Block.start(dut, number)
    config, size = block.config, block.size
    for bits in range(size.bit_length()):
        groups = size >> bits
        masks = [m for m in range(1 << groups) if groups < 16 or m.bit_count() < 3]
        columns = []
        for mask in masks:
            vector = [0] * size
            for group in (g for g in range(groups) if mask >> g & 1):
                vector[(group << bits) + block.rng.randrange(1 << bits)] = 1 << block.rng.randrange(
                    16
                )
            columns += vector
        block_rows = [
            columns[at : at + config.block] for at in range(0, len(columns), config.block)
        ]
        await block.run([(bits, 0, block_rows)])


@cocotb.test()
@cocotb.parametrize(number=NUMBERS)
async def test_cycles(dut, number):
    """Without stalls: groups a cycle after their columns, one a cycle; a vector of zeros takes a
    cycle; the end mark follows at once; the next pass begins the cycle after."""
    block = await Block.start(dut, number)
    config = block.config
    passes = [block.random_pass(vectors) for vectors in (1, 3, 6, 6, 2, 9, 1)]
    for current in passes[:2]:
        block.show(*current)
    for current in passes:
        block.put(current[2])
    for number, current in enumerate(passes[2:], 1):
        await block.ended(number)
        block.show(*current)
    await block.ended(len(passes))
    block.check(0, passes)
    taken = block.pes[0].sent[0].cycle
    expected, vectors = [], []
    for group, _, values in passes:
        for at in range(0, len(values), config.fetch):
            vectors.append(taken)
            columns = [value for row in values[at : at + config.fetch] for value in row]
            width = 1 << group
            sent = sum(any(columns[k : k + width]) for k in range(0, len(columns), width))
            expected += range(taken + 1, taken + 1 + sent)
            taken += max(1, sent)
        last = vectors[-1] + sent + 1
        expected.append(last)
        taken = last + 1
    assert block.output.cycles == expected
    assert [each.cycle for each in block.pes[-1].sent] == vectors


@cocotb.test()
@cocotb.parametrize(number=NUMBERS)
async def test_begins_when_shown(dut, number):
    """The columns of a pass that is waited for are taken in the cycle after it is shown."""
    block = await Block.start(dut, number)
    rows = [[1] * block.config.block for _ in range(block.config.fetch)]
    for shown in range(5):
        current = (0, RECORD, rows)
        block.put(rows)
        await block.bench.step(4)
        assert len(block.pes[0].sent) == shown
        block.show(*current)
        first = block.bench.cycle + 1
        await block.ended(shown + 1)
        assert [pe.sent[-1].cycle for pe in block.pes] == [first + 1] * block.config.block
        assert block.output.cycles[-block.size - 1] == first + 2


@cocotb.test()
@cocotb.parametrize(number=NUMBERS)
async def test_waits_for_its_pass(dut, number):
    """Nothing is taken before the pass is shown, or while another one is."""
    block = await Block.start(dut, number)
    current = block.random_pass(2)
    block.put(current[2])
    for other in (1, 2, 3):
        block.slots.show(other, columns=5 * block.config.n_pe)
        await block.bench.step(4)
    assert not block.output.items and not block.pes[0].sent
    block.show(*current)
    await block.ended(1)
    block.check(0, [current])


@cocotb.test()
@cocotb.parametrize(number=NUMBERS)
async def test_reset_in_mid_work(dut, number):
    block = await Block.start(dut, number, stalls="light")
    for cut in range(1, 12):
        current = block.random_pass(3)
        block.show(*current)
        block.put(current[2])
        await block.bench.step(cut)
        await block.reset()
        await block.run([block.random_pass(), block.random_pass(1)])
        await block.reset()
