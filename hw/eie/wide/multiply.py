"""The multiplier of a lane: small where there are eight of them."""

from __future__ import annotations

from amaranth.hdl import Cat, Const, Module, Mux, Signal, Value, signed
from amaranth.lib import wiring
from amaranth.lib.wiring import In, Out

from ...pipeline import delay
from ..config import ACCUMULATOR_BITS, ACTIVATION_BITS

__all__ = ["LaneMultiplier"]

DIGITS = ACTIVATION_BITS // 2


class LaneMultiplier(wiring.Component):
    """
    As :class:`hw.eie.arith.Multiplier`, with two stages and more; a stage moves only with operands.

    The first stage adds up multiples of a by the digits of b, which are from -2 to 2 (Booth's, of
    radix 4), as a sum and its carries; the second adds these. Further stages only delay.

    Parameters
    ----------
    stages : :class:`int`
        Pipeline stages, at least 2.
    literal : :class:`bool`
        Whether there is a ``literal``.

    Members
    -------
    valid : ``In(1)``
        There are operands.
    a, b : ``In(signed(16))``
    literal : ``In(1)``
    product : ``Out(signed(32))``
    """

    def __init__(self, stages: int, *, literal: bool):
        if not isinstance(stages, int) or stages < 2:
            raise ValueError(f"Multiplier stages must be an integer from 2 on, not {stages!r}")
        self.stages = stages
        self.has_literal = literal
        ports = {
            "valid": In(1),
            "a": In(signed(ACTIVATION_BITS)),
            "b": In(signed(ACTIVATION_BITS)),
            "product": Out(signed(ACCUMULATOR_BITS)),
        }
        super().__init__(ports | ({"literal": In(1)} if literal else {}))

    def elaborate(self, platform):
        m = Module()
        total, carries = _add_up(m, _multiples(m, self.a, self.b))
        if self.has_literal:
            total = Mux(self.literal, Cat(self.a, self.b), total)
            carries = Mux(self.literal, 0, carries)
        sums = Signal(2 * ACCUMULATOR_BITS)
        m.d.comb += sums.eq(Cat(total, carries))
        valid, sums = delay(m, self.valid, sums, 1, "sums")
        product = Signal(signed(ACCUMULATOR_BITS))
        m.d.comb += product.eq(sums[:ACCUMULATOR_BITS] + sums[ACCUMULATOR_BITS:])
        _, product = delay(m, valid, product, self.stages - 1, "product")
        m.d.comb += self.product.eq(product)
        return m


def _multiples(m: Module, a: Value, b: Value) -> list[Value]:
    """Words whose sum modulo 2**32 is a * b. A multiple of a is negated by inverting it and adding
    one in the next word, below that word's own multiple; its sign bit s counts as 1 - s, less 1,
    and these ones are in the last word."""
    digits = Cat(Const(0, 1), b)
    extended = Signal(signed(ACTIVATION_BITS + 1))
    m.d.comb += extended.eq(a)
    words: list[Value] = []
    ones = 0
    below = []  # what the word before leaves to be added
    for k in range(DIGITS):
        low, middle, high = digits[2 * k], digits[2 * k + 1], digits[2 * k + 2]
        once, twice = Signal(name=f"once_{k}"), Signal(name=f"twice_{k}")
        multiple = Signal(ACTIVATION_BITS + 1, name=f"multiple_{k}")
        m.d.comb += [
            once.eq(middle ^ low),
            twice.eq(~once & (high ^ middle)),
            multiple.eq(
                (Mux(once, extended, 0) | Mux(twice, a << 1, 0)) ^ high.replicate(len(multiple))
            ),
        ]
        words.append(Cat(*below, multiple[:-1], ~multiple[-1]))
        ones -= 1 << (ACTIVATION_BITS + 2 * k)
        below = [Const(0, 2 * k), high, Const(0, 1)]
    last = Cat(*below, Const(0, ACCUMULATOR_BITS))[:ACCUMULATOR_BITS]
    words.append(last | Const(ones % (1 << ACCUMULATOR_BITS), ACCUMULATOR_BITS))
    return words


def _add_up(m: Module, words: list[Value]) -> tuple[Value, Value]:
    """A sum and its carries, together the sum of ``words`` modulo 2**32: of three words there
    remain two, until there are no more."""
    number = 0
    while len(words) > 2:
        rest = words[len(words) // 3 * 3 :]
        added = []
        for first, second, third in zip(words[0::3], words[1::3], words[2::3], strict=False):
            total = Signal(ACCUMULATOR_BITS, name=f"total_{number}")
            carries = Signal(ACCUMULATOR_BITS, name=f"carries_{number}")
            m.d.comb += [
                total.eq(first ^ second ^ third),
                carries.eq(((first & second) | (third & (first ^ second))) << 1),
            ]
            added += [total, carries]
            number += 1
        words = added + rest
    return words[0], words[1]
