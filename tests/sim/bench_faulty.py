"""A unit under test that may be at fault; started by test_streams.py."""

import cocotb

from sim.runner import bench_parameters
from sim.streams import Bench

COUNT = 30


async def start(dut, stalls):
    bench = await Bench.start(dut)
    dut.fault.value = bench_parameters()["fault"]
    bench.drive("i", 8)
    bench.watch("o", 8, stalls=stalls)
    return bench


@cocotb.test()
async def test_items(dut):
    bench = await start(dut, "heavy")
    await bench.check({"i": range(COUNT)}, {"o": range(COUNT)})


@cocotb.test()
async def test_cycles(dut):
    bench = await start(dut, "never")
    await bench.check({"i": range(COUNT)}, {"o": range(COUNT)})
    first = bench.monitors["o"].cycles[0]
    for number, cycle in enumerate(bench.monitors["o"].cycles):
        want = first + 2 * number
        assert cycle == want, f"o: item {number} came in cycle {cycle}, not {want}"
