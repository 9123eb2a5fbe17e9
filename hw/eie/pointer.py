"""Column pointers: from an activation's column to the range of its entries."""

from __future__ import annotations

from amaranth.hdl import Cat, Module, Mux, Signal
from amaranth.lib import data, stream, wiring
from amaranth.lib.wiring import In, Out

from ..memory import Sram, SramAccess
from ..pipeline import delay
from ..stream import OutputRegister, Queue
from .config import POINTER_BITS, EieConfig
from .tokens import pointed_layout, range_layout, token_layout

__all__ = ["PointerRead"]


class PointerRead(wiring.Component):
    """
    Reads the pointers p[j] and p[j + 1] of an activation's column j in one cycle, from two banks
    that hold the even and the odd pointers (section IV of the paper, "Pointer Read Unit").

    Latency ``sram_latency + 2`` cycles; one column a cycle. ``sram_latency + 3`` columns can be
    under way or waiting at the output. In a lean array, one column, and a cycle less. ``ready``
    does not depend on either side's handshake of the same cycle. An ``end`` mark goes the same
    way, but reads nothing.

    Parameters
    ----------
    config : :class:`EieConfig`

    Members
    -------
    i : ``In(stream.Signature(token_layout(config)))``
    o : ``Out(stream.Signature(range_layout(config)))``
    io : ``In(SramAccess(ptr_depth // 2, 32))``
        Pairs of pointers, the even one in the low half. Has priority over columns: the unit must
        be idle.
    """

    def __init__(self, config: EieConfig):
        self.config = config
        super().__init__(
            {
                "i": In(stream.Signature(token_layout(config))),
                "o": Out(stream.Signature(range_layout(config))),
                "io": In(SramAccess(config.ptr_depth // 2, 2 * POINTER_BITS)),
            }
        )

    def elaborate(self, platform):
        m = Module()
        latency = self.config.sram_latency
        places = 1 if self.config.lean else latency + 3
        depth = self.config.ptr_depth // 2
        m.submodules.even = even = Sram(depth, POINTER_BITS, latency)
        m.submodules.odd = odd = Sram(depth, POINTER_BITS, latency)

        room = Signal(range(places + 1), init=places)
        issue = Signal()
        m.d.comb += self.i.ready.eq(room != 0)
        m.d.comb += issue.eq(self.i.valid & self.i.ready)
        m.d.sync += room.eq(room - issue + (self.o.valid & self.o.ready))

        column = self.i.payload.column
        lookup = Signal()
        m.d.comb += lookup.eq(issue & ~self.i.payload.end)
        for bank, address, pointer in (
            (even, (column + 1)[1:], self.io.wdata[:POINTER_BITS]),
            (odd, column[1:], self.io.wdata[POINTER_BITS:]),
        ):
            m.d.comb += [
                bank.port.en.eq(self.io.en | lookup),
                bank.port.write.eq(self.io.en & self.io.write),
                bank.port.addr.eq(Mux(self.io.en, self.io.addr, address)),
                bank.port.wdata.eq(pointer),
            ]
        m.d.comb += self.io.rdata.eq(Cat(even.port.rdata, odd.port.rdata))

        stage = Signal(
            data.StructLayout({"end": 1, "odd": 1, "value": self.i.payload.value.shape()})
        )
        m.d.comb += [
            stage.end.eq(self.i.payload.end),
            stage.odd.eq(column[0]),
            stage.value.eq(self.i.payload.value),
        ]
        arrived, stage = delay(m, issue, stage, latency, "stage")
        pointed = Signal(pointed_layout(self.config))
        m.d.comb += [
            pointed.end.eq(stage.end),
            pointed.start.eq(Mux(stage.odd, odd.port.rdata, even.port.rdata)),
            pointed.stop.eq(Mux(stage.odd, even.port.rdata, odd.port.rdata)),
            pointed.value.eq(stage.value),
        ]
        m.submodules.output = output = OutputRegister(range_layout(self.config))
        if self.config.lean:
            m.d.comb += output.i.valid.eq(arrived)
        else:
            m.submodules.queue = queue = Queue(pointed_layout(self.config), places - 1)
            m.d.comb += [
                queue.i.valid.eq(arrived),
                queue.i.payload.eq(pointed),
                output.i.valid.eq(queue.o.valid),
                queue.o.ready.eq(output.i.ready),
            ]
            pointed = queue.o.payload
        column_range = output.i.payload
        m.d.comb += [
            column_range.end.eq(pointed.end),
            column_range.start.eq(pointed.start),
            column_range.stop.eq(pointed.stop),
            column_range.value.eq(pointed.value),
            column_range.empty.eq(pointed.stop <= pointed.start),
            column_range.backwards.eq(pointed.stop < pointed.start),
            column_range.single.eq(pointed.stop == (pointed.start + 1)[:POINTER_BITS]),
        ]
        wiring.connect(m, output.o, wiring.flipped(self.o))
        return m
