"""Dot products: activations times weights, ``simd`` input by ``pe`` output channels a cycle."""

from __future__ import annotations

from amaranth.hdl import Module, Mux, Signal, signed
from amaranth.lib import data, stream, wiring
from amaranth.lib.wiring import In, Out

from .check import require_index
from .config import ACCUMULATOR_BITS, ConvConfig
from .streams import LoadWrite
from .weights import CyclicMemory
from .window import tap_layout

__all__ = ["DotProducts", "sums_layout"]


def sums_layout(config: ConvConfig) -> data.ArrayLayout:
    """Sums of ``pe`` output channels."""
    return data.ArrayLayout(signed(ACCUMULATOR_BITS), config.pe)


class DotProducts(wiring.Component):
    """
    Multiplies taps by weights and sums them until the last of a dot product.

    ``o[k] = sum over beats and s of x[s] * weight[k][s]``, exact in 32 bits (the network's own
    check says that none leaves them). Bits (k * simd + s) * weight_bits and following of a word of
    weights belong to output channel k and input channel s, in two's complement.

    A tap and its weights come out of memories late in their cycle and go into registers; products,
    sums over ``simd`` and the accumulator have a cycle each after that.

    Latency: sums are on ``o`` three cycles after their last tap was taken. Throughput: a tap a
    cycle, while sums are taken in the cycle in which they come; ``i.ready`` depends on ``o.ready``.

    Parameters
    ----------
    config : :class:`ConvConfig`
    index : :class:`int`
        Unit whose weights it takes, 0 to 255.

    Members
    -------
    load : ``In(LoadWrite())``
    i : ``In(stream.Signature(tap_layout(config)))``
    o : ``Out(stream.Signature(sums_layout(config)))``
    """

    def __init__(self, config: ConvConfig, index: int = 0):
        require_index(index)
        self.config = config
        self.index = index
        super().__init__(
            {
                "load": In(LoadWrite()),
                "i": In(stream.Signature(tap_layout(config))),
                "o": Out(stream.Signature(sums_layout(config))),
            }
        )

    def elaborate(self, platform):
        m = Module()
        c = self.config
        m.submodules.weights = weights = CyclicMemory(
            c.weight_words, c.weight_word, self.index, parameters=False
        )
        wiring.connect(m, wiring.flipped(self.load), weights.load)

        move, take = Signal(), Signal()
        m.d.comb += [
            move.eq(~self.o.valid | self.o.ready),
            self.i.ready.eq(weights.o.valid & move),
            take.eq(self.i.valid & weights.o.valid & move),
            weights.o.ready.eq(take),
        ]

        # Registers of data need no reset: marks beside them say whether they count.
        tap = Signal(tap_layout(c), reset_less=True)
        word = Signal(c.weight_word, reset_less=True)
        held = Signal()
        multiplied, multiplied_last = Signal(), Signal()
        added, added_last = Signal(), Signal()
        with m.If(take):
            m.d.sync += [tap.eq(self.i.payload), word.eq(weights.o.payload)]
        with m.If(move):
            m.d.sync += [held.eq(take), multiplied.eq(held), added.eq(multiplied)]
            with m.If(held):
                m.d.sync += multiplied_last.eq(tap.last)
            with m.If(multiplied):
                m.d.sync += added_last.eq(multiplied_last)
        m.d.comb += self.o.valid.eq(added & added_last)

        first = Signal(init=1)
        with m.If(move & added):
            m.d.sync += first.eq(added_last)
        for k in range(c.pe):
            products = []
            for s in range(c.simd):
                weight = word.word_select(k * c.simd + s, c.weight_bits).as_signed()
                product = self._register(8 + c.weight_bits, f"product_{k}_{s}")
                with m.If(move & held):
                    m.d.sync += product.eq(tap.x[s] * weight)
                products.append(product)
            total = self._register(8 + c.weight_bits + (c.simd - 1).bit_length(), f"sum_{k}")
            accumulator = self._register(ACCUMULATOR_BITS, f"accumulator_{k}")
            with m.If(move & multiplied):
                m.d.sync += total.eq(_tree(products))
            m.d.comb += self.o.payload[k].eq(Mux(first, 0, accumulator) + total)
            with m.If(move & added & ~added_last):
                m.d.sync += accumulator.eq(self.o.payload[k])
        return m

    @staticmethod
    def _register(bits, name):
        return Signal(signed(bits), name=name, reset_less=True)


def _tree(values):
    """Sum of values, pairwise."""
    while len(values) > 1:
        pairs = [sum(values[k : k + 2]) for k in range(0, len(values), 2)]
        values = pairs
    return values[0]
