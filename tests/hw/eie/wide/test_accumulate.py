"""
Lanes that meet on one row in one cycle must all count: every way in which they can meet, tried out.

Where the file is as small as the number of lanes, all accumulators can be seen in every cycle. The
bench plays all sets of valid lanes with all rows, for 2 and for 4 lanes, and all ways to divide 8
lanes into those that are not valid and those that meet, one operation in every cycle.
"""

import pytest
from amaranth.hdl import Const, Module, Signal, signed
from amaranth.lib import data, wiring
from amaranth.lib.wiring import In, Out

from hw.eie.config import EieConfig
from hw.eie.wide.accumulate import Accumulators, AddendCombine
from sim.runner import run_bench
from tests.hw.bank import Bank

SHAPES = ((2, 2), (2, 4), (4, 4), (8, 8), (2, 64), (4, 32), (8, 128))


class Adder(wiring.Component):
    """Both units as the arithmetic joins them, with all inputs of an operation in one cycle; what
    is read two cycles later is from before it."""

    def __init__(self, config):
        self.config = config
        lanes = config.lanes
        super().__init__(
            {
                "valid": In(lanes),
                "rows": In(data.ArrayLayout(config.slot_bits, lanes)),
                "values": In(data.ArrayLayout(signed(32), lanes)),
                "load": In(1),
                "read_row": In(config.slot_bits),
                "read": Out(data.ArrayLayout(signed(32), lanes)),
            }
        )

    def elaborate(self, platform):
        m = Module()
        m.submodules.combine = combine = AddendCombine(self.config)
        m.submodules.accumulators = accumulators = Accumulators(self.config)
        load, read_row = Signal(), Signal.like(self.read_row)
        groups = len(accumulators.reads)
        m.d.sync += [
            combine.values.eq(self.values),
            load.eq(self.load),
            accumulators.sets.eq(load.replicate(groups)),
            read_row.eq(self.read_row),
            accumulators.reads.eq(Const(1, groups) << (read_row // self.config.lanes)),
        ]
        m.d.comb += [
            combine.valid.eq(self.valid),
            combine.rows.eq(self.rows),
            accumulators.addends.eq(combine.o),
            self.read.eq(accumulators.read),
        ]
        return m


@pytest.mark.rtl
def test_all_lanes_count():
    configs = [
        EieConfig(n_pe=4, spmat_depth=64, ptr_depth=64, act_depth=64, lanes=lanes, file_depth=depth)
        for lanes, depth in SHAPES
    ]
    units = {f"unit_{k}": Adder(config) for k, config in enumerate(configs)}
    run_bench(Bank(**units), __file__, parameters={"configs": configs})
