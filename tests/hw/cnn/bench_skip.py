"""cocotb tests of queue, frame's hold and every other pixel; started by test_skip.py."""

import random
from collections import deque

import cocotb

from hw.cnn.config import Number
from hw.cnn.streams import beat
from sim.runner import bench_parameters
from sim.streams import PROFILES
from tests.hw.cnn.units import Unit, extremes
from tests.hw.lockstep import Lockstep

PARAMETERS = bench_parameters()
FIFOS, HOLDS, SUBSAMPLES = (PARAMETERS[kind] for kind in ("fifos", "holds", "subsamples"))
NAMES = [*FIFOS, *HOLDS, *SUBSAMPLES]


def beats_of(rng, lanes, count):
    return [extremes(rng, Number.U8.shape, lanes) for _ in range(count)]


def kept(items, channels, height, width, lanes):
    """Those of every other pixel of every other row."""
    groups = channels // lanes
    return [
        items[(row * width + column) * groups + group]
        for row in range(0, height, 2)
        for column in range(0, width, 2)
        for group in range(groups)
    ]


def unit_of(name):
    if name in FIFOS:
        lanes, depth = FIFOS[name]
        count = depth + 3
    else:
        channels, height, width, lanes = {**HOLDS, **SUBSAMPLES}[name]
        count = channels // lanes * height * width

    def frame(rng):
        items = beats_of(rng, lanes, count)
        if name in SUBSAMPLES:
            return {"i": items}, {"o": kept(items, *SUBSAMPLES[name])}
        return {"i": items}, {"o": items} | ({"skip": items} if name in HOLDS else {})

    outputs = ("o", "skip") if name in HOLDS else ("o",)
    layout = beat(Number.U8, lanes)
    return Unit(name, {"i": layout}, dict.fromkeys(outputs, layout), frame), count


class FifoModel(Lockstep):
    """Beats, each with the cycle from which it can leave."""

    def __init__(self, bench, unit, depth):
        self.depth = depth
        super().__init__(bench, unit)

    def forget(self):
        self.held = deque()

    def check(self):
        now = self.bench.cycle
        ready = len(self.held) < self.depth
        valid = bool(self.held) and self.held[0][0] <= now
        self.expect("i__ready", ready)
        self.expect("level", len(self.held))
        self.expect("o__valid", valid)
        if valid:
            self.expect("o__payload", self.held[0][1])
        if ready and self.pin("i__valid"):
            self.held.append((now + 2, self.pin("i__payload")))
        if valid and self.pin("o__ready"):
            self.held.popleft()


@cocotb.test()
@cocotb.parametrize(name=[*HOLDS, *SUBSAMPLES], source=PROFILES, sink=PROFILES)
async def test_stalls(dut, name, source, sink):
    unit, count = unit_of(name)
    await unit.check_stalls(dut, source, sink)
    if name in HOLDS:
        sent, taken = unit.sent(), unit.sink("skip").cycles
        for first in range(count, len(sent), count):
            assert sent[first] > taken[first - 1], "a frame came into one that is held"


@cocotb.test()
@cocotb.parametrize(name=NAMES)
async def test_resets(dut, name):
    await unit_of(name)[0].check_resets(dut)


@cocotb.test()
@cocotb.parametrize(name=list(FIFOS), source=PROFILES, sink=PROFILES)
async def test_fifo_cycles(dut, name, source, sink):
    """In every cycle it takes and gives just what it promises, on a way that fills it too."""
    unit, _ = unit_of(name)
    await unit.start(dut, {"i": source, "o": sink})
    FifoModel(unit.bench, name, FIFOS[name][1])
    await unit.check(random.Random(f"{name}/{source}/{sink}"))


@cocotb.test()
@cocotb.parametrize(name=list(FIFOS))
async def test_fifo_full(dut, name):
    """It holds ``depth`` beats without a taker, and a reset leaves none of them."""
    depth = FIFOS[name][1]
    unit, _ = unit_of(name)
    await unit.start(dut, blocked=("o",))
    FifoModel(unit.bench, name, depth)
    sent, expected = unit.frame(random.Random(name))
    for _ in range(2):
        unit.source().put(*sent["i"])
        await unit.bench.step(depth + 8)
        assert len(unit.sent()) == depth
        await unit.bench.reset()
    unit.watch("o")
    await unit.bench.check(unit.named(sent), unit.named(expected))


