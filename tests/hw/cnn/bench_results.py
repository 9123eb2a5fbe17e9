"""cocotb tests of logits and class as packets; started by test_results.py."""

import random

import cocotb
import torch

from hw.cnn.config import Number
from hw.cnn.streams import beat
from sim.runner import bench_parameters
from sim.streams import PROFILES
from tests.hw.cnn.units import Unit, bounds, extremes
from tests.hw.cnn.words import WORD

CASES = bench_parameters()["units"]
NAMES = list(CASES)


def packet(logits):
    """Words of a frame's logits."""
    words = []
    for k in range(0, len(logits), 2):
        pair = [logit % (1 << 32) for logit in logits[k : k + 2]]
        word = sum(half << 32 * place for place, half in enumerate(pair))
        words.append({"data": word, "keep": 0xFF if len(pair) == 2 else 0x0F, "last": 0})
    place = int(torch.tensor(logits).argmax())
    return [*words, {"data": place, "keep": 0xFF, "last": 1}]


def framed(logits):
    return {"i": [[logit] for logit in logits]}, {"o": packet(logits)}


def unit_of(name):
    count = CASES[name]

    def frame(rng):
        """At any height, or all within a few of some number, so that there are ties."""
        low, high = bounds(Number.S32.shape)
        base = rng.choice([None, low, high - 2, -1, 0])
        if base is None:
            return framed(extremes(rng, Number.S32.shape, count))
        return framed([rng.randint(base, base + 2) for _ in range(count)])

    return Unit(name, {"i": beat(Number.S32, 1)}, {"o": WORD}, frame)


@cocotb.test()
@cocotb.parametrize(name=NAMES, source=PROFILES, sink=PROFILES)
async def test_stalls(dut, name, source, sink):
    await unit_of(name).check_stalls(dut, source, sink, frames=8)


@cocotb.test()
@cocotb.parametrize(name=NAMES)
async def test_resets(dut, name):
    await unit_of(name).check_resets(dut)


@cocotb.test()
@cocotb.parametrize(name=NAMES)
async def test_largest(dut, name):
    """The largest at every place, alone and with an equal one after it, among negative ones and
    across zero; then smaller ones in the next frame."""
    unit, count = unit_of(name), CASES[name]
    await unit.start(dut)
    low, high = bounds(Number.S32.shape)
    inputs, outputs = [], []
    for most, rest in ((high, low), (-1, -2), (0, -1), (1, 0), (low + 1, low)):
        for first in range(count):
            for second in range(first, count):
                logits = [most if k in (first, second) else rest for k in range(count)]
                sent, expected = framed(logits)
                inputs += sent["i"]
                outputs += expected["o"]
    await unit.bench.check(unit.named({"i": inputs}), unit.named({"o": outputs}))


@cocotb.test()
@cocotb.parametrize(name=NAMES)
async def test_cycles(dut, name):
    """A frame in as many cycles as it has logits, or two; words with their last logit, the class
    a cycle after it."""
    unit, count = unit_of(name), CASES[name]
    await unit.start(dut)
    await unit.check(random.Random(name), 6)
    sent = unit.sent()
    period = max(2, count)
    assert sent == [sent[0] + k // count * period + k % count for k in range(6 * count)]
    expected = []
    for first in range(0, len(sent), count):
        frame = sent[first : first + count]
        expected += [*frame[1::2], *([frame[-1]] if count % 2 else []), frame[-1] + 1]
    assert unit.sink().cycles == expected


@cocotb.test()
@cocotb.parametrize(name=NAMES)
async def test_held(dut, name):
    """Without a taker only the low half of the first word is taken."""
    unit, count = unit_of(name), CASES[name]
    await unit.start(dut, blocked=("o",))
    sent, expected = unit.frame(random.Random(name))
    unit.source().put(*sent["i"])
    await unit.bench.step(12)
    assert len(unit.sent()) == (1 if count > 1 else 0)
    unit.watch("o")
    await unit.bench.check({}, unit.named(expected))
