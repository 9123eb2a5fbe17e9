"""cocotb tests of leading non-zero detection; started by test_lnzd.py.

Every token carries, in its value, the child that it comes from and its number there.
"""

import random

import cocotb

from hw.eie.config import EieConfig
from hw.eie.tokens import token_layout
from sim.runner import bench_parameters
from sim.streams import PROFILES, Bench

PARAMETERS = bench_parameters()
UNIT, SIZES = PARAMETERS["unit"], PARAMETERS["sizes"]
LEVELS = PARAMETERS.get("levels", 1)
CONFIG = EieConfig(**PARAMETERS["config"])
TOKEN = token_layout(CONFIG)


class Merger:
    """A node or a tree with ``n`` children under test."""

    @classmethod
    async def start(cls, dut, n, *, stalls="never", sources=None):
        """``sources``: stall profile of each child."""
        self = cls()
        self.n = n
        self.offered = [[] for _ in range(n)]
        self.late_from = 0
        self.suffix = suffix = f"_{n}" if UNIT == "node" else ""
        self.bench = await Bench.start(dut)
        self.children = [
            self.bench.drive(f"i{suffix}__{k}", TOKEN, stalls=(sources or {}).get(k, "never"))
            for k in range(n)
        ]
        self.output = self.bench.watch(f"o{suffix}", TOKEN, stalls=stalls)
        return self

    def put(self, k, count):
        """Give child ``k`` a number of activations and an end mark."""
        number = sum(not each["end"] for each in self.offered[k])
        tokens = [
            {"end": 0, "column": (37 * k + i) % CONFIG.ptr_depth, "value": k << 8 | i}
            for i in range(number, number + count)
        ]
        tokens.append({"end": 1})
        self.offered[k] += tokens
        self.children[k].put(*tokens)

    async def run(self, passes, late=None):
        """All children work through the passes: counts of activations, by pass and child; the
        child ``late`` comes some cycles later, in ``late_from``."""
        self.offered = [[] for _ in range(self.n)]
        for k in sorted(range(self.n), key=lambda k: k == late):
            if k == late:
                await self.bench.step(15)
                self.late_from = self.bench.cycle + 2
            for counts in passes:
                self.put(k, counts[k])
        total = sum(map(sum, passes)) + len(passes)
        await self.bench.until(lambda: len(self.output.items) >= total, 20000, "last end mark")
        await self.bench.step(8)
        self.check(passes)

    def check(self, passes):
        """Nothing lost, doubled or changed, children in order, passes apart."""
        got = [[]]
        for item in self.output.items:
            if item["end"]:
                got.append([])
            else:
                got[-1].append(item)
        assert not got.pop(), "activations after the last end mark"
        assert len(got) == len(passes)
        sent = [iter([each for each in child if not each["end"]]) for child in self.offered]
        for counts, items in zip(passes, got, strict=True):
            for k, count in enumerate(counts):
                mine = [item for item in items if item["value"] >> 8 == k]
                assert mine == [next(sent[k]) for _ in range(count)], f"child {k}"
            assert len(items) == sum(counts)


