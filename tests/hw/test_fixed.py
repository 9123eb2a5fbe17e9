"""Fixed-point expressions: exhaustively at small widths, at random at 33 bits."""

import pytest
from amaranth.hdl import Const, Module, Shape, Signal, Value, signed, unsigned
from amaranth.lib import wiring
from amaranth.lib.wiring import In, Out

from hw.fixed import relu, rounding_constant, saturate
from sim.runner import run_bench

SMALL = 6
"""All signed shapes of up to this many bits are tested with all their values."""

WIDE = 33
"""An accumulator and the bit that rounding may add."""


class Expressions(wiring.Component):
    """Every expression of small values, and the requantisation of a 32-bit accumulator."""

    def __init__(self):
        sizes = range(1, SMALL + 1)
        super().__init__(
            {
                "value": In(signed(SMALL)),
                "wide": In(signed(WIDE)),
                "shift": In(5),
                "rounding": Out(31),
                "wide_saturated": Out(signed(16)),
                "wide_relu": Out(signed(WIDE)),
                **{f"relu_{n}": Out(signed(n)) for n in sizes},
                **{f"saturate_{n}_{w}": Out(signed(SMALL)) for n in sizes for w in sizes},
            }
        )

    def elaborate(self, platform):
        m = Module()
        m.d.comb += [
            self.rounding.eq(rounding_constant(self.shift)),
            self.wide_saturated.eq(saturate(self.wide, 16)),
            self.wide_relu.eq(relu(self.wide)),
        ]
        for n in range(1, SMALL + 1):
            value = self.value[:n].as_signed()
            m.d.comb += getattr(self, f"relu_{n}").eq(relu(value))
            for w in range(1, SMALL + 1):
                m.d.comb += getattr(self, f"saturate_{n}_{w}").eq(saturate(value, w))
        return m


@pytest.mark.rtl
def test_values():
    run_bench(Expressions(), __file__, parameters={"small": SMALL})


@pytest.mark.parametrize("width", [1, 2, 16, 33])
def test_shapes(width):
    value = Signal(signed(width))
    assert relu(value).shape() == signed(width)
    for target in range(1, 40):
        assert saturate(value, target).shape() == signed(min(width, target))


@pytest.mark.parametrize("width", range(6))
def test_rounding_shape(width):
    assert rounding_constant(Signal(width)).shape() == unsigned((1 << width) - 1)


def test_constants_are_values():
    assert isinstance(rounding_constant(3), Value)
    assert saturate(Const(-9, signed(8)), 4).shape() == Shape(4, signed=True)


@pytest.mark.parametrize(
    ("make", "error", "message"),
    [
        (
            lambda: saturate(Signal(8), 4),
            TypeError,
            "Saturated value must be signed, not unsigned(8)",
        ),
        (lambda: relu(Signal(8)), TypeError, "Rectified value must be signed, not unsigned(8)"),
        (
            lambda: saturate(Signal(signed(8)), 0),
            ValueError,
            "Saturation width must be a positive integer, not 0",
        ),
        (
            lambda: saturate(Signal(signed(8)), 2.0),
            ValueError,
            "Saturation width must be a positive integer, not 2.0",
        ),
    ],
)
def test_refusals(make, error, message):
    with pytest.raises(error) as caught:
        make()
    assert str(caught.value) == message
