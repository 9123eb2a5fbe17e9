"""cocotb tests of the source activations of a wide PE; started by test_source.py."""

import random
from dataclasses import dataclass

import cocotb
from amaranth.hdl import unsigned
from amaranth.lib import data

from hw.eie.config import EieConfig
from hw.eie.wide.tokens import slots_layout
from sim.payload import Codec
from sim.runner import bench_parameters
from sim.streams import PROFILES, Bench
from tests.hw.eie.slots import PassSlots

CONFIGS = [EieConfig(**fields) for fields in bench_parameters()["configs"]]
NUMBERS = range(len(CONFIGS))


@dataclass
class Pass:
    """The slots of a pass, and where they come from: the file, or the SRAM from ``base`` on."""

    vector: list
    base: int | None = None

    @property
    def from_sram(self):
        return self.base is not None


class Supply:
    """A unit under test, in the surroundings of a processing element."""

    @classmethod
    async def start(cls, dut, number, *, stalls="never"):
        self = cls()
        self.config = config = CONFIGS[number]
        self.dut, self.unit = dut, f"unit_{number}"
        self.rng = random.Random(f"{number}/{stalls}")
        self.values = Codec(data.ArrayLayout(unsigned(16), config.lanes))
        self.slots = PassSlots(dut, config, f"{self.unit}__slots")
        self.quiet()
        self.bench = await Bench.start(dut)
        self.output = self.bench.watch(f"{self.unit}__o", slots_layout(config), stalls=stalls)
        self.number = self.sent = 0
        return self

    def pin(self, name):
        return getattr(self.dut, f"{self.unit}__{name}")

    def quiet(self):
        for name in ("turned", "clear", "write__valid", "store__en"):
            self.pin(name).value = 0

    async def reset(self):
        self.slots.clear()
        await self.bench.reset()
        self.number = self.sent = 0

    async def cycle(self, **pins):
        """One cycle with these pins set; its number."""
        for name, value in pins.items():
            self.pin(name).value = value
        await self.bench.step()
        self.quiet()
        return self.bench.cycle

    def show(self, current):
        columns = (len(current.vector) - 1) * self.config.n_pe
        columns += self.rng.randint(1, self.config.n_pe)
        src = {"src_sram": current.from_sram, "src_base": current.base or 0}
        self.slots.show(self.number, columns=columns, **src)

    async def store(self, current):
        for address, value in enumerate(current.vector, current.base):
            await self.cycle(store__en=1, store__write=1, store__addr=address, store__wdata=value)

    async def write(self, current, at_once=None, *, turned=False):
        """Slots of the file in order, ``at_once`` in a cycle: all lanes as a drain has them, or
        one as the host has. The last comes with ``turned``. The cycle of each slot."""
        lanes, vector, cycles = self.config.lanes, current.vector, []
        at_once = lanes if at_once is None else at_once
        for at in range(0, len(vector), at_once):
            row = at - at % lanes
            values = [self.rng.getrandbits(16) for _ in range(lanes)]
            mask = 0
            for slot in range(at, min(at + at_once, len(vector))):
                values[slot - row] = vector[slot]
                mask |= 1 << slot - row
            cycle = await self.cycle(
                write__valid=mask,
                write__row=row,
                write__values=self.values.encode(values),
                turned=turned and at + at_once >= len(vector),
            )
            cycles += [cycle] * mask.bit_count()
        return cycles

    async def turn(self, current, *, loaded=False):
        """Turn into a pass: its slots are drained to the file, unless ``loaded``, or to the SRAM;
        the pulse, with the last of them or later. Cycles of the slots."""
        late = self.rng.choice([0, 0, 1, 4])
        cycles = []
        if current.from_sram and not loaded:
            await self.store(current)
        elif not loaded:
            cycles = await self.write(current, turned=not late)
        if late or not cycles:
            await self.bench.step(late)
            await self.cycle(turned=1)
        self.number += 1
        return cycles

    async def halt(self):
        self.slots.halt(self.number, columns=7, src_sram=1)
        await self.cycle(turned=1)
        self.number += 1

    def expected(self, current):
        """Slots as they leave, ``fetch`` at a time."""
        fetch, vector = self.config.fetch, current.vector
        padded = vector + [0] * (-len(vector) % fetch)
        return [padded[at : at + fetch] for at in range(0, len(padded), fetch)]

    async def check(self, *passes):
        """Wait until these have left, and compare; nothing more comes."""
        expected = [item for each in passes for item in self.expected(each)]
        end = self.sent + len(expected)
        await self.bench.step()
        await self.bench.until(lambda: len(self.output.items) >= end, 9000, "last slot")
        assert self.output.items[self.sent :] == expected
        self.sent = end
        assert int(self.pin("passes").value) == self.number % 4

    def random_pass(self, from_sram, slots=None):
        """All values, zeros among them or nothing else."""
        rng, depth = self.rng, self.config.file_depth
        longest = min(3 * depth + 2, self.config.act_depth) if from_sram else depth
        slots = slots or rng.choice([1, min(depth, longest), rng.randint(1, longest)])
        share = rng.choice([0.0, 0.5, 1.0])
        vector = [rng.getrandbits(16) * (rng.random() < share) for _ in range(slots)]
        return Pass(vector, rng.randint(0, self.config.act_depth - slots) if from_sram else None)


