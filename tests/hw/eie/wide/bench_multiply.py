"""cocotb tests of lanes' multipliers against Python's integers; started by test_multiply.py."""

import random
from itertools import product

import cocotb

from sim.runner import bench_parameters
from sim.streams import Bench

STAGES = bench_parameters()["stages"]
CORNERS = (
    *(-32768, -32767, -21846, -16384, -257, -256, -255, -129, -128, -127, -2, -1, 0),
    *(1, 2, 127, 128, 129, 255, 256, 257, 16384, 21845, 32766, 32767),
)


def wrapped(value):
    """``value`` modulo 2**32, as two's complement."""
    return (value + (1 << 31)) % (1 << 32) - (1 << 31)


async def multiply(dut, operands, *, gaps=0.0):
    """Gives one triple (a, b, literal) a cycle, or with chance ``gaps`` none, and checks every
    product of every multiplier; after a gap it is the one before."""
    rng = random.Random(len(operands))
    bench = await Bench.start(dut)
    given, last = [], None
    operands = iter(operands)
    while True:
        valid = not rng.random() < gaps
        if valid:
            last = next(operands, None)
            if last is None:
                break
            operand = last
        else:
            operand = (rng.getrandbits(16), rng.getrandbits(16), rng.getrandbits(1))
        for name in ("literal", "plain"):
            for stages in STAGES:
                unit = f"{name}_{stages}"
                getattr(dut, f"{unit}__valid").value = valid
                getattr(dut, f"{unit}__a").value = operand[0] & 0xFFFF
                getattr(dut, f"{unit}__b").value = operand[1] & 0xFFFF
        for stages in STAGES:
            getattr(dut, f"literal_{stages}__literal").value = operand[2]
        await bench.step()
        given.append(last)
        for stages in STAGES:
            if len(given) > stages and given[-1 - stages] is not None:
                a, b, literal = given[-1 - stages]
                literal_wanted = wrapped(b << 16 | a & 0xFFFF) if literal else wrapped(a * b)
                for name, want in (("literal", literal_wanted), ("plain", wrapped(a * b))):
                    got = getattr(dut, f"{name}_{stages}__product").value.to_signed()
                    assert got == want, f"{name}, {stages} stages: {got} from {a}, {b}, {literal}"


@cocotb.test()
async def test_corners(dut):
    await multiply(dut, list(product(CORNERS, CORNERS, (0, 1))))


@cocotb.test()
async def test_the_whole_range(dut):
    """Factors from all over the range, each once as a and once as b."""
    rng = random.Random(2)
    every = list(range(-(1 << 15), 1 << 15, 7))
    shuffled = rng.sample(every, len(every))
    await multiply(dut, [(a, b, 0) for a, b in zip(shuffled, every, strict=True)])


@cocotb.test()
async def test_random_operands_with_gaps(dut):
    rng = random.Random(1)
    operands = [
        (rng.randrange(-(1 << 15), 1 << 15), rng.randrange(-(1 << 15), 1 << 15), rng.random() < 0.3)
        for _ in range(2000)
    ]
    await multiply(dut, operands, gaps=0.5)
