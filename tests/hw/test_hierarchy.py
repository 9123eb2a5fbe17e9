# amaranth: UnusedElaboratable=no
"""Shared modules: the same behaviour as submodules, one module in the Verilog."""

import random
import re

import pytest
from amaranth.hdl import Module, Signal
from amaranth.lib import stream, wiring
from amaranth.lib.memory import Memory
from amaranth.lib.wiring import In, Out
from amaranth.sim import Simulator

from hw.emit import emit
from hw.hierarchy import SharedModules, flat_ports, shared
from sim.runner import run_bench

OUTPUTS = ("total", "kept")


class Adder(wiring.Component):
    """Adds up ``step`` in a register, and keeps the last step that was not 0 in a memory."""

    step: In(4)
    nothing: In(0)
    total: Out(8)
    kept: Out(4)

    def elaborate(self, platform):
        m = Module()
        m.submodules.memory = memory = Memory(shape=4, depth=1, init=[])
        write, read = memory.write_port(), memory.read_port(domain="comb")
        m.d.comb += [write.en.eq(self.step != 0), write.data.eq(self.step), self.kept.eq(read.data)]
        m.d.sync += self.total.eq(self.total + self.step)
        return m


class Pair(wiring.Component):
    """Two adders that are reset one by one, and a third that never is."""

    def __init__(self):
        outputs = {f"{name}_{k}": Out(8) for k in range(3) for name in OUTPUTS}
        super().__init__({"step": In(4), "reset": In(2), **outputs})

    def elaborate(self, platform):
        m = Module()
        for k in range(3):
            reset = {"reset": self.reset[k]} if k < 2 else {}
            m.submodules[f"adder_{k}"], adder = shared(Adder, "adder", platform, **reset)
            m.d.comb += adder.step.eq(self.step)
            for name in OUTPUTS:
                m.d.comb += getattr(self, f"{name}_{k}").eq(getattr(adder, name))
        return m


def rows(count=150):
    """For each cycle the inputs, and the outputs that a model gives."""
    rng = random.Random(1)
    totals, kept = [0, 0, 0], 0
    result = []
    for _ in range(count):
        step, reset = rng.choice([0, rng.randrange(16)]), rng.randrange(4) * (rng.random() < 0.2)
        outputs = {f"total_{k}": total for k, total in enumerate(totals)}
        outputs |= dict.fromkeys(("kept_0", "kept_1", "kept_2"), kept)
        result.append(({"step": step, "reset": reset}, outputs))
        totals = [0 if reset >> k & 1 else (total + step) % 256 for k, total in enumerate(totals)]
        kept = step or kept
    return result


def test_submodules():
    pair = Pair()

    async def bench(ctx):
        for number, (inputs, outputs) in enumerate(rows()):
            for name, value in inputs.items():
                ctx.set(getattr(pair, name), value)
            for name, value in outputs.items():
                assert ctx.get(getattr(pair, name)) == value, (number, name)
            await ctx.tick()

    simulator = Simulator(pair)
    simulator.add_clock(1e-9)
    simulator.add_testbench(bench)
    simulator.run()


@pytest.mark.rtl
def test_instances():
    run_bench(Pair(), __file__, parameters={"rows": rows()})


def test_one_module():
    text = emit(Pair()).verilog
    assert len(re.findall(r"^module adder\(", text, re.M)) == 1
    assert len(re.findall(r"^  adder adder_\d \(", text, re.M)) == 3


def test_platform_keeps_the_first():
    platform = SharedModules()
    made = []

    def make():
        made.append(Adder())
        return made[-1]

    first, ports = shared(make, "adder", platform)
    shared(make, "adder", platform)
    shared(make, "other", platform)
    assert platform.modules == {"adder": made[0], "other": made[1]}
    assert first.type == "adder"
    assert set(first.ports) == {"clk", "rst", "step", "total", "kept"}
    assert ports.signature == Adder().signature


def test_flat_ports():
    inner = wiring.Signature({"a": Out(2), "b": In(3), "empty": Out(0)})
    signature = wiring.Signature(
        {
            "plain": In(4),
            "none": In(0),
            "o": Out(stream.Signature(8, always_ready=True)),
            "i": In(stream.Signature(5)),
            "many": Out(inner).array(2),
            "back": In(inner),
        }
    )
    interface = signature.create()
    expected = {
        "plain": (4, True),
        "o__payload": (8, False),
        "o__valid": (1, False),
        "i__payload": (5, True),
        "i__valid": (1, True),
        "i__ready": (1, False),
        "many__0__a": (2, False),
        "many__0__b": (3, True),
        "many__1__a": (2, False),
        "many__1__b": (3, True),
        "back__a": (2, True),
        "back__b": (3, False),
    }
    ports = flat_ports(interface)
    assert {name: (len(value), is_in) for name, (value, is_in) in ports.items()} == expected
    assert ports["many__1__b"][0] is interface.many[1].b
    assert all(isinstance(signal, Signal) for signal, _ in ports.values())
