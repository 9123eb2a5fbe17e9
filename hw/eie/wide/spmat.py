"""Sparse-matrix read of a wide PE: up to ``lanes`` entries of a group's columns in every cycle."""

from __future__ import annotations

from amaranth.hdl import Module, Mux, Signal
from amaranth.lib import data, stream, wiring
from amaranth.lib.wiring import In, Out

from ...bus.layout import WORD_BITS
from ...memory import SramAccess
from ...pipeline import delay
from ..config import CODEBOOK_WORDS, EieConfig
from ..config import ENTRIES_PER_WORD as PER_WORD
from ..tokens import ShownPass, pass_slot_layout
from .banks import WordPair
from .tokens import OpKind, load_lanes, op_layout, span_layout, work_layout
from .window import LaneSelect

__all__ = ["WideSpmatRead"]

WORDS = 2


class WideSpmatRead(wiring.Component):
    """
    Issues one operation a cycle to the arithmetic. Within a pass: the entries of each group, up to
    ``lanes`` neighbouring ones at a time across the borders of its columns, wherever in a word
    they start; a group without entries takes a cycle of its own. Between two passes, from the
    ``end`` mark on and once the new one is shown: DRAIN operations, ``lanes`` rows each (one, where
    they go to the activation SRAM; none, but still one operation, where there are no rows); then
    LOAD, four biases each (two where ``lanes`` is 2), and two CODEBOOK, unless it was the end of
    the inference. Before a pass that is split is drained, the PE waits for ``go``.

    An operation leaves ``sram_latency`` cycles after it was issued. Nothing downstream can stall.
    Of two neighbouring SRAM words, each is read only if the operation needs it and its bank does
    not hold it from the read before.

    Parameters
    ----------
    config : :class:`EieConfig`

    Members
    -------
    i : ``In(stream.Signature(span_layout(config)))``
    slots : ``In(ArrayLayout(pass_slot_layout(config), 2))``
        As in :class:`hw.eie.spmat.SpmatRead`.
    o : ``Out(stream.Signature(work_layout(config), always_ready=True))``
    io : ``In(SramAccess(spmat_depth, 64))``
        Has priority; the unit must be idle.
    waiting : ``Out(1)``
        All entries of a split pass have been issued.
    go : ``In(1)``
        Pulse, while all PEs are waiting: drain.
    empty, starved, turning, busy : ``Out(1)``
        What this cycle was spent on: a group without entries, no group at hand within a pass, an
        operation between passes, entries.
    error : ``Out(1)``
        Pulse, a cycle late: a column's pointers ran backwards (it was taken as empty), or an
        operation needed a word beyond the SRAM (what it gets is undefined).
    """

    def __init__(self, config: EieConfig):
        self.config = config
        super().__init__(
            {
                "i": In(stream.Signature(span_layout(config))),
                "slots": In(data.ArrayLayout(pass_slot_layout(config), 2)),
                "o": Out(stream.Signature(work_layout(config), always_ready=True)),
                "io": In(SramAccess(config.spmat_depth, WORD_BITS)),
                "waiting": Out(1),
                "go": In(1),
                "empty": Out(1),
                "starved": Out(1),
                "turning": Out(1),
                "busy": Out(1),
                "error": Out(1),
            }
        )

    def elaborate(self, platform):
        m = Module()
        config = self.config
        lanes, loads = config.lanes, load_lanes(config)
        m.submodules.pair = words = WordPair(config)
        m.submodules.select = select = LaneSelect(config)

        ticket = Signal(2)
        new = ShownPass(self.slots, ticket[0])
        old = ShownPass(self.slots, ~ticket[0])

        issue = Signal()
        op = Signal(op_layout(config))
        address = Signal(len(new.spmat_base) + 1)
        second = Signal()  # the second word is needed too
        needs = Signal()

        # Between passes.
        live = Signal()
        row = Signal(8)
        aligned = Signal(8)
        following = Signal(9)
        lane_bits = lanes.bit_length() - 1

        # Within a pass.
        span = self.i.payload
        started = Signal()
        final = Signal()  # of a group that has been started, no more entries than lanes are left
        position = Signal.like(span.start)
        offset = Signal.like(span.start)
        cursor = Signal.like(span.start)
        left = Signal.like(span.start)
        m.d.comb += [
            cursor.eq(Mux(started, position, span.start)),
            left.eq(span.stop - cursor),
            select.span.eq(span),
            select.offset.eq(offset),
            select.left.eq(left),
        ]

        # Draining begins with the inference, or as the mark that ends a pass is taken.
        draining = Signal()
        split = live & old.split
        low = row[:lane_bits]
        ready = Signal()
        m.d.comb += [
            ready.eq(draining & new.valid & (new.ticket == ticket)),
            self.waiting.eq(ready & split & (row == 0)),
            aligned.eq(row & ~(lanes - 1)),
        ]

        def drain(m):
            """One operation of the drain, as soon as it can be."""
            m.d.comb += [
                draining.eq(1),
                following.eq(row + Mux(old.dst_sram, 1, lanes)),
                op.kind.eq(OpKind.DRAIN),
                op.row.eq(aligned),
                op.last.eq(~live | (following >= old.drain_rows)),
                op.slot.eq(~ticket[0]),
                op.split.eq(split),
            ]
            for k, lane in enumerate(op.lanes):
                mine = ~old.dst_sram | (low == k)
                m.d.comb += lane.valid.eq(live & mine & (aligned + k < old.drain_rows))
            with m.If(ready & (~self.waiting | self.go)):
                m.d.comb += [issue.eq(1), self.turning.eq(1)]
                m.d.sync += row.eq(following)
                m.next = "DRAIN"
                with m.If(op.last):
                    m.d.sync += row.eq(0)
                    with m.If(new.halt):
                        m.d.sync += [ticket.eq(ticket + 1), live.eq(0)]
                    with m.Elif(new.bias_rows == 0):
                        m.next = "CODEBOOK"
                    with m.Else():
                        m.next = "LOAD"

        with m.FSM():
            with m.State("DRAIN"):
                drain(m)
            with m.State("LOAD"):
                m.d.comb += [
                    issue.eq(1),
                    needs.eq(1),
                    second.eq(row + 2 < new.bias_rows if loads > 2 else 0),
                    self.turning.eq(1),
                    following.eq(row + loads),
                    op.kind.eq(OpKind.LOAD),
                    op.row.eq(row),
                    address.eq(new.spmat_base + row[1:]),
                ]
                m.d.comb += [op.lanes[k].valid.eq(row + k < new.bias_rows) for k in range(loads)]
                m.d.sync += row.eq(following)
                with m.If(following >= new.bias_rows):
                    m.d.sync += row.eq(0)
                    m.next = "CODEBOOK"
            with m.State("CODEBOOK"):
                bias_words = (new.bias_rows + 1)[1:]
                m.d.comb += [
                    issue.eq(1),
                    needs.eq(1),
                    second.eq(1),
                    self.turning.eq(1),
                    op.kind.eq(OpKind.CODEBOOK),
                    op.row.eq(row),
                    address.eq(new.spmat_base + bias_words + (row[0] << 1)),
                ]
                m.d.sync += row.eq(row + 1)
                with m.If(row == CODEBOOK_WORDS // WORDS - 1):
                    m.d.sync += [row.eq(0), ticket.eq(ticket + 1), live.eq(1)]
                    m.next = "COMPUTE"
            with m.State("COMPUTE"):
                with m.If(self.i.valid & span.end):
                    m.d.comb += self.i.ready.eq(issue)
                    drain(m)
                with m.Else():
                    m.d.comb += [
                        op.kind.eq(OpKind.ENTRY),
                        op.shift.eq(cursor),
                        op.lanes.eq(select.lanes),
                        address.eq(old.entry_base + cursor[3:]),
                        second.eq(cursor[:3] + Mux(left < lanes, left[:4], lanes) > PER_WORD),
                        self.starved.eq(~self.i.valid),
                    ]
                    with m.If(self.i.valid & (span.stop <= span.start)):
                        m.d.comb += [self.i.ready.eq(1), self.empty.eq(1)]
                    with m.Elif(self.i.valid):
                        m.d.comb += [issue.eq(1), needs.eq(1), self.busy.eq(1)]
                        m.d.sync += [
                            position.eq(cursor + lanes),
                            offset.eq(offset + lanes),
                            started.eq(1),
                        ]
                        m.d.sync += final.eq(left <= 2 * lanes)
                        with m.If(Mux(started, final, span.few)):
                            m.d.comb += self.i.ready.eq(1)
                            m.d.sync += [started.eq(0), offset.eq(0)]

        beyond = (address >= config.spmat_depth) | (second & (address + 1 >= config.spmat_depth))
        backwards = self.empty & (span.stop < span.start)
        m.d.sync += self.error.eq(backwards | (needs & beyond))

        wiring.connect(m, wiring.flipped(self.io), words.io)
        m.d.comb += [words.needs.eq(needs), words.second.eq(second), words.address.eq(address)]

        valid, op = delay(m, issue, op, config.sram_latency, "op")
        m.d.comb += [
            self.o.valid.eq(valid),
            self.o.payload.op.eq(op),
            self.o.payload.words.eq(words.words),
        ]
        return m
