"""Weights and parameters: a memory that is read round and round."""

from __future__ import annotations

from amaranth.hdl import Module, Mux, Signal, unsigned
from amaranth.lib import stream, wiring
from amaranth.lib.wiring import In, Out

from ..memory import Sram
from .check import require_index
from .config import CHUNK_BITS, chunks_of
from .streams import LoadWrite

__all__ = ["CyclicMemory"]


class CyclicMemory(wiring.Component):
    """
    Gives its words from the first to the last and from the first on again, one a cycle, from the
    second cycle after reset or the last write on. A write starts it anew.

    Each chunk of a word, as it is loaded, has an SRAM of its own: of a deep memory one of all the
    word's bits would be slower than a clock cycle, and is no smaller. A word comes out of the SRAMs
    late in its cycle; who takes it keeps it in registers before anything is done with it.

    Parameters
    ----------
    depth : :class:`int`
        Words.
    width : :class:`int`
        Bits of a word.
    index : :class:`int`
        Unit whose writes it takes, 0 to 255.
    parameters : :class:`bool`
        Whether it takes writes to the parameters, else to the weights.

    Members
    -------
    load : ``In(LoadWrite())``
    o : ``Out(stream.Signature(unsigned(width)))``
    """

    def __init__(self, depth: int, width: int, index: int, *, parameters: bool):
        require_index(index)
        self.depth = depth
        self.width = width
        self.index = index
        self.parameters = parameters
        super().__init__(
            {"load": In(LoadWrite()), "o": Out(stream.Signature(unsigned(width)))},
        )

    def elaborate(self, platform):
        m = Module()
        mine = Signal()
        m.d.comb += mine.eq(
            self.load.valid
            & (self.load.unit == self.index)
            & (self.load.parameters == self.parameters)
        )
        chunks = chunks_of(self.width)
        place_bits = chunks.bit_length() - 1
        place, word = self.load.address[:place_bits], self.load.address[place_bits:]
        cursor = Signal(range(self.depth))
        fetch = Signal()
        m.d.comb += fetch.eq(~self.o.valid | self.o.ready)
        for number, start in enumerate(range(0, self.width, CHUNK_BITS)):
            bits = min(CHUNK_BITS, self.width - start)
            m.submodules[f"sram_{number}"] = sram = Sram(self.depth, bits, 1)
            port = sram.port
            m.d.comb += [
                port.en.eq(Mux(mine, place == number, fetch)),
                port.write.eq(mine),
                port.addr.eq(Mux(mine, word, cursor)),
                port.wdata.eq(self.load.data),
                self.o.payload[start : start + bits].eq(port.rdata),
            ]
        with m.If(mine):
            m.d.sync += [cursor.eq(0), self.o.valid.eq(0)]
        with m.Elif(fetch):
            m.d.sync += [
                cursor.eq(Mux(cursor == self.depth - 1, 0, cursor + 1)),
                self.o.valid.eq(1),
            ]
        return m
