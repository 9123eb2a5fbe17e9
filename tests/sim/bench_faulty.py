"""A unit under test that may be at fault; started by test_streams.py."""

import cocotb

from sim.streams import Bench
from tests.sim.faulty import FAULTS

COUNT = 30


async def start(dut, fault, stalls):
    dut.fault.value = fault
    bench = await Bench.start(dut)
    bench.drive("i", 8)
    bench.watch("o", 8, stalls=stalls)
    return bench


@cocotb.test()
@cocotb.parametrize(fault=range(len(FAULTS)))
async def test_items(dut, fault):
    bench = await start(dut, fault, "heavy")
    await bench.check({"i": range(COUNT)}, {"o": range(COUNT)})


@cocotb.test()
@cocotb.parametrize(fault=range(len(FAULTS)))
async def test_cycles(dut, fault):
    bench = await start(dut, fault, "never")
    await bench.check({"i": range(COUNT)}, {"o": range(COUNT)})
    first = bench.monitors["o"].cycles[0]
    for number, cycle in enumerate(bench.monitors["o"].cycles):
        want = first + 2 * number
        assert cycle == want, f"o: item {number} came in cycle {cycle}, not {want}"
