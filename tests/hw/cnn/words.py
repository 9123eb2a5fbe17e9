"""Words of AXI4-Stream as a stream that benches watch like any other."""

from amaranth.hdl import Module
from amaranth.lib import data, stream, wiring
from amaranth.lib.wiring import In, Out

__all__ = ["WORD", "AxiWords"]

WORD = data.StructLayout({"data": 64, "keep": 8, "last": 1})


class AxiWords(wiring.Component):
    """A unit with stream ``i``, and its AXI4-Stream ``o`` of 64 bits as words in a stream."""

    def __init__(self, unit):
        self.unit = unit
        members = {"i": In(unit.i.signature.flip()), "o": Out(stream.Signature(WORD))}
        super().__init__(members)

    def elaborate(self, platform):
        m = Module()
        m.submodules.unit = unit = self.unit
        wiring.connect(m, wiring.flipped(self.i), unit.i)
        m.d.comb += [
            self.o.valid.eq(unit.o.tvalid),
            self.o.payload.data.eq(unit.o.tdata),
            self.o.payload.keep.eq(unit.o.tkeep),
            self.o.payload.last.eq(unit.o.tlast),
            unit.o.tready.eq(self.o.ready),
        ]
        return m
