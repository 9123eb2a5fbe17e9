"""cocotb tests of one stream for two readers, in step with a model; started by test_fork.py."""

import random

import cocotb

from hw.cnn.config import Number
from hw.cnn.streams import beat
from sim.runner import bench_parameters
from sim.streams import PROFILES
from tests.hw.cnn.units import Unit, extremes
from tests.hw.lockstep import Lockstep

CASES = bench_parameters()["units"]
NAMES = list(CASES)
PORTS = ("o", "skip")


def unit_of(name):
    kind, lanes = CASES[name]
    number = Number(kind)

    def frame(rng):
        items = [extremes(rng, number.shape, lanes) for _ in range(12)]
        return {"i": items}, {"o": items, "skip": items}

    layout = beat(number, lanes)
    return Unit(name, {"i": layout}, {"o": layout, "skip": layout}, frame)


class ForkModel(Lockstep):
    """Which of the outputs have the beat that waits at the input."""

    def forget(self):
        self.have = dict.fromkeys(PORTS, False)

    def check(self):
        offered = bool(self.pin("i__valid"))
        done = {port: self.have[port] or bool(self.pin(f"{port}__ready")) for port in PORTS}
        for port in PORTS:
            self.expect(f"{port}__valid", offered and not self.have[port])
        self.expect("i__ready", all(done.values()))
        if offered:
            self.have = dict.fromkeys(PORTS, False) if all(done.values()) else done


@cocotb.test()
@cocotb.parametrize(name=NAMES, source=PROFILES, sink=PROFILES)
async def test_stalls(dut, name, source, sink):
    unit = unit_of(name)
    await unit.start(dut, {"i": source, "o": sink, "skip": "heavy"})
    ForkModel(unit.bench, name)
    await unit.check(random.Random(f"{name}/{source}/{sink}"))


@cocotb.test()
@cocotb.parametrize(name=NAMES)
async def test_resets(dut, name):
    await unit_of(name).check_resets(dut)


@cocotb.test()
@cocotb.parametrize(name=NAMES)
async def test_cycles(dut, name):
    """A beat in every cycle, on all three streams at once."""
    unit = unit_of(name)
    await unit.start(dut)
    await unit.check(random.Random(name))
    sent = unit.sent()
    assert sent == list(range(sent[0], sent[0] + len(sent)))
    assert unit.sink("o").cycles == unit.sink("skip").cycles == sent


@cocotb.test()
@cocotb.parametrize(name=NAMES, blocked=PORTS)
async def test_blocked(dut, name, blocked):
    """While one output does not take its beat, the other one gets it, once, and no other."""
    unit = unit_of(name)
    await unit.start(dut, blocked=(blocked,))
    sent, expected = unit.frame(random.Random(name))
    unit.source().put(*sent["i"])
    await unit.bench.step(20)
    (free,) = set(PORTS) - {blocked}
    assert unit.sink(free).items == sent["i"][:1]
    assert not unit.sent()
    unit.watch(blocked)
    await unit.bench.step(20)
    for port in PORTS:
        assert unit.sink(port).items == expected[port]