@cocotb.test()
@cocotb.parametrize(name=list(FIFOS))
async def test_fifo_throughput(dut, name):
    """A beat a cycle, two cycles later; at a depth of 2, two in three cycles."""
    unit, _ = unit_of(name)
    await unit.start(dut)
    await unit.check(random.Random(name))
    sent = unit.sent()
    period = 3 if FIFOS[name][1] == 2 else len(sent)
    busy = 2 if FIFOS[name][1] == 2 else len(sent)
    assert sent == [sent[0] + k // busy * period + k % busy for k in range(len(sent))]
    assert unit.sink().cycles == [cycle + 2 for cycle in sent]


@cocotb.test()
@cocotb.parametrize(name=list(HOLDS))
async def test_hold_cycles(dut, name):
    """A frame of n beats in every n + 2 cycles; on ``skip`` two cycles later."""
    unit, count = unit_of(name)
    await unit.start(dut)
    await unit.check(random.Random(name))
    sent = unit.sent()
    assert sent == [sent[0] + k // count * (count + 2) + k % count for k in range(4 * count)]
    assert unit.sink("o").cycles == sent
    assert unit.sink("skip").cycles == [cycle + 2 for cycle in sent]


@cocotb.test()
@cocotb.parametrize(name=list(HOLDS))
async def test_hold_without_skip(dut, name):
    """The frame goes through to its end, and no further until ``skip`` has taken all of it."""
    unit, count = unit_of(name)
    await unit.start(dut, blocked=("skip",))
    (sent, expected), (more, then) = (unit.frame(random.Random(k)) for k in range(2))
    unit.source().put(*sent["i"], *more["i"])
    await unit.bench.step(count + 20)
    assert len(unit.sent()) == len(unit.sink("o").items) == count
    skip = unit.watch("skip")
    await unit.bench.check({}, {skip.name: expected["skip"] + then["skip"]})
    assert unit.sent()[count] == skip.cycles[count - 1] + 1


@cocotb.test()
@cocotb.parametrize(name=list(HOLDS))
async def test_hold_without_taker(dut, name):
    """Without a taker at ``o`` nothing comes; ``skip`` gives what came before."""
    unit, count = unit_of(name)
    await unit.start(dut)
    sent, expected = unit.frame(random.Random(name))
    unit.source().put(*sent["i"])
    await unit.bench.until(lambda: unit.sent(), 20, "first beat")
    passed = unit.sink("o")
    passed.passive = True
    getattr(dut, f"{name}__o__ready").value = 0
    await unit.bench.step(20)
    assert len(unit.sent()) < 3
    assert unit.sink("skip").items == passed.items == sent["i"][: len(unit.sent())]
    passed.passive = False
    await unit.bench.step(count + 20)
    for port, items in expected.items():
        assert unit.sink(port).items == items


@cocotb.test()
@cocotb.parametrize(name=list(SUBSAMPLES))
async def test_subsample_cycles(dut, name):
    """A beat a cycle, those that pass at once."""
    unit, count = unit_of(name)
    await unit.start(dut)
    await unit.check(random.Random(name))
    sent = unit.sent()
    assert sent == list(range(sent[0], sent[0] + 4 * count))
    frames = [sent[k : k + count] for k in range(0, len(sent), count)]
    assert unit.sink().cycles == [c for frame in frames for c in kept(frame, *SUBSAMPLES[name])]


@cocotb.test()
@cocotb.parametrize(name=list(SUBSAMPLES))
async def test_subsample_drops(dut, name):
    """What does not pass is taken though nobody takes what does: up to the next that passes."""
    unit, count = unit_of(name)
    await unit.start(dut, blocked=("o",))
    sent, expected = unit.frame(random.Random(name))
    unit.source().put(*sent["i"])
    await unit.bench.step(10)
    assert not unit.sent()
    for following in [*kept(list(range(count)), *SUBSAMPLES[name])[1:], count]:
        getattr(dut, f"{name}__o__ready").value = 1
        await unit.bench.step()
        getattr(dut, f"{name}__o__ready").value = 0
        await unit.bench.step(2 * count)
        assert len(unit.sent()) == following
    unit.watch("o")
    await unit.bench.check(unit.named(sent), unit.named(expected))
