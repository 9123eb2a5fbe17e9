"""Multiplier and arithmetic unit, the latter with its accumulator file."""

import pytest
from amaranth.hdl import Module, Mux, signed
from amaranth.lib import stream, wiring
from amaranth.lib.wiring import In, Out

from hw.eie.activation import AccumulatorFile
from hw.eie.arith import Arithmetic, MagnitudeMultiplier, Multiplier, folded
from hw.eie.config import EieConfig
from hw.eie.tokens import drained_layout, work_layout
from sim.runner import run_bench

STAGES = (1, 2, 3, 4, 5)
SHAPES = ((1, 16), (2, 64), (3, 2), (4, 128))


class Multipliers(wiring.Component):
    """Multipliers of both kinds and all stage counts side by side, on the same operands."""

    def __init__(self):
        products = {
            f"{kind}_{stages}": Out(signed(32))
            for kind in ("product", "apart")
            for stages in STAGES
        }
        super().__init__({"a": In(signed(16)), "b": In(signed(16)), "literal": In(1), **products})

    def elaborate(self, platform):
        m = Module()
        for stages in STAGES:
            m.submodules[f"multiplier_{stages}"] = multiplier = Multiplier(stages)
            m.d.comb += [
                multiplier.a.eq(self.a),
                multiplier.b.eq(self.b),
                multiplier.literal.eq(self.literal),
                getattr(self, f"product_{stages}").eq(multiplier.product),
            ]
            m.submodules[f"apart_{stages}"] = apart = MagnitudeMultiplier(stages)
            negative = self.a < 0
            m.d.comb += [
                apart.valid.eq(1),
                apart.a.eq(Mux(negative & ~self.literal, -self.a, self.a)),
                apart.negative.eq(negative),
                apart.b.eq(Mux(self.literal, self.b, folded(self.b))),
                apart.literal.eq(self.literal),
                getattr(self, f"apart_{stages}").eq(apart.product + apart.carry),
            ]
        return m


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


@pytest.mark.parametrize("stages", [0, -1, 1.0, "2", None])
@pytest.mark.parametrize("kind", [Multiplier, MagnitudeMultiplier])
def test_multiplier_stages(kind, stages):
    with pytest.raises(ValueError) as error:
        kind(stages)
    assert str(error.value) == f"Multiplier stages must be a positive integer, not {stages!r}"


@pytest.mark.rtl
def test_multiplier():
    run_bench(Multipliers(), __file__, parameters={"unit": "multiplier", "stages": STAGES})


@pytest.mark.rtl
@pytest.mark.parametrize("mul_stages, file_depth", SHAPES)
def test_arithmetic(mul_stages, file_depth):
    config = EieConfig(
        n_pe=4,
        spmat_depth=64,
        ptr_depth=64,
        act_depth=64,
        file_depth=file_depth,
        mul_stages=mul_stages,
    )
    run_bench(Accumulate(config), __file__, parameters={"unit": "arithmetic", "config": config})
