"""Arithmetic unit with its accumulator file."""

import pytest
from amaranth.hdl import Module, signed
from amaranth.lib import stream, wiring
from amaranth.lib.wiring import In, Out

from hw.eie.activation import AccumulatorFile
from hw.eie.arith import Arithmetic
from hw.eie.config import EieConfig
from hw.eie.tokens import drained_layout, work_layout
from sim.runner import run_bench

SHAPES = ((1, 16), (2, 64), (3, 2), (4, 128))


class Accumulate(wiring.Component):
    """Arithmetic with its accumulator file, as a processing element joins them."""

    def __init__(self, config):
        self.config = config
        drained = drained_layout(config, signed(32))
        super().__init__(
            {
                "i": In(stream.Signature(work_layout(config), always_ready=True)),
                "o": Out(stream.Signature(drained, always_ready=True)),
                "entry": Out(1),
                "padding": Out(1),
                "error": Out(1),
            }
        )

    def elaborate(self, platform):
        m = Module()
        m.submodules.arith = arith = Arithmetic(self.config)
        m.submodules.accumulators = accumulators = AccumulatorFile(self.config)
        wiring.connect(m, wiring.flipped(self.i), arith.i)
        wiring.connect(m, arith.acc, accumulators.port)
        wiring.connect(m, arith.o, wiring.flipped(self.o))
        for name in ("entry", "padding", "error"):
            m.d.comb += getattr(self, name).eq(getattr(arith, name))
        return m


@pytest.mark.rtl
@pytest.mark.parametrize("dsp", [False, True])
@pytest.mark.parametrize("mul_stages, file_depth", SHAPES)
def test_arithmetic(mul_stages, file_depth, dsp):
    config = EieConfig(
        n_pe=4,
        spmat_depth=64,
        ptr_depth=64,
        act_depth=64,
        file_depth=file_depth,
        mul_stages=mul_stages,
        dsp=dsp,
    )
    run_bench(Accumulate(config), __file__, parameters={"config": config})
