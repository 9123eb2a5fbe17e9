"""What a PE sees of the passes that are shown to the array."""

import random

from amaranth.hdl import Module, Signal
from amaranth.lib import data
from amaranth.sim import Simulator

from hw.eie.config import EieConfig
from hw.eie.tokens import pass_slot_layout, registered_slots
from sim.payload import Codec

MARKS = ("valid", "halt", "ticket")


def test_registered_slots():
    """The marks of both slots come a cycle later than everything else; at first there are none."""
    config = EieConfig(n_pe=4, spmat_depth=64, ptr_depth=64, act_depth=16)
    layout = data.ArrayLayout(pass_slot_layout(config), 2)
    codec = Codec(layout)
    m = Module()
    shown = Signal(layout)
    seen = registered_slots(m, shown)
    rng = random.Random(1)

    async def check(context):
        before = codec.decode(0)
        for _ in range(200):
            now = codec.decode(rng.getrandbits(layout.size))
            context.set(shown.as_value(), codec.encode(now))
            expected = [
                {**slot, **{name: earlier[name] for name in MARKS}}
                for slot, earlier in zip(now, before, strict=True)
            ]
            assert codec.decode(context.get(seen.as_value())) == expected
            before = now
            await context.tick()

    simulator = Simulator(m)
    simulator.add_clock(1e-9)
    simulator.add_testbench(check)
    simulator.run()