def random_passes(rng, n, count=6):
    longest = max(3, 24 // n)
    shapes = [
        lambda: [rng.randrange(longest) for _ in range(n)],
        lambda: [rng.choice([0, 0, 0, longest]) for _ in range(n)],
        lambda: [longest * (k == rng.randrange(n)) for k in range(n)],
        lambda: [0] * n,
        lambda: [1] * n,
    ]
    return [rng.choice(shapes)() for _ in range(count)]


@cocotb.test()
@cocotb.parametrize(n=SIZES, stalls=PROFILES)
async def test_random(dut, n, stalls):
    rng = random.Random(f"{n}/{stalls}")
    sources = {k: rng.choice(PROFILES) for k in range(n)}
    merger = await Merger.start(dut, n, stalls=stalls, sources=sources)
    await merger.run(
        [[3] * n, [0] * n, *random_passes(rng, n), [2 * (k == n - 1) for k in range(n)]]
    )


@cocotb.test()
@cocotb.parametrize(n=SIZES)
async def test_cycles(dut, n):
    """Without stalls one token a cycle comes out, end marks too, ``levels`` cycles after the
    first was offered; whoever has them."""
    rng = random.Random(n)
    merger = await Merger.start(dut, n)
    for passes in ([[9] * n], [[40 * (k == n // 2) for k in range(n)]], random_passes(rng, n, 1)):
        await merger.run(passes)
        first = min(child.sent[0].cycle for child in merger.children)
        total = len(merger.output.items)
        assert merger.output.cycles == list(range(first + LEVELS, first + LEVELS + total))
        await merger.bench.reset()


@cocotb.test()
@cocotb.parametrize(n=SIZES)
async def test_turns(dut, n):
    """Children that always have activations are served in turn."""
    merger = await Merger.start(dut, n)
    await merger.run([[8] * n])
    served = [item["value"] >> 8 for item in merger.output.items[:-1]]
    assert sorted(served[:n]) == list(range(n))
    assert served == served[:n] * 8


@cocotb.test(skip=UNIT != "node")
@cocotb.parametrize(n=SIZES, stalls=PROFILES)
async def test_work_conserving(dut, n, stalls):
    """While a child has an activation and the output is free, one is taken; a child with one waits
    for each other child at most once; end marks are taken together."""
    rng = random.Random(f"{n}/{stalls}")
    sources = {k: rng.choice(PROFILES) for k in range(n)}
    merger = await Merger.start(dut, n, stalls=stalls, sources=sources)
    seen = []

    def bit(name, k):
        return int(getattr(dut, f"i_{n}__{k}__{name}").value)

    async def look():
        waited = [set() for _ in range(n)]
        while True:
            await merger.bench.edge
            if merger.bench.in_reset:
                continue
            payloads = [merger.output.codec.decode(bit("payload", k)) for k in range(n)]
            valid = [bit("valid", k) for k in range(n)]
            taken = [k for k in range(n) if valid[k] and bit("ready", k)]
            ended = [k for k in range(n) if valid[k] and payloads[k]["end"]]
            found = [k for k in range(n) if valid[k] and not payloads[k]["end"]]
            free = not int(getattr(dut, f"o_{n}__valid").value)
            free = free or int(getattr(dut, f"o_{n}__ready").value)
            if free and found:
                assert len(taken) == 1 and taken[0] in found
                for k in found:
                    assert taken[0] not in waited[k], f"child {k} waits twice for {taken[0]}"
                    waited[k] = waited[k] | set(taken) if k != taken[0] else set()
            elif free and len(ended) == n:
                assert taken == ended
            else:
                assert not taken
            seen.append(len(taken))

    cocotb.start_soon(look())
    await merger.run([[3] * n, *random_passes(rng, n, 8)])
    assert sum(seen) == sum(map(len, merger.offered))


@cocotb.test(skip=UNIT != "tree")
@cocotb.parametrize(n=SIZES, stalls=PROFILES)
async def test_bounded_waiting(dut, n, stalls):
    """One activation beside children that always have some: one of each other child, and what the
    nodes on its way hold, come before it."""
    merger = await Merger.start(dut, n, stalls=stalls)
    for lone in sorted({0, n // 3, n - 1}):
        await merger.run([[1 if k == lone else 4 + 40 // n for k in range(n)]], late=lone)
        own = [item["value"] == lone << 8 for item in merger.output.items].index(True)
        earlier = sum(merger.late_from <= cycle for cycle in merger.output.cycles[:own])
        assert earlier <= n + n // 4 + n // 16 + 1
        await merger.bench.reset()


@cocotb.test()
@cocotb.parametrize(n=SIZES)
async def test_reset_in_mid_work(dut, n):
    merger = await Merger.start(dut, n, stalls="heavy")
    for cut in range(1, 13):
        merger.offered = [[] for _ in range(n)]
        for k in range(n):
            merger.put(k, cut % 4)
        await merger.bench.step(cut)
        await merger.bench.reset()
        assert not int(getattr(dut, f"o{merger.suffix}__valid").value)
        await merger.run([[2] * n, [k % 2 for k in range(n)]])
        await merger.bench.reset()
