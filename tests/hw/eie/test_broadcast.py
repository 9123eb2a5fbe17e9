# amaranth: UnusedElaboratable=no
"""The broadcast: activations to all PEs, by what their queues report; and what these report."""

import pytest
from amaranth.hdl import Module, Signal
from amaranth.sim import Simulator

from hw.eie.broadcast import BROADCAST_FLIGHT, Broadcast, rooms
from hw.eie.config import EieConfig
from sim.runner import run_bench
from tests.hw.bank import Bank

SIZES = (1, 2, 16, 32, 64)
DEPTHS = (1, 2, 3, 8)
SMALL = {"spmat_depth": 64, "ptr_depth": 256, "act_depth": 64}


@pytest.mark.parametrize("depth", [1, 2, 3, 7, 8, 256])
def test_rooms(depth):
    """For any number of activations held, and any limit up to the depth, constant or not."""
    level = Signal(range(depth + BROADCAST_FLIGHT + 1))
    limit = Signal(range(depth + 1))
    fixed, variable = Signal(BROADCAST_FLIGHT + 1), Signal(BROADCAST_FLIGHT + 1)
    m = Module()
    m.d.comb += [fixed.eq(rooms(level, depth)), variable.eq(rooms(level, limit))]

    async def check(context):
        for most in sorted({1, (depth + 1) // 2, depth}):
            context.set(limit, most)
            for held in range(most + BROADCAST_FLIGHT + 1):
                context.set(level, held)
                await context.delay(1e-9)
                free = min(most + BROADCAST_FLIGHT - held, BROADCAST_FLIGHT + 1)
                assert context.get(variable) == (1 << free) - 1, f"{held} of {most}"
                if most == depth:
                    assert context.get(fixed) == context.get(variable)

    simulator = Simulator(m)
    simulator.add_testbench(check)
    simulator.run()


@pytest.mark.rtl
def test_broadcast():
    configs = [EieConfig(n_pe=n_pe, **SMALL) for n_pe in SIZES]
    configs.append(EieConfig(n_pe=8, lanes=8, group_max=16, **SMALL))
    units = {f"unit_{k}": Broadcast(config) for k, config in enumerate(configs)}
    run_bench(Bank(**units), __file__, parameters={"configs": configs, "depths": DEPTHS})
