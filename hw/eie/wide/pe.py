"""One wide processing element."""

from __future__ import annotations

from amaranth.hdl import Const, Module, Mux, signed
from amaranth.lib import data, stream, wiring
from amaranth.lib.wiring import In, Out

from ...bus.layout import WORD_BITS
from ...memory import Sram
from ...pipeline import delay
from ..broadcast import flight, room_layout, rooms
from ..config import ACCUMULATOR_BITS, ACTIVATION_BITS, EieConfig
from ..counters import count_events
from ..format import Counter, IoTarget
from ..iobus import IoWrite, connect_memories, connect_reads
from ..tokens import ShownPass, pass_slot_layout, registered_slots, token_layout
from .arith import WideArithmetic
from .pointer import SpanRead
from .queue import GroupQueue
from .requantise import WideRequantise
from .source import WideSource
from .spmat import WideSpmatRead
from .tokens import slots_layout

__all__ = ["WideProcessingElement", "partial_layout"]


def partial_layout(config: EieConfig) -> data.StructLayout:
    """A row of a split pass, in one PE or summed over all of them."""
    return data.StructLayout(
        {
            "drain": 1,
            "last": 1,
            "slot": 1,
            "row": config.slot_bits,
            "value": signed(ACCUMULATOR_BITS),
        }
    )


