"""cocotb tests of the queue of groups, in step with a model of it; started by test_queue.py."""

import random
from collections import deque

import cocotb

from hw.eie.config import EieConfig
from hw.eie.tokens import token_layout
from hw.eie.wide.tokens import columns_layout, values_layout
from sim.payload import Codec
from sim.runner import bench_parameters
from sim.streams import Bench

CONFIGS = [EieConfig(**fields) for fields in bench_parameters()["configs"]]
NUMBERS = range(len(CONFIGS))
FLIGHT = 2


class Unit:
    """A queue, and the groups of which columns and activations are still in it."""

    @classmethod
    async def start(cls, dut, number):
        self = cls()
        self.dut, self.unit, self.config = dut, f"unit_{number}", CONFIGS[number]
        self.depth = self.config.queue_depth + FLIGHT
        self.token = Codec(token_layout(self.config))
        self.column, self.values = (
            Codec(layout(self.config)) for layout in (columns_layout, values_layout)
        )
        self.rng = random.Random(number)
        for name in ("i__valid", "columns__ready", "values__ready"):
            self.pin(name).value = 0
        self.bench = await Bench.start(dut)
        self.forget()
        return self

    def forget(self):
        self.columns, self.waiting = deque(), deque()

    def pin(self, name):
        return getattr(self.dut, f"{self.unit}__{name}")

    async def step(self, comes, first, second):
        """One cycle with a group at the entrance, and takers at both exits, or not. Activations
        leave after their column or with it."""
        rng = self.rng
        values = [rng.getrandbits(16) for _ in range(self.config.group_max)]
        column = {"end": rng.randrange(2), "single": rng.randrange(2), "column": rng.randrange(64)}
        leaves = first and bool(self.columns)
        second = second and len(self.waiting) > len(self.columns) - leaves
        self.pin("i__valid").value = comes
        self.pin("i__payload").value = self.token.encode({**column, "values": values})
        self.pin("columns__ready").value, self.pin("values__ready").value = first, second
        await self.bench.step()
        assert int(self.pin("level").value) == len(self.waiting)
        assert int(self.pin("i__ready").value) == (len(self.waiting) < self.depth)
        for side, codec, there in (
            ("columns", self.column, self.columns),
            ("values", self.values, self.waiting),
        ):
            assert int(self.pin(f"{side}__valid").value) == bool(there)
            if there:
                assert codec.decode(int(self.pin(f"{side}__payload").value)) == there[0]
        comes = comes and len(self.waiting) < self.depth
        if leaves:
            self.columns.popleft()
        if second:
            self.waiting.popleft()
        if comes:
            self.columns.append(column)
            self.waiting.append(values)


@cocotb.test()
@cocotb.parametrize(number=NUMBERS)
async def test_random(dut, number):
    """All rates of coming and leaving; full and empty are among what happens."""
    unit = await Unit.start(dut, number)
    rng, levels = unit.rng, set()
    for chances in ((0.9, 0.9, 0.9), (0.9, 0.9, 0.3), (0.3, 0.9, 0.9), (0.9, 0.3, 0.9), (1, 1, 1)):
        for _ in range(300):
            await unit.step(*(int(rng.random() < chance) for chance in chances))
            levels.add(len(unit.waiting))
    assert levels == set(range(unit.depth + 1))


@cocotb.test()
@cocotb.parametrize(number=NUMBERS)
async def test_reset_empties(dut, number):
    unit = await Unit.start(dut, number)
    for _ in range(2):
        for _ in range(unit.depth + 2):
            await unit.step(1, unit.rng.randrange(2), 0)
        unit.pin("i__valid").value = 0
        unit.pin("columns__ready").value = 0
        await unit.bench.reset()
        unit.forget()
        for _ in range(10):
            await unit.step(1, 1, 1)
