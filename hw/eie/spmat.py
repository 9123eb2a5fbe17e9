"""Sparse-matrix read: walks the entries of each column and sequences the pass of a PE."""

from __future__ import annotations

from amaranth.hdl import Cat, Module, Mux, Signal, Value
from amaranth.lib import data, stream, wiring
from amaranth.lib.wiring import In, Out

from ..bus.layout import WORD_BITS
from ..memory import Sram, SramAccess
from ..pipeline import delay
from .config import CODEBOOK_WORDS, EieConfig
from .tokens import OpKind, ShownPass, op_layout, pass_slot_layout, range_layout, work_layout

__all__ = ["SpmatRead"]


class SpmatRead(wiring.Component):
    """
    Issues one operation a cycle to the arithmetic: within a pass the entries of each column, one
    a cycle, where a column without entries and the ``end`` mark take a cycle of their own; between
    two passes, once the new one is shown, one TURN for each accumulator row that the old pass
    drains or the new one preloads (at least one), and four CODEBOOK operations, unless it was the
    end of the inference. The SRAM is read only for a word that an operation needs and that is not
    the one read last (section IV, "Sparse Matrix Read Unit"); a TURN that preloads nothing needs
    none.

    An operation leaves ``sram_latency`` cycles after it was issued. Nothing downstream can stall.

    Parameters
    ----------
    config : :class:`EieConfig`

    Members
    -------
    i : ``In(stream.Signature(range_layout(config)))``
    slots : ``In(ArrayLayout(pass_slot_layout(config), 2))``
        The pass descriptors on show; pass k is in slot k mod 2, at least until its drain has been
        issued. The end of an inference has no ``bias_rows``.
    o : ``Out(stream.Signature(work_layout(config), always_ready=True))``
    io : ``In(SramAccess(spmat_depth, 64))``
        Has priority; the unit must be idle.
    empty, starved, turning : ``Out(1)``
        What this cycle was spent on, for the performance counters: a column without entries, no
        column at hand within a pass, a TURN or CODEBOOK operation.
    error : ``Out(1)``
        Pulse, a cycle late: a column's pointers ran backwards (it was taken as empty), or an
        operation needed a word beyond the SRAM (what it gets is undefined).
    """

    def __init__(self, config: EieConfig):
        self.config = config
        super().__init__(
            {
                "i": In(stream.Signature(range_layout(config))),
                "slots": In(data.ArrayLayout(pass_slot_layout(config), 2)),
                "o": Out(stream.Signature(work_layout(config), always_ready=True)),
                "io": In(SramAccess(config.spmat_depth, WORD_BITS)),
                "empty": Out(1),
                "starved": Out(1),
                "turning": Out(1),
                "error": Out(1),
            }
        )

    def elaborate(self, platform):
        m = Module()
        config = self.config
        m.submodules.sram = sram = Sram(config.spmat_depth, WORD_BITS, config.sram_latency)

        ticket = Signal(2)
        new = ShownPass(self.slots, ticket[0])
        old = ShownPass(self.slots, ~ticket[0])

        issue = Signal()
        needs_word = Signal()
        op = Signal(op_layout(config))
        address = Signal(len(new.spmat_base) + 1)

        # Between passes.
        live = Signal()
        row = Signal(8)
        following = Signal(9)
        m.d.comb += following.eq(row + 1)
        preloads, drains = Signal(), Signal()
        m.d.comb += preloads.eq(row < new.bias_rows)
        m.d.comb += drains.eq(live & (row < old.drain_rows))
        last = (following >= new.bias_rows) & ~(live & (following < old.drain_rows))

        # Within a pass.
        column = self.i.payload
        started = Signal()
        position = Signal.like(column.start)
        cursor = Signal.like(column.start)
        m.d.comb += cursor.eq(Mux(started, position, column.start))
        final = Signal()  # of a column that has been started, the next entry is the last

        with m.FSM():
            with m.State("TURN"):
                with m.If(new.valid & (new.ticket == ticket)):
                    m.d.comb += [
                        issue.eq(1),
                        needs_word.eq(preloads),
                        self.turning.eq(1),
                        op.kind.eq(OpKind.TURN),
                        op.part.eq(row[0]),
                        op.row.eq(row),
                        op.load.eq(preloads),
                        op.drain.eq(drains),
                        op.last.eq(last),
                        op.slot.eq(~ticket[0]),
                        address.eq(new.spmat_base + row[1:]),
                    ]
                    m.d.sync += row.eq(following)
                    with m.If(last):
                        m.d.sync += row.eq(0)
                        with m.If(new.halt):
                            m.d.sync += [ticket.eq(ticket + 1), live.eq(0)]
                        with m.Else():
                            m.next = "CODEBOOK"
            with m.State("CODEBOOK"):
                bias_words = (new.bias_rows + 1)[1:]
                m.d.comb += [
                    issue.eq(1),
                    needs_word.eq(1),
                    self.turning.eq(1),
                    op.kind.eq(OpKind.CODEBOOK),
                    op.part.eq(row),
                    address.eq(new.spmat_base + bias_words + row[:2]),
                ]
                m.d.sync += row.eq(following)
                with m.If(row == CODEBOOK_WORDS - 1):
                    m.d.sync += [row.eq(0), ticket.eq(ticket + 1), live.eq(1)]
                    m.next = "COMPUTE"
            with m.State("COMPUTE"):
                m.d.comb += [
                    op.kind.eq(OpKind.ENTRY),
                    op.part.eq(cursor),
                    op.first.eq(~started),
                    op.value.eq(column.value),
                    address.eq(old.entry_base + cursor[3:]),
                    self.starved.eq(~self.i.valid),
                ]
                with m.If(self.i.valid):
                    with m.If(column.end):
                        m.d.comb += self.i.ready.eq(1)
                        m.next = "TURN"
                    with m.Elif(column.empty):
                        m.d.comb += [self.i.ready.eq(1), self.empty.eq(1)]
                    with m.Else():
                        m.d.comb += [issue.eq(1), needs_word.eq(1)]
                        m.d.sync += [position[:3].eq(cursor[:3] + 1), started.eq(1)]
                        with m.If(~started | cursor[:3].all()):
                            m.d.sync += position[3:].eq((cursor + 1)[3:])
                        m.d.sync += final.eq(cursor + 2 == column.stop)
                        with m.If(Mux(started, final, column.single)):
                            m.d.comb += self.i.ready.eq(1)
                            m.d.sync += started.eq(0)
        m.d.sync += self.error.eq(
            (self.empty & column.backwards) | (needs_word & (address >= config.spmat_depth))
        )

        # A word stays at the SRAM's output until the next read.
        held = Signal()
        held_address = Signal.like(address)
        fetch = Signal()
        m.d.comb += fetch.eq(needs_word & ~(held & (held_address == address)))
        with m.If(fetch):
            m.d.sync += [held.eq(1), held_address.eq(address)]
        with m.If(self.io.en):
            m.d.sync += held.eq(0)
        m.d.comb += [
            sram.port.en.eq(self.io.en | fetch),
            sram.port.write.eq(self.io.en & self.io.write),
            sram.port.addr.eq(Mux(self.io.en, self.io.addr, address)),
            sram.port.wdata.eq(self.io.wdata),
            self.io.rdata.eq(sram.port.rdata),
        ]

        self._connect_output(m, issue, op, sram.port.rdata)
        return m

    def _connect_output(self, m, issue, op, word):
        """Gives the operation that is issued, and the word read for it, to ``o``: each field moves
        only with the kind of operation that uses it."""
        work = self.o.payload
        groups = (
            (issue, "op", ("kind", "part", "first")),
            (op.first, "column", ("value",)),
            (op.kind == OpKind.TURN, "turn", ("row", "load", "drain", "last", "slot")),
        )
        valids = []
        for used, name, fields in groups:
            source = Cat(Value.cast(op[field]) for field in fields)
            valid, payload = delay(m, issue & used, source, self.config.sram_latency, name)
            m.d.comb += Cat(Value.cast(work.op[field]) for field in fields).eq(payload)
            valids.append(valid)
        m.d.comb += [self.o.valid.eq(valids[0]), work.word.eq(word)]
