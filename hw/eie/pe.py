"""One processing element."""

from __future__ import annotations

from amaranth.hdl import Module, Signal
from amaranth.lib import data, stream, wiring
from amaranth.lib.wiring import In, Out

from ..bus.layout import WORD_BITS
from ..memory import Sram
from ..stream import Queue
from .activation import AccumulatorFile, Requantise, SourceFile
from .arith import Arithmetic
from .broadcast import flight, room_layout, rooms
from .config import ACTIVATION_BITS, EieConfig
from .counters import count_events
from .format import Counter, IoTarget
from .iobus import IoWrite, connect_memories, connect_reads
from .pointer import PointerRead
from .source import ActivationSource
from .spmat import SpmatRead
from .tokens import ShownPass, pass_slot_layout, registered_slots, token_layout

__all__ = ["ProcessingElement"]


class ProcessingElement(wiring.Component):
    """
    A processing element of the array: activation queue, pointer read, sparse-matrix read,
    arithmetic, and activation read/write (Fig. 4b of the paper).

    Parameters
    ----------
    config : :class:`EieConfig`

    Members
    -------
    index : ``In(max(pe_bits, 1))``
        Number of the PE, constant: its rows, inputs and outputs are those i with
        i mod n_pe = index.
    i : ``In(stream.Signature(token_layout(config), always_ready=True))``
        Broadcast activations.
    room : ``Out(room_layout(flight(config)))``
        Of the queue, for the broadcast (:func:`hw.eie.broadcast.rooms`).
    o : ``Out(stream.Signature(token_layout(config)))``
        This PE's own activations, to the detection tree.
    slots : ``In(ArrayLayout(pass_slot_layout(config), 2))``
    passes : ``Out(2)``
        Passes turned into, modulo 4.
    io : ``In(IoWrite())``
        Writes; with ``io_read`` high the same address is read instead, and ``io_data`` shows it
        ``sram_latency`` cycles later. Only while the array is idle, counters excepted.
    io_read : ``In(1)``
    io_data : ``Out(64)``
    clear_file, clear_counters : ``In(1)``
    pointer_error, row_error : ``Out(1)``
    queue_limit : ``In(range(queue_depth + 1))``
        Only where the configuration has it: in the place of ``queue_depth``, at least 1.
    """

    def __init__(self, config: EieConfig):
        self.config = config
        token = stream.Signature(token_layout(config))
        members = {
            "index": In(max(config.pe_bits, 1)),
            "i": In(stream.Signature(token_layout(config), always_ready=True)),
            "room": Out(room_layout(flight(config))),
            "o": Out(token),
            "slots": In(data.ArrayLayout(pass_slot_layout(config), 2)),
            "passes": Out(2),
            "io": In(IoWrite()),
            "io_read": In(1),
            "io_data": Out(WORD_BITS),
            "clear_file": In(1),
            "clear_counters": In(1),
            "pointer_error": Out(1),
            "row_error": Out(1),
        }
        if config.queue_limit:
            members["queue_limit"] = In(range(config.queue_depth + 1))
        super().__init__(members)

    def elaborate(self, platform):
        m = Module()
        config = self.config
        depth = config.queue_depth + flight(config)
        m.submodules.queue = queue = Queue(token_layout(config), depth)
        m.submodules.pointer = pointer = PointerRead(config)
        m.submodules.spmat = spmat = SpmatRead(config)
        m.submodules.arith = arith = Arithmetic(config)
        m.submodules.accumulators = accumulators = AccumulatorFile(config)
        m.submodules.requantise = requantise = Requantise(config)
        m.submodules.file = file = SourceFile(config)
        m.submodules.source = source = ActivationSource(config)
        m.submodules.sram = sram = Sram(config.act_depth, ACTIVATION_BITS, config.sram_latency)

        limit = self.queue_limit if config.queue_limit else config.queue_depth
        slots = registered_slots(m, self.slots)
        m.d.comb += [
            queue.i.valid.eq(self.i.valid),
            queue.i.payload.eq(self.i.payload),
            self.room.eq(rooms(queue.level, limit, flight(config))),
        ]
        wiring.connect(m, queue.o, pointer.i)
        wiring.connect(m, pointer.o, spmat.i)
        wiring.connect(m, spmat.o, arith.i)
        wiring.connect(m, arith.acc, accumulators.port)
        wiring.connect(m, arith.o, requantise.i)
        wiring.connect(m, file.o, source.file)
        wiring.connect(m, source.o, wiring.flipped(self.o))
        for unit in (spmat, requantise, source):
            m.d.comb += unit.slots.eq(slots)
        m.d.comb += [
            file.enable.eq(source.file_enable),
            file.clear.eq(self.clear_file),
            source.index.eq(self.index),
            source.file_pending.eq(file.pending),
            self.passes.eq(source.passes),
            self.pointer_error.eq(spmat.error),
            self.row_error.eq(arith.error),
        ]
        self._connect_activations(m, slots, requantise, source, file, sram)
        memories = {
            IoTarget.POINTERS: pointer.io,
            IoTarget.SPMAT: spmat.io,
            IoTarget.ACTIVATION_SRAM: sram.port,
        }
        alone = (IoTarget.POINTERS, IoTarget.SPMAT) if config.lean else ()
        reads = connect_memories(m, self.io, self.io_read, memories, alone=alone)
        if config.counters:
            events = {
                Counter.ENTRIES: arith.entry,
                Counter.PADDING: arith.padding,
                Counter.EMPTY: spmat.empty,
                Counter.STARVED: spmat.starved,
                Counter.TURN: spmat.turning,
                Counter.QUEUE_FULL: ~self.room[-1],
                Counter.BUSY: arith.entry,
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

    def _connect_activations(self, m, slots, requantise, source, file, sram):
        """Drained rows go to the source file or the SRAM; refills go from the SRAM to the file."""
        drained = requantise.o.payload
        drain = Signal()
        shown = ShownPass(slots, drained.slot)
        m.d.comb += [
            drain.eq(requantise.o.valid & drained.drain),
            source.turned.eq(requantise.o.valid & drained.last),
            sram.port.en.eq(source.sram.en),
            sram.port.addr.eq(source.sram.addr),
            source.sram.rdata.eq(sram.port.rdata),
            file.write.valid.eq(source.refill.valid),
            file.write.slot.eq(source.refill.slot),
            file.write.value.eq(source.refill.value),
        ]
        with m.If(drain & shown.dst_sram):
            m.d.comb += [
                sram.port.en.eq(1),
                sram.port.write.eq(1),
                sram.port.addr.eq(shown.dst_base + drained.row),
                sram.port.wdata.eq(drained.value),
            ]
        with m.If(drain & ~shown.dst_sram):
            m.d.comb += [
                file.write.valid.eq(1),
                file.write.slot.eq(drained.row),
                file.write.value.eq(drained.value),
            ]
        io = self.io
        with m.If(io.valid & (io.target == IoTarget.SOURCE_FILE)):
            m.d.comb += [
                file.write.valid.eq(1),
                file.write.slot.eq(io.address),
                file.write.value.eq(io.data),
            ]
