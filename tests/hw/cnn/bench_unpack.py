"""cocotb tests of bytes of words; started by test_unpack.py."""

import random

import cocotb

from hw.cnn.config import Number
from hw.cnn.streams import beat
from sim.runner import bench_parameters
from sim.streams import PROFILES
from tests.hw.cnn.units import Unit

CASES = bench_parameters()["units"]
NAMES = list(CASES)


def unit_of(name):
    count = CASES[name]

    def frame(rng):
        """What fills the last word is not zero."""
        content = rng.randbytes(-(-count // 8) * 8)
        words = [content[k : k + 8] for k in range(0, len(content), 8)]
        return (
            {"i": [int.from_bytes(word, "little") for word in words]},
            {"o": [[byte] for byte in content[:count]]},
        )

    return Unit(name, {"i": 64}, {"o": beat(Number.U8, 1)}, frame)


@cocotb.test()
@cocotb.parametrize(name=NAMES, source=PROFILES, sink=PROFILES)
async def test_stalls(dut, name, source, sink):
    await unit_of(name).check_stalls(dut, source, sink)


@cocotb.test()
@cocotb.parametrize(name=NAMES)
async def test_resets(dut, name):
    await unit_of(name).check_resets(dut)


@cocotb.test()
@cocotb.parametrize(name=NAMES)
async def test_cycles(dut, name):
    """A byte a cycle, from word to word and from frame to frame; a word goes with its last one."""
    unit = unit_of(name)
    await unit.start(dut)
    await unit.check(random.Random(name), 5)
    cycles, count = unit.sink().cycles, CASES[name]
    assert cycles == list(range(cycles[0], cycles[0] + 5 * count))
    last = [k for k in range(5 * count) if k % count % 8 == 7 or k % count == count - 1]
    assert unit.sent() == [cycles[k] for k in last]
