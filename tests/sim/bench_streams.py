"""cocotb tests of the stream classes; started by test_streams.py."""

import random

import cocotb
from amaranth.hdl import signed
from amaranth.lib import data

from sim.runner import bench_parameters
from sim.streams import PROFILES, Bench

ITEM = data.StructLayout({"index": 7, "value": signed(16)})
DEPTH = bench_parameters()["depth"]


def items(count, seed=0):
    rng = random.Random(seed)
    return [
        {"index": rng.randrange(128), "value": rng.randrange(-(1 << 15), 1 << 15)}
        for _ in range(count)
    ]


@cocotb.test()
@cocotb.parametrize(source=PROFILES, sink=PROFILES)
async def test_order(dut, source, sink):
    bench = await Bench.start(dut)
    bench.drive("i", ITEM, stalls=source)
    bench.watch("o", ITEM, stalls=sink)
    await bench.check({"i": items(200)}, {"o": items(200)})


@cocotb.test()
async def test_cycles(dut):
    bench = await Bench.start(dut)
    source = bench.drive("i", ITEM)
    sink = bench.watch("o", ITEM)
    await bench.check({"i": items(20)}, {"o": items(20)})
    taken = [each.cycle for each in source.sent]
    assert taken == list(range(taken[0], taken[0] + 20))
    assert sink.cycles == [cycle + 1 for cycle in taken]


@cocotb.test()
async def test_reset_in_mid_work(dut):
    bench = await Bench.start(dut)
    source = bench.drive("i", ITEM)
    sink = bench.watch("o", ITEM, stalls=0.9)
    source.put(*items(50, seed=1))
    await bench.until(lambda: len(sink.received) >= 3, 1000, "three items")
    assert int(dut.level.value) > 0
    await bench.reset()
    assert sink.received == []
    await bench.check({"i": items(30)}, {"o": items(30)}, timeout=2000)
