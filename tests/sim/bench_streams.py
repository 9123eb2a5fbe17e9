"""cocotb tests of the stream classes on a queue of four items; started by test_streams.py."""

import random

import cocotb
from amaranth.hdl import signed
from amaranth.lib import data

from sim.streams import PROFILES, Bench

ITEM = data.StructLayout({"index": 7, "value": signed(16)})
DEPTH = 4


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
    assert bench.cycle == -1  # the first cycle after reset has not ended
    source = bench.drive("i", ITEM)
    sink = bench.watch("o", ITEM)
    await bench.check({"i": items(20)}, {"o": items(20)})
    taken = [each.cycle for each in source.sent]
    assert taken == list(range(taken[0], taken[0] + 20))
    assert sink.cycles == [cycle + 1 for cycle in taken]


@cocotb.test()
async def test_stalls_show_in_the_cycles(dut):
    bench = await Bench.start(dut)
    source = bench.drive("i", ITEM, stalls=0.5, seed=3)
    sink = bench.watch("o", ITEM)
    await bench.check({"i": items(400)}, {"o": items(400)})
    assert 1.6 < (sink.cycles[-1] - sink.cycles[0]) / 400 < 2.4
    taken = [each.cycle for each in source.sent]
    assert sink.cycles == [cycle + 1 for cycle in taken]


@cocotb.test()
async def test_back_pressure(dut):
    bench = await Bench.start(dut)
    source = bench.drive("i", ITEM)
    sink = bench.watch("o", ITEM, stalls=0.999999)
    source.put(*items(20))
    await bench.step(50)
    assert len(source.sent) == DEPTH and sink.received == []
    assert not source.idle
    assert int(dut.level.value) == DEPTH


@cocotb.test()
async def test_passive_monitor(dut):
    bench = await Bench.start(dut)
    bench.drive("i", ITEM, stalls="light")
    seen = bench.watch("i", ITEM, passive=True)
    bench.watch("o", ITEM, stalls="heavy")
    await bench.check({"i": items(50)}, {"o": items(50), "i": items(50)})
    assert seen.received == bench.drivers["i"].sent


@cocotb.test()
async def test_checks_in_turn(dut):
    bench = await Bench.start(dut)
    bench.drive("i", ITEM)
    bench.watch("o", ITEM)
    for seed in range(3):
        await bench.check({"i": items(5, seed)}, {"o": items(5, seed)})


@cocotb.test()
async def test_reset_in_mid_work(dut):
    bench = await Bench.start(dut)
    source = bench.drive("i", ITEM)
    sink = bench.watch("o", ITEM, stalls=0.9)
    source.put(*items(50, seed=1))
    await bench.until(lambda: len(sink.received) >= 3, 1000, "three items")
    assert int(dut.level.value) > 0
    await bench.reset()
    assert sink.received == [] and source.sent == [] and source.idle
    await bench.check({"i": items(30)}, {"o": items(30)}, timeout=2000)
    assert source.sent[0].cycle in (0, 1)


@cocotb.test()
async def test_unknown_stream(dut):
    bench = await Bench.start(dut)
    try:
        bench.drive("j", ITEM)
    except ValueError as error:
        assert str(error) == "the component has no stream 'j'"
    else:
        raise AssertionError("a stream that is not there was driven")
