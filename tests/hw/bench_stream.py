"""cocotb tests of queue and fork, in step with models of them; started by test_stream.py."""

import random
from collections import deque

import cocotb
from amaranth.hdl import signed
from amaranth.lib import data

from sim.runner import bench_parameters
from sim.streams import PROFILES, Bench
from tests.hw.lockstep import Lockstep

ITEM = data.StructLayout({"index": 7, "value": signed(16)})
DEPTHS = bench_parameters()["depths"]
SINKS = bench_parameters()["sinks"]
LIMITED = bench_parameters()["limited"]


def items(count, seed=0):
    rng = random.Random(seed)
    extremes = [{"index": 127, "value": -(1 << 15)}, {"index": 0, "value": (1 << 15) - 1}]
    return extremes + [
        {"index": rng.randrange(128), "value": rng.randrange(-(1 << 15), 1 << 15)}
        for _ in range(count - 2)
    ]


class QueueModel(Lockstep):
    def __init__(self, bench, depth, unit=None):
        self.depth = depth
        super().__init__(bench, unit or f"queue_{depth}")

    def forget(self):
        self.held = deque()

    def check(self):
        ready, valid = len(self.held) < self.depth, bool(self.held)
        self.expect("i__ready", ready)
        self.expect("o__valid", valid)
        self.expect("level", len(self.held))
        if valid:
            self.expect("o__payload", self.held[0])
        came, went = ready and self.pin("i__valid"), valid and self.pin("o__ready")
        if went:
            self.held.popleft()
        if came:
            self.held.append(self.pin("i__payload"))


class ForkModel(Lockstep):
    def __init__(self, bench, n):
        self.sinks = range(n)
        super().__init__(bench, f"fork_{n}")

    def forget(self):
        self.taken = set()

    def check(self):
        offered = self.pin("i__valid")
        willing = {k for k in self.sinks if self.pin(f"o__{k}__ready")}
        for k in self.sinks:
            self.expect(f"o__{k}__valid", bool(offered) and k not in self.taken)
            if offered:
                self.expect(f"o__{k}__payload", self.pin("i__payload"))
        if offered:
            self.taken |= willing
            complete = len(self.taken) == len(self.sinks)
            self.expect("i__ready", complete)
            if complete:
                self.taken = set()


@cocotb.test()
@cocotb.parametrize(depth=DEPTHS, source=PROFILES, sink=PROFILES)
async def test_queue(dut, depth, source, sink):
    bench = await Bench.start(dut)
    QueueModel(bench, depth)
    bench.drive(f"queue_{depth}__i", ITEM, stalls=source)
    bench.watch(f"queue_{depth}__o", ITEM, stalls=sink)
    sent = items(40)
    await bench.check({f"queue_{depth}__i": sent}, {f"queue_{depth}__o": sent})


@cocotb.test()
@cocotb.parametrize(limit=range(1, LIMITED + 1), stalls=["never", "light", "heavy"])
async def test_limited_queue(dut, limit, stalls):
    """In every cycle as a queue of that depth."""
    dut.limited__limit.value = limit
    bench = await Bench.start(dut)
    QueueModel(bench, limit, "limited")
    bench.drive("limited__i", ITEM, stalls="light" if stalls == "heavy" else "never")
    bench.watch("limited__o", ITEM, stalls=stalls)
    sent = items(40)
    await bench.check({"limited__i": sent}, {"limited__o": sent})


@cocotb.test()
@cocotb.parametrize(depth=DEPTHS)
async def test_queue_throughput(dut, depth):
    bench = await Bench.start(dut)
    source = bench.drive(f"queue_{depth}__i", ITEM)
    sink = bench.watch(f"queue_{depth}__o", ITEM)
    await bench.check({source.name: items(20)}, {sink.name: items(20)})
    # One item is both all and too much for a queue of one.
    every = 2 if depth == 1 else 1
    first = source.sent[0].cycle
    assert [each.cycle for each in source.sent] == list(range(first, first + 20 * every, every))
    assert sink.cycles == [each.cycle + 1 for each in source.sent]


@cocotb.test()
@cocotb.parametrize(depth=DEPTHS)
async def test_queue_reset_when_full(dut, depth):
    bench = await Bench.start(dut)
    QueueModel(bench, depth)
    getattr(dut, f"queue_{depth}__o__ready").value = 0
    source = bench.drive(f"queue_{depth}__i", ITEM)
    source.put(*items(2 * depth + 2, seed=1))
    await bench.until(lambda: len(source.sent) == depth, 100, "full queue")
    await bench.step(4)
    assert len(source.sent) == depth
    await bench.reset()
    bench.watch(f"queue_{depth}__o", ITEM, stalls="light")
    await bench.check({source.name: items(30)}, {f"queue_{depth}__o": items(30)})


@cocotb.test()
@cocotb.parametrize(n=SINKS, source=["never", "heavy"], sink=PROFILES)
async def test_fork(dut, n, source, sink):
    bench = await Bench.start(dut)
    ForkModel(bench, n)
    bench.drive(f"fork_{n}__i", 8, stalls=source)
    sent = [random.Random(n).randrange(256) for _ in range(60)]
    for k in range(n):
        # The last sink has its own mind, so that others wait for it.
        bench.watch(f"fork_{n}__o__{k}", 8, stalls="heavy" if k == n - 1 > 0 else sink)
    await bench.check(
        {f"fork_{n}__i": sent}, {f"fork_{n}__o__{k}": sent for k in range(n)}, timeout=5000
    )


@cocotb.test()
@cocotb.parametrize(n=SINKS)
async def test_fork_takes_no_time(dut, n):
    bench = await Bench.start(dut)
    source = bench.drive(f"fork_{n}__i", 8)
    sinks = [bench.watch(f"fork_{n}__o__{k}", 8) for k in range(n)]
    sent = list(range(40))
    await bench.check({source.name: sent}, {sink.name: sent for sink in sinks})
    first = source.sent[0].cycle
    for sink in sinks:
        assert sink.cycles == list(range(first, first + 40))


@cocotb.test()
@cocotb.parametrize(n=SINKS[1:])
async def test_fork_reset_when_some_have_taken(dut, n):
    bench = await Bench.start(dut)
    ForkModel(bench, n)
    source = bench.drive(f"fork_{n}__i", 8)
    sinks = [bench.watch(f"fork_{n}__o__{k}", 8) for k in range(n - 1)]
    last = getattr(dut, f"fork_{n}__o__{n - 1}__ready")
    last.value = 0
    source.put(1, 2)
    await bench.until(lambda: all(sink.items == [1] for sink in sinks), 20, "eager sinks")
    await bench.step(4)
    assert source.sent == []
    await bench.reset()
    sinks.append(bench.watch(f"fork_{n}__o__{n - 1}", 8, stalls="light"))
    await bench.check({source.name: [3, 4]}, {sink.name: [3, 4] for sink in sinks})