class WideProcessingElement(wiring.Component):
    """
    The paper's processing element with wider units: queue, span read, sparse-matrix read,
    arithmetic and requantisation of ``lanes`` lanes, banked activation file.

    Parameters
    ----------
    config : :class:`EieConfig`

    Members
    -------
    index : ``In(max(pe_bits, 1))``
        Number of the PE, constant: its rows, inputs and outputs are those i with
        i mod n_pe = index.
    i : ``In(stream.Signature(token_layout(config), always_ready=True))``
        Broadcast groups.
    room : ``Out(room_layout(flight(config)))``
        Of the queue, for the broadcast (:func:`hw.eie.broadcast.rooms`).
    o : ``Out(stream.Signature(slots_layout(config)))``
        This PE's own activations, to its block.
    slots : ``In(ArrayLayout(pass_slot_layout(config), 2))``
    passes : ``Out(2)``
        Passes turned into, modulo 4.
    waiting : ``Out(1)``
    go : ``In(1)``
        As in :class:`WideSpmatRead`; ``waiting`` a cycle later, and not in the one after ``go``.
    partial : ``Out(stream.Signature(partial_layout(config), always_ready=True))``
        Drained rows of a split pass.
    total : ``In(stream.Signature(partial_layout(config), always_ready=True))``
        The same summed over all PEs.
    io, io_read, io_data, clear_file, clear_counters, pointer_error, row_error
        As in :class:`hw.eie.pe.ProcessingElement`.
    """

    def __init__(self, config: EieConfig):
        self.config = config
        partial = stream.Signature(partial_layout(config), always_ready=True)
        super().__init__(
            {
                "index": In(max(config.pe_bits, 1)),
                "i": In(stream.Signature(token_layout(config), always_ready=True)),
                "room": Out(room_layout(flight(config))),
                "o": Out(stream.Signature(slots_layout(config))),
                "slots": In(data.ArrayLayout(pass_slot_layout(config), 2)),
                "passes": Out(2),
                "waiting": Out(1),
                "go": In(1),
                "partial": Out(partial),
                "total": In(partial),
                "io": In(IoWrite()),
                "io_read": In(1),
                "io_data": Out(WORD_BITS),
                "clear_file": In(1),
                "clear_counters": In(1),
                "pointer_error": Out(1),
                "row_error": Out(1),
            }
        )

    def elaborate(self, platform):
        m = Module()
        config = self.config
        m.submodules.queue = queue = GroupQueue(config)
        m.submodules.pointer = pointer = SpanRead(config)
        m.submodules.spmat = spmat = WideSpmatRead(config)
        m.submodules.arith = arith = WideArithmetic(config)
        m.submodules.source = source = WideSource(config)
        m.submodules.sram = sram = Sram(config.act_depth, ACTIVATION_BITS, config.sram_latency)
        m.submodules.requantise = requantise = WideRequantise(config)

        slots = registered_slots(m, self.slots)
        m.d.comb += [
            queue.i.valid.eq(self.i.valid),
            queue.i.payload.eq(self.i.payload),
            self.room.eq(rooms(queue.level, config.queue_depth)),
        ]
        wiring.connect(m, queue.columns, pointer.i)
        wiring.connect(m, queue.values, pointer.values)
        wiring.connect(m, pointer.o, spmat.i)
        wiring.connect(m, spmat.o, arith.i)
        wiring.connect(m, source.o, wiring.flipped(self.o))
        for unit in (spmat, source, requantise):
            m.d.comb += unit.slots.eq(slots)
        m.d.comb += [
            spmat.go.eq(self.go),
            source.clear.eq(self.clear_file),
            self.passes.eq(source.passes),
            self.pointer_error.eq(spmat.error),
            self.row_error.eq(arith.error),
        ]
        m.d.sync += self.waiting.eq(spmat.waiting & ~self.go)
        self._connect_drain(m, arith, requantise)
        self._connect_activations(m, slots, requantise, source, sram)
        memories = {
            IoTarget.POINTERS: pointer.io,
            IoTarget.SPMAT: spmat.io,
            IoTarget.ACTIVATION_SRAM: sram.port,
        }
        reads = connect_memories(m, self.io, self.io_read, memories)
        if config.counters:
            events = {
                Counter.ENTRIES: arith.entries,
                Counter.PADDING: arith.padding,
                Counter.EMPTY: spmat.empty,
                Counter.STARVED: spmat.starved,
                Counter.TURN: spmat.turning,
                Counter.QUEUE_FULL: ~self.room[-1],
                Counter.BUSY: spmat.busy,
            }
            reads[IoTarget.COUNTERS] = count_events(
                m,
                events,
                clear=self.clear_counters,
                read=self.io_read,
                select=self.io.address,
                latency=config.sram_latency,
            )
        connect_reads(m, self.io, self.io_read, reads, config.sram_latency, self.io_data)
        return m

    def _connect_drain(self, m, arith, requantise):
        """Accumulators are requantised; those of a split pass go out, and come back summed over all
        PEs to the first lane, over a register."""
        drains, drained = arith.o.valid, arith.o.payload
        comes, total = delay(m, self.total.valid, self.total.payload, 1, "total")
        marks = ("drain", "last", "slot", "row")
        rows = requantise.i.payload
        m.d.comb += [
            requantise.i.valid.eq(comes | (drains & ~drained.split)),
            rows.values.eq(drained.values),
        ]
        m.d.comb += [rows[name].eq(drained[name]) for name in marks]
        value, row = 0, 0
        for k in range(self.config.lanes):
            value = value | Mux(drained.drain[k], drained.values[k], 0)
            row = row | Mux(drained.drain[k], k, 0)
        partial = self.partial.payload
        m.d.comb += [
            self.partial.valid.eq(drains & drained.split),
            partial.drain.eq(drained.drain.any()),
            partial.last.eq(drained.last),
            partial.slot.eq(drained.slot),
            partial.row.eq(drained.row | row),
            partial.value.eq(value),
        ]
        mine = total.row == self.index[: self.config.pe_bits]
        with m.If(comes):
            m.d.comb += [
                rows.drain.eq(total.drain & mine),
                rows.last.eq(total.last),
                rows.slot.eq(total.slot),
                rows.row.eq(0),
                rows.values[0].eq(total.value),
            ]

    def _connect_activations(self, m, slots, requantise, source, sram):
        """Drained rows go to the source file or, one at a time, to the SRAM."""
        config = self.config
        rows = requantise.o.payload
        shown = ShownPass(slots, rows.slot)
        drain = Mux(requantise.o.valid, rows.drain, 0)
        row, value = 0, 0
        for k in range(config.lanes):
            row = row | Mux(drain[k], k, 0)
            value = value | Mux(drain[k], rows.values[k], 0)
        m.d.comb += [
            source.turned.eq(requantise.o.valid & rows.last),
            sram.port.en.eq(source.sram.en),
            sram.port.addr.eq(source.sram.addr),
            source.sram.rdata.eq(sram.port.rdata),
            source.write.row.eq(rows.row),
            source.write.values.eq(rows.values),
        ]
        with m.If(drain.any()):
            with m.If(shown.dst_sram):
                m.d.comb += [
                    sram.port.en.eq(1),
                    sram.port.write.eq(1),
                    sram.port.addr.eq(shown.dst_base + (rows.row | row)),
                    sram.port.wdata.eq(value),
                ]
            with m.Else():
                m.d.comb += source.write.valid.eq(drain)
        io = self.io
        lane_bits = config.lanes.bit_length() - 1
        with m.If(io.valid & (io.target == IoTarget.SOURCE_FILE)):
            m.d.comb += [
                source.write.valid.eq(Const(1, config.lanes) << io.address[:lane_bits]),
                source.write.row.eq(io.address),
            ]
            m.d.comb += [source.write.values[k].eq(io.data) for k in range(config.lanes)]
