"""cocotb tests of queue and register, in step with models of them; started by test_stream.py."""

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


def items(count, seed=0):
    rng = random.Random(seed)
    extremes = [{"index": 127, "value": -(1 << 15)}, {"index": 0, "value": (1 << 15) - 1}]
    return extremes + [
        {"index": rng.randrange(128), "value": rng.randrange(-(1 << 15), 1 << 15)}
        for _ in range(count - 2)
    ]


class QueueModel(Lockstep):
    def __init__(self, bench, depth):
        self.depth = depth
        super().__init__(bench, f"queue_{depth}")

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


class RegisterModel(Lockstep):
    """One item, or None; a reset leaves none."""

    def __init__(self, bench):
        super().__init__(bench, "register")

    def forget(self):
        self.held = None

    def check(self):
        free = self.held is None or bool(self.pin("o__ready"))
        self.expect("i__ready", free)
        self.expect("o__valid", self.held is not None)
        if self.held is not None:
            self.expect("o__payload", self.held)
        if free:
            self.held = self.pin("i__payload") if self.pin("i__valid") else None


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
@cocotb.parametrize(source=PROFILES, sink=PROFILES)
async def test_register(dut, source, sink):
    bench = await Bench.start(dut)
    RegisterModel(bench)
    bench.drive("register__i", ITEM, stalls=source)
    bench.watch("register__o", ITEM, stalls=sink)
    sent = items(60)
    await bench.check({"register__i": sent}, {"register__o": sent})


@cocotb.test()
async def test_register_latency_and_throughput(dut):
    """An item a cycle, each a cycle later; one by itself too."""
    bench = await Bench.start(dut)
    source = bench.drive("register__i", ITEM)
    sink = bench.watch("register__o", ITEM)
    await bench.check({source.name: items(40)}, {sink.name: items(40)})
    await bench.check({source.name: items(2)[:1]}, {sink.name: items(2)[:1]})
    taken = [each.cycle for each in source.sent]
    assert taken[:40] == list(range(taken[0], taken[0] + 40))
    assert sink.cycles == [cycle + 1 for cycle in taken]


@cocotb.test()
async def test_register_holds_one(dut):
    """Without a taker it takes one item and no more, keeps it, and goes on at once with one."""
    bench = await Bench.start(dut)
    RegisterModel(bench)
    dut.register__o__ready.value = 0
    source = bench.drive("register__i", ITEM)
    source.put(*items(20, seed=2))
    await bench.step(20)
    assert len(source.sent) == 1
    dut.register__o__ready.value = 1
    await bench.step(20)
    cycles = [each.cycle for each in source.sent[1:]]
    assert cycles == list(range(cycles[0], cycles[0] + 19))


@cocotb.test()
@cocotb.parametrize(sink=["blocked", "light"], cut=range(1, 9))
async def test_register_reset_in_mid_work(dut, sink, cut):
    bench = await Bench.start(dut)
    RegisterModel(bench)
    dut.register__o__ready.value = 0
    if sink != "blocked":
        bench.watch("register__o", ITEM, stalls=sink)
    source = bench.drive("register__i", ITEM)
    source.put(*items(20, seed=cut))
    await bench.step(cut)
    await bench.reset()
    assert not int(dut.register__o__valid.value)
    if sink == "blocked":
        bench.watch("register__o", ITEM, stalls="light")
    await bench.check({source.name: items(30)}, {"register__o": items(30)})
