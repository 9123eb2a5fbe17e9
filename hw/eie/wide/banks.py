"""Two neighbouring words of the sparse-matrix SRAM at once, from its even and its odd bank."""

from __future__ import annotations

from amaranth.hdl import Module, Mux, Signal
from amaranth.lib import data, wiring
from amaranth.lib.wiring import In, Out

from ...bus.layout import WORD_BITS
from ...memory import Sram, SramAccess
from ..config import EieConfig

__all__ = ["WordPair"]


class WordPair(wiring.Component):
    """
    Words ``address`` and ``address`` + 1, ``sram_latency`` cycles later, until those of a later
    read come; one read a cycle. Even words are in one bank, odd ones in the other. A bank is left
    alone if its word is not needed, or is the one it was read for last.

    Parameters
    ----------
    config : :class:`EieConfig`

    Members
    -------
    needs : ``In(1)``
        The first word is needed.
    second : ``In(1)``
        The second one is needed too; without ``needs`` nothing is read.
    address : ``In(21)``
    words : ``Out(ArrayLayout(64, 2))``
    io : ``In(SramAccess(spmat_depth, 64))``
        Has priority; only while nothing is needed.
    """

    def __init__(self, config: EieConfig):
        self.config = config
        super().__init__(
            {
                "needs": In(1),
                "second": In(1),
                "address": In(21),
                "words": Out(data.ArrayLayout(WORD_BITS, 2)),
                "io": In(SramAccess(config.spmat_depth, WORD_BITS)),
            }
        )

    def elaborate(self, platform):
        m = Module()
        latency = self.config.sram_latency
        io = self.io
        odd_first = self.address[0]
        rows = ((self.address + 1)[1:], self.address[1:])
        wanted = (
            self.needs & (~odd_first | self.second),
            self.needs & (odd_first | self.second),
        )
        outputs = []
        for number, name in enumerate(("even", "odd")):
            bank = Sram(self.config.spmat_depth // 2, WORD_BITS, latency)
            m.submodules[name] = bank
            row = Signal(len(self.address) - 1, name=f"{name}_row")
            held, held_row = Signal(name=f"{name}_held"), Signal.like(row, name=f"{name}_held_row")
            fetch, mine = Signal(name=f"{name}_fetch"), Signal(name=f"{name}_mine")
            m.d.comb += [
                row.eq(rows[number]),
                mine.eq(io.en & (io.addr[0] == number)),
                fetch.eq(wanted[number] & ~(held & (held_row == row))),
                bank.port.en.eq(mine | fetch),
                bank.port.write.eq(mine & io.write),
                bank.port.addr.eq(Mux(io.en, io.addr[1:], row)),
                bank.port.wdata.eq(io.wdata),
            ]
            with m.If(fetch):
                m.d.sync += [held.eq(1), held_row.eq(row)]
            with m.If(mine):
                m.d.sync += held.eq(0)
            outputs.append(bank.port.rdata)

        # Which bank has the first word, when the words are there.
        first = Signal()
        with m.If(io.en | self.needs):
            m.d.sync += first.eq(Mux(io.en, io.addr[0], odd_first))
        for k in range(1, latency):
            following = Signal(name=f"first_{k}")
            m.d.sync += following.eq(first)
            first = following
        even, odd = outputs
        m.d.comb += [
            self.words[0].eq(Mux(first, odd, even)),
            self.words[1].eq(Mux(first, even, odd)),
            io.rdata.eq(self.words[0]),
        ]
        return m
