"""Weights and parameters: a memory that is read round and round."""

from __future__ import annotations

from amaranth.hdl import Cat, Module, Mux, Signal, unsigned
from amaranth.lib import stream, wiring
from amaranth.lib.wiring import In, Out

from ..memory import Sram
from .config import CHUNK_BITS, chunks_of
from .streams import LoadWrite

__all__ = ["CyclicMemory"]


class CyclicMemory(wiring.Component):
    """
    Gives its words from the first to the last and from the first on again, one a cycle, from the
    second cycle after reset or the last write on. A write starts it anew.

    Parameters
    ----------
    depth : :class:`int`
        Words.
    width : :class:`int`
        Bits of a word.
    index : :class:`int`
        Unit whose writes it takes.
    parameters : :class:`bool`
        Whether it takes writes to the parameters, else to the weights.

    Members
    -------
    load : ``In(LoadWrite())``
    o : ``Out(stream.Signature(unsigned(width)))``
    """

    def __init__(self, depth: int, width: int, index: int, *, parameters: bool):
        self.depth = depth
        self.width = width
        self.index = index
        self.parameters = parameters
        super().__init__(
            {"load": In(LoadWrite()), "o": Out(stream.Signature(unsigned(width)))},
        )

    def elaborate(self, platform):
        m = Module()
        m.submodules.sram = sram = Sram(self.depth, self.width, 1)
        port = sram.port
        mine = Signal()
        m.d.comb += mine.eq(
            self.load.valid
            & (self.load.unit == self.index)
            & (self.load.parameters == self.parameters)
        )
        chunks = chunks_of(self.width)
        place = self.load.address[: chunks.bit_length() - 1]
        whole = mine & (place == chunks - 1)
        kept = Signal(CHUNK_BITS * (chunks - 1))
        if chunks > 1:
            with m.If(mine):
                m.d.sync += kept.eq(Cat(kept, self.load.data)[CHUNK_BITS:])

        cursor = Signal(range(self.depth))
        fetch = Signal()
        m.d.comb += [
            fetch.eq(~self.o.valid | self.o.ready),
            self.o.payload.eq(port.rdata),
            port.en.eq(Mux(mine, whole, fetch)),
            port.write.eq(mine),
            port.addr.eq(Mux(mine, self.load.address[chunks.bit_length() - 1 :], cursor)),
            port.wdata.eq(Cat(kept, self.load.data)),
        ]
        with m.If(mine):
            m.d.sync += [cursor.eq(0), self.o.valid.eq(0)]
        with m.Elif(fetch):
            m.d.sync += [
                cursor.eq(Mux(cursor == self.depth - 1, 0, cursor + 1)),
                self.o.valid.eq(1),
            ]
        return m
