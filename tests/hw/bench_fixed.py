"""cocotb tests of the fixed-point expressions; started by test_fixed.py."""

import random

import cocotb
from cocotb.triggers import Timer

from sim.runner import bench_parameters

SMALL = bench_parameters()["small"]


def clipped(value, width):
    return max(-(1 << (width - 1)), min((1 << (width - 1)) - 1, value))


def low_bits(value, width):
    """``value`` modulo 2**width, as two's complement."""
    sign = 1 << (width - 1)
    return ((value & (2 * sign - 1)) ^ sign) - sign


def read(port, width):
    return low_bits(int(port.value), width)


async def settle():
    await Timer(1, "ns")


@cocotb.test()
async def test_all_small_values(dut):
    sizes = range(1, SMALL + 1)
    for number in range(-(1 << (SMALL - 1)), 1 << (SMALL - 1)):
        dut.value.value = number
        await settle()
        for n in sizes:
            value = low_bits(number, n)
            assert read(dut[f"relu_{n}"], n) == max(value, 0), (value, n)
            for w in sizes:
                got = read(dut[f"saturate_{n}_{w}"], SMALL)
                assert got == clipped(value, w), (value, n, w)


@cocotb.test()
async def test_all_rounding_constants(dut):
    for shift in range(32):
        dut.shift.value = shift
        await settle()
        assert int(dut.rounding.value) == (1 << shift) // 2


@cocotb.test()
async def test_33_bits(dut):
    rng = random.Random(1)
    edges = [1 << k for k in (0, 14, 15, 16, 31)]
    values = {sign * (edge + step) for edge in edges for step in (-1, 0, 1) for sign in (-1, 1)}
    values |= {-(1 << 32), (1 << 32) - 1, 0}
    values |= {rng.randrange(-(1 << k), 1 << k) for k in range(1, 33) for _ in range(50)}
    for value in values:
        dut.wide.value = value
        await settle()
        assert read(dut.wide_saturated, 16) == clipped(value, 16), value
        assert read(dut.wide_relu, 33) == max(value, 0), value
