"""Pointers of a wide PE: from an activation group to the entries of its columns."""

from __future__ import annotations

from amaranth.hdl import Cat, Module, Mux, Signal
from amaranth.lib import data, stream, wiring
from amaranth.lib.wiring import In, Out

from ...bus.layout import WORD_BITS, struct_layout
from ...memory import Sram, SramAccess
from ...pipeline import delay
from ...stream import OutputRegister, Queue
from ..config import POINTER_BITS, POINTERS_PER_WORD, EieConfig
from ..format import RECORD
from .tokens import columns_layout, span_layout, values_layout

__all__ = ["SpanRead"]


class SpanRead(wiring.Component):
    """
    Reads the pointers of an activation, or the record of a group, in one cycle, from two banks
    that hold the even and the odd 64-bit words of the pointer memory. A word is four pointers, so
    that p[j] and p[j + 1] are in one word or in two neighbours; a record is an even word and the
    odd one behind it.

    Latency ``sram_latency + 2`` cycles; one group a cycle. ``sram_latency + 3`` groups can be
    under way or waiting at the output. ``ready`` does not depend on either side's handshake of
    the same cycle. An ``end`` mark goes the same way, but reads nothing.

    Parameters
    ----------
    config : :class:`EieConfig`

    Members
    -------
    i : ``In(stream.Signature(columns_layout(config)))``
    values : ``In(stream.Signature(values_layout(config)))``
        The activations of the same groups, in the same order; they are taken as their pointers go
        to the register at the output, and have to be there then.
    o : ``Out(stream.Signature(span_layout(config)))``
    io : ``In(SramAccess(ptr_depth // 4, 64))``
        Words of four pointers. Has priority over groups: the unit must be idle.
    """

    def __init__(self, config: EieConfig):
        self.config = config
        super().__init__(
            {
                "i": In(stream.Signature(columns_layout(config))),
                "values": In(stream.Signature(values_layout(config))),
                "o": Out(stream.Signature(span_layout(config))),
                "io": In(SramAccess(config.ptr_depth // POINTERS_PER_WORD, WORD_BITS)),
            }
        )

    def elaborate(self, platform):
        m = Module()
        config = self.config
        latency = config.sram_latency
        depth = config.ptr_depth // POINTERS_PER_WORD // 2
        m.submodules.even = even = Sram(depth, WORD_BITS, latency)
        m.submodules.odd = odd = Sram(depth, WORD_BITS, latency)
        pointed_layout = data.StructLayout(
            {
                name: field.shape
                for name, field in span_layout(config)
                if name not in ("few", "values")
            }
        )
        m.submodules.queue = queue = Queue(pointed_layout, latency + 2)

        room = Signal(range(latency + 4), init=latency + 3)
        issue = Signal()
        m.d.comb += self.i.ready.eq(room != 0)
        m.d.comb += issue.eq(self.i.valid & self.i.ready)
        m.d.sync += room.eq(room - issue + (self.o.valid & self.o.ready))

        token = self.i.payload
        place = Signal(2)
        word = Signal(len(token.column) - 2)
        m.d.comb += Cat(place, word).eq(token.column)
        lookup = Signal()
        m.d.comb += lookup.eq(issue & ~token.end)
        for number, (bank, address) in enumerate(((even, (word + 1)[1:]), (odd, word[1:]))):
            mine = self.io.en & (self.io.addr[0] == number)
            m.d.comb += [
                bank.port.en.eq(mine | lookup),
                bank.port.write.eq(mine & self.io.write),
                bank.port.addr.eq(Mux(self.io.en, self.io.addr[1:], address)),
                bank.port.wdata.eq(self.io.wdata),
            ]
        answers_odd = Signal()
        with m.If(self.io.en):
            m.d.sync += answers_odd.eq(self.io.addr[0])
        answering = answers_odd
        for k in range(1, latency):
            following = Signal(name=f"answering_{k}")
            m.d.sync += following.eq(answering)
            answering = following
        m.d.comb += self.io.rdata.eq(Mux(answering, odd.port.rdata, even.port.rdata))

        stage = Signal(data.StructLayout({"end": 1, "single": 1, "odd": 1, "place": 2}))
        m.d.comb += [
            stage.end.eq(token.end),
            stage.single.eq(token.single),
            stage.odd.eq(word[0]),
            stage.place.eq(place),
        ]
        arrived, stage = delay(m, issue, stage, latency, "stage")

        first = Mux(stage.odd, odd.port.rdata, even.port.rdata)
        second = Mux(stage.odd, even.port.rdata, odd.port.rdata)
        pointers = Cat(first, second[:POINTER_BITS])
        record = Signal(struct_layout(RECORD))
        m.d.comb += record.eq(Cat(even.port.rdata, odd.port.rdata))
        span = queue.i.payload
        last = getattr(record, f"end_{config.group_max - 1}")
        m.d.comb += [
            queue.i.valid.eq(arrived),
            span.end.eq(stage.end),
            span.single.eq(stage.single),
        ]
        m.d.comb += [
            span.ends[k].eq(getattr(record, f"end_{k}")) for k in range(config.group_max - 1)
        ]
        with m.If(stage.single):
            m.d.comb += [
                span.start.eq(pointers.word_select(stage.place, POINTER_BITS)),
                span.stop.eq(pointers.word_select(stage.place + 1, POINTER_BITS)),
            ]
        with m.Else():
            m.d.comb += [span.start.eq(record.base), span.stop.eq(record.base + last)]
        m.submodules.output = output = OutputRegister(span_layout(config))
        pointed = queue.o.payload
        m.d.comb += [
            output.i.valid.eq(queue.o.valid),
            queue.o.ready.eq(output.i.ready),
            self.values.ready.eq(queue.o.valid & output.i.ready),
            output.i.payload["values"].eq(self.values.payload),
            output.i.payload.few.eq((pointed.stop - pointed.start)[:POINTER_BITS] <= config.lanes),
        ]
        m.d.comb += [output.i.payload[name].eq(pointed[name]) for name, _ in pointed_layout]
        wiring.connect(m, output.o, wiring.flipped(self.o))
        return m
