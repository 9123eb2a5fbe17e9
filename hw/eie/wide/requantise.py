"""Requantisation of the rows that a wide PE drains together."""

from __future__ import annotations

from amaranth.hdl import Cat, Const, Module, Mux, Signal, signed
from amaranth.lib import data, stream, wiring
from amaranth.lib.wiring import In, Out

from ...fixed import saturate
from ..config import ACCUMULATOR_BITS, ACTIVATION_BITS, EieConfig
from ..tokens import ShownPass, pass_slot_layout

__all__ = ["WideRequantise", "rows_layout"]


def rows_layout(config: EieConfig, value_shape) -> data.StructLayout:
    """``lanes`` neighbouring rows from ``row`` on, before (accumulators) or after (activations)
    requantisation; ``drain`` says which of them are meant."""
    return data.StructLayout(
        {
            "drain": config.lanes,
            "last": 1,
            "slot": 1,
            "row": config.slot_bits,
            "values": data.ArrayLayout(value_shape, config.lanes),
        }
    )


class WideRequantise(wiring.Component):
    """
    Does with ``lanes`` rows what :class:`hw.eie.activation.Requantise` does with one. Latency two
    cycles, one operation a cycle, no stalls. Values of rows that are not meant are undefined.

    An accumulator is shifted first, and the last bit that falls out is what rounding adds: so
    there are 16 bits to add to. Which of the others matter is clear before.

    Parameters
    ----------
    config : :class:`EieConfig`

    Members
    -------
    i : ``In(stream.Signature(rows_layout(config, signed(32)), always_ready=True))``
    slots : ``In(ArrayLayout(pass_slot_layout(config), 2))``
    o : ``Out(stream.Signature(rows_layout(config, signed(16)), always_ready=True))``
    """

    def __init__(self, config: EieConfig):
        self.config = config
        accumulators = rows_layout(config, signed(ACCUMULATOR_BITS))
        activations = rows_layout(config, signed(ACTIVATION_BITS))
        super().__init__(
            {
                "i": In(stream.Signature(accumulators, always_ready=True)),
                "slots": In(data.ArrayLayout(pass_slot_layout(config), 2)),
                "o": Out(stream.Signature(activations, always_ready=True)),
            }
        )

    def elaborate(self, platform):
        m = Module()
        came, gives = self.i.payload, self.o.payload
        shift = ShownPass(self.slots, came.slot).shift
        marks = ("drain", "last", "slot", "row")
        shifted_valid = Signal()
        shifted = {name: Signal.like(came[name], name=f"shifted_{name}") for name in marks}
        m.d.sync += [shifted_valid.eq(self.i.valid), self.o.valid.eq(shifted_valid)]
        with m.If(self.i.valid):
            m.d.sync += [shifted[name].eq(came[name]) for name in marks]
        with m.If(shifted_valid):
            m.d.sync += [gives[name].eq(shifted[name]) for name in marks]

        relu = ShownPass(self.slots, shifted["slot"]).relu
        lowest, highest = -(1 << (ACTIVATION_BITS - 1)), (1 << (ACTIVATION_BITS - 1)) - 1
        for k in range(self.config.lanes):
            whole = Signal(signed(ACCUMULATOR_BITS + 1), name=f"whole_{k}")
            m.d.comb += whole.eq(Cat(Const(0, 1), came.values[k]).as_signed() >> shift)
            above = whole[ACTIVATION_BITS:]  # copies of the sign, where the value fits
            value = Signal(signed(ACTIVATION_BITS), name=f"value_{k}")
            up, beyond, negative = (
                Signal(name=f"{name}_{k}") for name in ("up", "beyond", "negative")
            )
            with m.If(self.i.valid & came.drain[k]):
                m.d.sync += [
                    Cat(up, value).eq(whole),
                    beyond.eq(above.any() & ~above.all()),
                    negative.eq(whole[-1]),
                ]
            clipped = Mux(
                beyond,
                Mux(negative, Const(lowest), Const(highest)),
                saturate(value + up, ACTIVATION_BITS),
            )
            with m.If(shifted_valid & shifted["drain"][k]):
                m.d.sync += gives.values[k].eq(Mux(relu & negative, 0, clipped))
        return m
