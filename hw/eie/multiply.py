"""Multipliers of a PE that takes one entry a cycle."""

from __future__ import annotations

from amaranth.hdl import Cat, Module, Mux, Signal, Value, signed
from amaranth.lib import wiring
from amaranth.lib.wiring import In, Out

from ..pipeline import delay
from .config import ACCUMULATOR_BITS, ACTIVATION_BITS

__all__ = ["MagnitudeMultiplier", "Multiplier", "folded"]


class Multiplier(wiring.Component):
    """
    Signed 16 x 16 bit multiplier: ``product`` is a * b, modulo 2**32, ``stages`` cycles after the
    operands; or, where ``literal`` is set, the operands themselves as one word, b in the upper
    half. One product a cycle; nothing stalls.

    With two stages and more the first forms the products with both halves of b, the second adds
    them; further stages only delay.

    Parameters
    ----------
    stages : :class:`int`
        Pipeline stages, at least 1.

    Members
    -------
    a, b : ``In(signed(16))``
    literal : ``In(1)``
    product : ``Out(signed(32))``
    """

    def __init__(self, stages: int):
        if not isinstance(stages, int) or stages < 1:
            raise ValueError(f"Multiplier stages must be a positive integer, not {stages!r}")
        self.stages = stages
        super().__init__(
            {
                "a": In(signed(ACTIVATION_BITS)),
                "b": In(signed(ACTIVATION_BITS)),
                "literal": In(1),
                "product": Out(signed(ACCUMULATOR_BITS)),
            }
        )

    def elaborate(self, platform):
        m = Module()
        half = ACTIVATION_BITS // 2
        word = Cat(self.a, self.b)
        low = Signal(signed(ACTIVATION_BITS + half))
        high = Signal(signed(ACTIVATION_BITS + half))
        m.d.comb += low.eq(Mux(self.literal, word[:half], self.a * self.b[:half]))
        m.d.comb += high.eq(Mux(self.literal, word[half:], self.a * self.b[half:].as_signed()))
        if self.stages > 1:
            first_low, first_high = Signal.like(low), Signal.like(high)
            m.d.sync += [first_low.eq(low), first_high.eq(high)]
            low, high = first_low, first_high
        product = Signal.like(self.product)
        m.d.sync += product.eq(low + (high << half))
        for k in range(2, self.stages):
            delayed = Signal.like(product, name=f"product_{k}")
            m.d.sync += delayed.eq(product)
            product = delayed
        m.d.comb += self.product.eq(product)
        return m


def folded(value: Value) -> Value:
    """``value`` (signed) with all bits but its sign inverted where it is negative, so that those
    of a small number of either sign are 0 at the top."""
    return Cat(value[:-1] ^ value[-1].replicate(len(value) - 1), value[-1])


class MagnitudeMultiplier(wiring.Component):
    """
    Multiplier of numbers whose signs are apart: ``product + carry`` is a * b, modulo 2**32,
    ``stages`` cycles after the operands came with ``valid``; or, where ``literal`` is set, the
    bits of the operands as one word, b in the upper half. One product a cycle; nothing stalls.
    Of small numbers of either sign most of it is at rest; without ``valid`` all of it is.

    With two stages and more the first forms the products with both halves of b, the second adds
    them; further stages only delay.

    Parameters
    ----------
    stages : :class:`int`
        Pipeline stages, at least 1.

    Members
    -------
    valid : ``In(1)``
    a : ``In(16)``
        Magnitude of the first operand, at most 2**15.
    negative : ``In(1)``
        Its sign.
    b : ``In(16)``
        The second operand, :func:`folded`.
    literal : ``In(1)``
    product : ``Out(signed(32))``
    carry : ``Out(1)``
    """

    def __init__(self, stages: int):
        if not isinstance(stages, int) or stages < 1:
            raise ValueError(f"Multiplier stages must be a positive integer, not {stages!r}")
        self.stages = stages
        super().__init__(
            {
                "valid": In(1),
                "a": In(ACTIVATION_BITS),
                "negative": In(1),
                "b": In(ACTIVATION_BITS),
                "literal": In(1),
                "product": Out(signed(ACCUMULATOR_BITS)),
                "carry": Out(1),
            }
        )

    def elaborate(self, platform):
        m = Module()
        half = ACTIVATION_BITS // 2
        word = Cat(self.a, self.b)
        sign = self.b[-1]
        low = Signal(ACTIVATION_BITS + half)
        high = Signal(ACTIVATION_BITS + half)
        negate = Signal()
        # The magnitude of a negative b is one more than its bits.
        m.d.comb += [
            low.eq(Mux(self.literal, word[:half], self.a * self.b[:half] + Mux(sign, self.a, 0))),
            high.eq(Mux(self.literal, word[half:], self.a * self.b[half:-1])),
            negate.eq(~self.literal & (self.negative ^ sign)),
        ]
        valid = self.valid
        if self.stages > 1:
            valid, low, high, negate = self._register(m, low, high, negate)
        product, carry = Signal(ACCUMULATOR_BITS), Signal()
        with m.If(valid):
            total = (low + (high << half))[:ACCUMULATOR_BITS]
            m.d.sync += [
                product.eq(total ^ negate.replicate(ACCUMULATOR_BITS)),
                carry.eq(negate),
            ]
        result = Cat(product, carry)
        if self.stages > 2:
            done = Signal()
            m.d.sync += done.eq(valid)
            _, result = delay(m, done, result, self.stages - 2, "result")
        m.d.comb += Cat(self.product, self.carry).eq(result)
        return m

    def _register(self, m, low, high, negate):
        """The first stage. The upper half moves only from and to what is not 0."""
        upper = Signal()
        first_high = Signal.like(high)
        uses = self.literal | self.b[len(self.b) // 2 : -1].any()
        with m.If(self.valid):
            m.d.sync += upper.eq(uses)
        with m.If(self.valid & (uses | upper)):
            m.d.sync += first_high.eq(high)
        valid, rest = delay(m, self.valid, Cat(low, negate), 1, "first")
        return valid, rest[:-1], first_high, rest[-1]
