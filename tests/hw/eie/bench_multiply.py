"""cocotb tests of the multipliers; started by test_multiply.py."""

import random
from itertools import product

import cocotb

from sim.runner import bench_parameters
from sim.streams import Bench

PARAMETERS = bench_parameters()
CORNERS = (
    *(-32768, -32767, -21846, -16384, -257, -256, -255, -129, -128, -127, -2, -1, 0),
    *(1, 2, 127, 128, 129, 255, 256, 257, 16384, 21845, 32766, 32767),
)


def wrapped(value):
    """``value`` modulo 2**32, as two's complement."""
    return (value + (1 << 31)) % (1 << 32) - (1 << 31)


async def multiply(dut, operands, *, reset_at=None):
    """Gives one triple (a, b, literal) a cycle and checks every product of every multiplier."""
    bench = await Bench.start(dut)
    given = []
    for number, (a, b, literal) in enumerate(operands):
        if number == reset_at:
            await bench.reset()
            given.clear()
        dut.a.value, dut.b.value, dut.literal.value = a, b, literal
        await bench.step()
        given.append((a, b, literal))
        for stages in PARAMETERS["stages"]:
            if len(given) > stages:
                a, b, literal = given[-1 - stages]
                want = wrapped(b << 16 | a & 0xFFFF) if literal else wrapped(a * b)
                for kind in ("product", "apart"):
                    got = getattr(dut, f"{kind}_{stages}").value.to_signed()
                    given_text = f"{a}, {b}, {literal}"
                    assert got == want, f"{kind}_{stages}: {got} from {given_text}, not {want}"


@cocotb.test()
async def test_corners(dut):
    await multiply(dut, list(product(CORNERS, CORNERS, (0, 1))))


@cocotb.test()
async def test_random_operands(dut):
    rng = random.Random(1)
    operands = [
        (rng.randrange(-(1 << 15), 1 << 15), rng.randrange(-(1 << 15), 1 << 15), rng.random() < 0.3)
        for _ in range(2000)
    ]
    await multiply(dut, operands)


@cocotb.test()
async def test_reset_between_products(dut):
    operands = [(a, a, 0) for a in CORNERS]
    await multiply(dut, operands, reset_at=7)
