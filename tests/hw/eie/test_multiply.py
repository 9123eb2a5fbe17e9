"""Multipliers of a PE that takes one entry a cycle, both kinds on the same operands."""

import pytest
from amaranth.hdl import Module, Mux, signed
from amaranth.lib import wiring
from amaranth.lib.wiring import In, Out

from hw.eie.multiply import MagnitudeMultiplier, Multiplier, folded
from sim.runner import run_bench

STAGES = (1, 2, 3, 4, 5)


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


@pytest.mark.parametrize("stages", [0, -1, 1.0, "2", None])
@pytest.mark.parametrize("kind", [Multiplier, MagnitudeMultiplier])
def test_multiplier_stages(kind, stages):
    with pytest.raises(ValueError) as error:
        kind(stages)
    assert str(error.value) == f"Multiplier stages must be a positive integer, not {stages!r}"


@pytest.mark.rtl
def test_multiplier():
    run_bench(Multipliers(), __file__, parameters={"stages": STAGES})
