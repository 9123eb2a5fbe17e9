"""cocotb tests of receiver and transmitter; started by test_uart.py."""

import random
from itertools import pairwise

import cocotb
from cocotb.triggers import Timer
from serial_line import SerialLine

from sim.runner import bench_parameters
from sim.streams import PROFILES, Bench

DIVISOR = bench_parameters()["divisor"]
LIMIT = {"timeout_time": 20, "timeout_unit": "ms"}
FRAME = 10 * DIVISOR


def data(count, seed=0):
    return bytes([0x00, 0xFF, 0x55, 0xAA, 0x01, 0x80]) + random.Random(seed).randbytes(count)


class Errors:
    """Counts the cycles in which ``error`` is high."""

    def __init__(self, bench):
        self.bench, self.count = bench, 0
        cocotb.start_soon(self._run())

    async def _run(self):
        while True:
            await self.bench.edge
            self.count += int(self.bench.dut.error.value)


async def start(dut, skew=0.0):
    line = SerialLine(dut, DIVISOR, skew)
    bench = await Bench.start(dut)
    bench.watch("o", 8)
    return bench, line, Errors(bench)


def came(bench):
    return bytes(bench.monitors["o"].items)


@cocotb.test(**LIMIT)
@cocotb.parametrize(gap=[0, 1, 3])
async def test_receive(dut, gap):
    bench, line, errors = await start(dut)
    await line.send(data(40), gap=gap)
    await bench.step(FRAME)
    assert came(bench) == data(40)
    assert not errors.count


@cocotb.test(**LIMIT, skip=DIVISOR < 16)
@cocotb.parametrize(skew=[-0.04, 0.04])
async def test_receive_skewed(dut, skew):
    bench, line, errors = await start(dut, skew)
    await line.send(data(40))
    await bench.step(FRAME)
    assert came(bench) == data(40)
    assert not errors.count


@cocotb.test(**LIMIT)
async def test_latency(dut):
    bench, line, _ = await start(dut)
    await bench.step(3)
    begin = bench.cycle
    await line.send(b"\x5a")
    await bench.step(FRAME)
    (item,) = bench.monitors["o"].received
    assert item.item == 0x5A
    assert item.cycle <= begin + 9 * DIVISOR + DIVISOR // 2 + 4


@cocotb.test(**LIMIT)
async def test_no_stop_bit(dut):
    """One error, no byte, and the next byte is right; a break is one error too."""
    bench, line, errors = await start(dut)
    await line.send(b"\x31", stop=0, gap=1)
    await line.send(b"\x42")
    await bench.step(FRAME)
    assert came(bench) == b"\x42"
    assert errors.count == 1
    dut.rx.value = 0
    await bench.step(5 * FRAME)
    assert errors.count == 2
    dut.rx.value = 1
    await bench.step(2)
    await line.send(b"\x43")
    await bench.step(FRAME)
    assert came(bench) == b"\x42\x43"


@cocotb.test(**LIMIT)
async def test_noise(dut):
    """A dip shorter than half a bit is no start bit."""
    bench, line, errors = await start(dut)
    dut.rx.value = 0
    await Timer(max(DIVISOR // 2 - 1, 1) * 10, "ns")
    dut.rx.value = 1
    await bench.step(2 * FRAME)
    assert not came(bench) and not errors.count
    await line.send(b"\x99")
    await bench.step(FRAME)
    assert came(bench) == b"\x99"


@cocotb.test(**LIMIT)
@cocotb.parametrize(stalls=PROFILES)
async def test_send(dut, stalls):
    bench, line, _ = await start(dut)
    driver = bench.drive("i", 8, stalls=stalls)
    driver.put(*data(40))
    await bench.until(lambda: len(line.received) >= 46, 100 * FRAME + 4000, "bytes")
    await bench.step(2 * FRAME)
    assert bytes(line.received) == data(40)
    assert not line.broken
    if stalls == "never":
        cycles = [item.cycle for item in driver.sent]
        assert {b - a for a, b in pairwise(cycles)} == {FRAME + 1}
