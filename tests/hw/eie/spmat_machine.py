"""A sparse-matrix read with what surrounds it in a processing element, for the spmat benches."""

import random
from dataclasses import dataclass

from hw.eie.config import EieConfig
from hw.eie.format import PASS
from hw.eie.tokens import range_layout
from sim.runner import bench_parameters
from sim.streams import Bench
from tests.hw.eie.ranges import column_range
from tests.hw.eie.slots import PassSlots
from tests.hw.eie.spmat_model import SpmatModel, turn_rows

__all__ = ["NUMBERS", "Machine", "Pass", "operations"]

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

    model_class = SpmatModel
    layout = staticmethod(range_layout)
    inputs = ("io__en", "i__valid", "slots")
    used = ("spmat_base", "entry_base", "bias_rows", "drain_rows")
    """Fields of a descriptor that the unit does not ignore."""

    @classmethod
    async def start(cls, dut, number, stalls="never"):
        for k in NUMBERS:
            for pin in cls.inputs:
                getattr(dut, f"unit_{k}__{pin}").value = 0
        self = cls()
        self.rng = random.Random(f"{number}/{stalls}")
        self.unit = f"unit_{number}"
        self.config = CONFIGS[number]
        self.words = WORDS[number]
        self.bench = await Bench.start(dut)
        self.slots = PassSlots(dut, self.config, f"{self.unit}__slots")
        self.source = self.bench.drive(f"{self.unit}__i", self.layout(self.config), stalls=stalls)
        if number not in LOADED:
            LOADED.add(number)
            for address, word in enumerate(self.words):
                await self.access(en=1, write=1, addr=address, wdata=word)
        await self.access()
        self.model = self.model_class(self.bench, self.unit, self.config, self.words)
        return self

    async def access(self, **pins):
        for name, value in {"en": 0, "write": 0, **pins}.items():
            getattr(self.bench.dut, f"{self.unit}__io__{name}").value = value
        await self.bench.step()

    def descriptor(self, **fields):
        """With random values in all fields that are not given and that the unit ignores."""
        widths = dict(PASS)
        result = {name: self.rng.getrandbits(width) for name, width in widths.items()}
        return result | dict.fromkeys(self.used, 0) | fields

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
            yield column_range(start, stop, rng.getrandbits(16))
        start, stop = rng.getrandbits(16), rng.getrandbits(16)
        yield column_range(start, stop, rng.getrandbits(16), end=1)

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
        assert len(self.model.ops) - earlier == sum(self.operations(program))

    def operations(self, program):
        """Operations of each pass and halt, the turn into it included."""
        return operations(program)


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
