"""cocotb tests that pass, fail, hang and die; started one by one by test_runner.py."""

import os
import time

import cocotb
from cocotb.triggers import Timer

from sim.runner import bench_parameters
from sim.streams import Bench


@cocotb.test()
async def test_parameters(dut):
    assert bench_parameters() == {
        "list": [1, 2],
        "settings": {"n_pe": 4, "name": "x"},
        "array": [[0, 1, 2], [3, 4, 5]],
    }


@cocotb.test()
async def test_inside(dut):
    bench = await Bench.start(dut)
    assert os.environ["COCOTB_RANDOM_SEED"] == "7"
    driver = bench.drive("i", 8)
    driver.put(0xA5, 0x5A)
    await bench.until(lambda: len(driver.sent) == 2, 20, "two items taken")
    await bench.step()
    assert sorted(int(dut.fifo.storage[k].value) for k in range(2)) == [0x5A, 0xA5]
    try:
        handle = dut.fifo.level
    except AttributeError:
        handle = None
    assert handle is None, "a variable that was not asked for can be reached"


@cocotb.test()
async def test_passes(dut):
    await Timer(1, unit="ns")


@cocotb.test()
async def test_fails(dut):
    one = 1
    assert one == 2, "one is not two"


@cocotb.test()
async def test_raises(dut):
    raise LookupError("no such thing")


@cocotb.test()
async def test_hangs(dut):
    time.sleep(600)


@cocotb.test()
async def test_dies(dut):
    os._exit(3)