@cocotb.test()
@cocotb.parametrize(number=NUMBERS, stalls=PROFILES)
async def test_inferences(dut, number, stalls):
    """Passes of the file and of the SRAM in turn, shown early and late, and a halt at the end; the
    host loads each inference's first."""
    supply = await Supply.start(dut, number, stalls=stalls)
    rng = supply.rng
    for _ in range(4):
        passes = [supply.random_pass(rng.random() < 0.5) for _ in range(rng.randint(1, 7))]
        if passes[0].from_sram:
            await supply.store(passes[0])
        else:
            await supply.cycle(clear=1)
            await supply.write(passes[0], 1)
        for count, current in enumerate(passes):
            early = rng.random() < 0.5
            if early or not count:
                supply.show(current)
            await supply.turn(current, loaded=not count)
            await supply.bench.step(rng.choice([1, 1, 5]))
            if not early and count:
                supply.slots.show(
                    supply.number - 1,
                    columns=len(current.vector) * supply.config.n_pe,
                    src_sram=current.from_sram,
                    src_base=current.base or 0,
                )
            await supply.check(current)
        await supply.halt()
        await supply.bench.step(3)


@cocotb.test()
@cocotb.parametrize(number=NUMBERS)
async def test_file_cycles(dut, number):
    """Slots leave the cycle after the last of them was written, ahead of ``turned``; what the host
    has loaded leaves at one transfer a cycle."""
    supply = await Supply.start(dut, number)
    fetch, depth = supply.config.fetch, supply.config.file_depth
    for slots in sorted({1, 2, depth - 1, depth} - {0}):
        current = supply.random_pass(False, slots)
        supply.show(current)
        before = len(supply.output.items)
        written = await supply.turn(current)
        await supply.check(current)
        expected, free = [], 0
        for at in range(0, slots, fetch):
            free = max(free, written[min(at + fetch, slots) - 1] + 1)
            expected.append(free)
            free += 1
        assert supply.output.cycles[before:] == expected
        loaded = supply.random_pass(False, slots)
        await supply.write(loaded, 1)
        before = len(supply.output.items)
        supply.show(loaded)
        shown = await supply.cycle(turned=1)
        supply.number += 1
        await supply.check(loaded)
        transfers = -(-slots // fetch)
        assert supply.output.cycles[before:] == list(range(shown, shown + transfers))


@cocotb.test()
@cocotb.parametrize(number=NUMBERS)
async def test_sram_cycles(dut, number):
    """Slots come from the SRAM, one a cycle from the cycle after ``turned``, and leave as soon as
    they are in the file, however many times the file is filled."""
    supply = await Supply.start(dut, number)
    config = supply.config
    fetch, depth = config.fetch, config.file_depth
    for slots in sorted({1, 2, depth, depth + 1, 2 * depth + 1, 3 * depth}):
        current = supply.random_pass(True, slots)
        await supply.store(current)
        supply.show(current)
        before = len(supply.output.items)
        turned = await supply.cycle(turned=1)
        supply.number += 1
        await supply.check(current)
        reads, left, freed = [], [], []  # cycles of reads, of transfers, of each slot's transfer
        for slot in range(slots):
            # A read waits until the slot that its own will replace has left.
            room = freed[slot - depth] + 1 if slot >= depth else 0
            reads.append(max(reads[-1] + 1 if reads else turned + 1, room))
            if slot % fetch == fetch - 1 or slot == slots - 1:
                left.append(reads[-1] + config.sram_latency + 1)
                freed += [left[-1]] * (slot % fetch + 1)
        assert supply.output.cycles[before:] == left


@cocotb.test()
@cocotb.parametrize(number=NUMBERS)
async def test_waits_and_clear(dut, number):
    """Nothing leaves before its pass is shown, nor for another number or for a halt; what was
    written before a clear is forgotten."""
    supply = await Supply.start(dut, number)
    depth = supply.config.file_depth
    await supply.write(supply.random_pass(False, depth), 1)
    await supply.cycle(clear=1)
    current = supply.random_pass(False, depth)
    await supply.write(current, 1)
    for other in (1, 2, 3):
        supply.slots.show(other, columns=supply.config.n_pe)
        await supply.bench.step(3)
    assert not supply.output.items
    supply.show(current)
    await supply.turn(current, loaded=True)
    await supply.check(current)
    await supply.halt()
    following = supply.random_pass(False, max(1, depth - 1))
    await supply.cycle(clear=1)
    await supply.write(following, 1)
    await supply.bench.step(5)
    assert len(supply.output.items) == supply.sent
    supply.show(following)
    await supply.turn(following, loaded=True)
    await supply.check(following)


@cocotb.test()
@cocotb.parametrize(number=NUMBERS)
async def test_reset_in_mid_work(dut, number):
    supply = await Supply.start(dut, number, stalls="light")
    for cut in range(0, 30, 3):
        for from_sram in (True, False):
            current = supply.random_pass(from_sram)
            supply.show(current)
            await supply.turn(current)
            await supply.bench.step(cut)
            await supply.reset()
            assert not int(supply.pin("o__valid").value)
            assert not int(supply.pin("passes").value)
            for after in (supply.random_pass(from_sram), supply.random_pass(False)):
                supply.show(after)
                await supply.turn(after)
                await supply.check(after)
            await supply.reset()
