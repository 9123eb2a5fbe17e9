"""Pipelines of what is valid."""

import random

import pytest
from amaranth.hdl import Module, Signal
from amaranth.sim import Simulator

from hw.pipeline import delay


@pytest.mark.parametrize("cycles", [0, 1, 3])
def test_payloads_arrive_and_stay(cycles: int) -> None:
    """What came with ``valid`` is there so many cycles later, and stays until the next one."""
    m = Module()
    valid, payload = Signal(), Signal(8)
    m.d.sync += Signal().eq(0)
    there, value = delay(m, valid, payload, cycles, "stage")
    rng = random.Random(cycles)
    sent = [(rng.random() < 0.5, rng.getrandbits(8)) for _ in range(200)]

    async def bench(ctx):
        last = None
        for k, (offered, item) in enumerate(sent):
            ctx.set(valid, offered)
            ctx.set(payload, item)
            if k >= cycles:
                came, expected = sent[k - cycles]
                assert ctx.get(there) == came
                if came:
                    last = expected
                if last is not None and (came or cycles):
                    assert ctx.get(value) == last
            await ctx.tick()

    simulator = Simulator(m)
    simulator.add_clock(1e-9)
    simulator.add_testbench(bench)
    simulator.run()
