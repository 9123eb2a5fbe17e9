"""Streams results and the contents of memories out to the host."""

from __future__ import annotations

from amaranth.hdl import Cat, Module, Mux, Signal
from amaranth.lib import data, wiring
from amaranth.lib.wiring import In, Out

from ..bus.axi import AxiStream
from ..bus.layout import WORD_BITS
from ..stream import Queue
from .config import ACTIVATION_BITS, EieConfig
from .format import Counter, IoTarget
from .iobus import IoRead

__all__ = ["READ_ADDRESS", "Readout"]

READ_ADDRESS = data.StructLayout({"address": 20, "pe": 8, "target": 3})
"""What the register of that name holds: where a read-back begins."""

_LANES = WORD_BITS // ACTIVATION_BITS


class Readout(wiring.Component):
    """
    Reads over the I/O bus and sends what it read as one packet.

    ``start_results`` sends the network's outputs, four to a beat; output i is read from PE
    i mod ``n_pe``, activation SRAM, ``out_base`` + i div ``n_pe``. Bytes of the last beat beyond
    the last output are zero, with ``tkeep`` low. ``start_memory`` sends ``length`` units from
    ``place`` on, one a beat, all bytes kept; it is refused, and nothing sent, if the memory cannot
    be read, has no such PE, or ends before the units do, or if there are none.

    ``abort`` ends the packet early, with TLAST on it: the first unit read after it is the last. A
    manager must take the packet to its end in any case; ``busy`` lasts until then.

    Latency: from start to the first beat ``io_read_latency`` + 3 cycles for a memory and
    ``io_read_latency`` + 5 for results (which start a cycle sooner, but the first beat is complete
    with the fourth). Throughput: a unit a cycle, so a beat a cycle, or four outputs in four
    cycles, while ``hold`` is low and ``o.tready`` high. As many reads are under way as there is
    room for in a queue at the output; so none is lost, however long ``o.tready`` is low.

    Parameters
    ----------
    config : :class:`EieConfig`

    Members
    -------
    start_results, start_memory : ``In(1)``
        Begin; ignored while ``busy``. Results go first if both are high.
    outputs, out_base : ``In(16)``
        Of the network; steady while ``busy``. There is at least one output.
    place : ``In(READ_ADDRESS)``
        First unit to read.
    length : ``In(32)``
        Units to read.
    abort : ``In(1)``
        Ends the packet that is being read. Ignored while not ``busy``.
    busy : ``Out(1)``
        From the cycle after start until the packet has been taken, or refused.
    refused : ``Out(1)``
        High for one cycle, the one after ``start_memory``.
    hold : ``In(1)``
        The I/O bus is someone else's in this cycle.
    io : ``Out(IoRead())``
    o : ``Out(AxiStream(64, keep=True))``
    """

    def __init__(self, config: EieConfig):
        self.config = config
        super().__init__(
            {
                "start_results": In(1),
                "start_memory": In(1),
                "outputs": In(16),
                "out_base": In(16),
                "place": In(READ_ADDRESS),
                "length": In(32),
                "abort": In(1),
                "busy": Out(1),
                "refused": Out(1),
                "hold": In(1),
                "io": Out(IoRead()),
                "o": Out(AxiStream(WORD_BITS, keep=True)),
            }
        )

    @property
    def _depths(self) -> dict[IoTarget, int]:
        """Units of each memory that can be read back."""
        depths = {
            IoTarget.POINTERS: self.config.ptr_depth // (4 if self.config.is_wide else 2),
            IoTarget.SPMAT: self.config.spmat_depth,
            IoTarget.ACTIVATION_SRAM: self.config.act_depth,
        }
        if self.config.counters:
            depths[IoTarget.COUNTERS] = len(Counter)
        return depths

    def elaborate(self, platform):
        m = Module()
        latency = self.config.io_read_latency
        beat_layout = data.StructLayout({"data": WORD_BITS, "lane": range(_LANES), "last": 1})
        unit_layout = data.StructLayout(
            {"valid": 1, "whole": 1, "lane": range(_LANES), "ends": 1, "last": 1}
        )
        # A place taken by a request is free again latency + 2 cycles later at best: the read, a
        # cycle in the queue, and one to count it.
        depth = 1 if self.config.lean else latency + 2
        m.submodules.queue = queue = Queue(beat_layout, depth)

        # Requests. A unit that completes a beat leaves only if the queue has room for the beat.
        lean = self.config.lean
        last_pe = self.io.pe == self.config.n_pe - 1 if self.config.pe_bits or not lean else 1
        results, cut = Signal(init=lean), Signal()
        units = self.outputs if lean else self.length
        left, lane = Signal(units.shape()), Signal(range(_LANES))
        end = Signal(33)
        room = Signal(range(depth + 1), init=depth)
        running, issue = Signal(), Signal()
        unit = Signal(unit_layout)
        m.d.comb += [
            issue.eq(running & ~self.hold & (~unit.ends | (room != 0))),
            self.io.valid.eq(issue),
            unit.valid.eq(issue),
            unit.whole.eq(~results),
            unit.lane.eq(lane),
            unit.last.eq((left == 1) | cut),
            unit.ends.eq(~results | (lane == _LANES - 1) | unit.last),
        ]
        m.d.sync += room.eq(room - (issue & unit.ends) + (queue.o.valid & queue.o.ready))

        with m.FSM(name="readout") as fsm:
            m.d.comb += [self.busy.eq(~fsm.ongoing("IDLE")), running.eq(fsm.ongoing("RUN"))]
            with m.State("IDLE"):
                m.d.sync += [cut.eq(0), lane.eq(0)]
                if not lean:
                    m.d.sync += [
                        results.eq(self.start_results),
                        end.eq(self.place.address + self.length),
                    ]
                with m.If(self.start_results):
                    m.d.sync += [
                        self.io.target.eq(IoTarget.ACTIVATION_SRAM),
                        self.io.pe.eq(0),
                        self.io.address.eq(self.out_base),
                        left.eq(self.outputs),
                    ]
                    m.next = "RUN"
                with m.Elif(0 if lean else self.start_memory):
                    m.d.sync += [
                        self.io.target.eq(self.place.target),
                        self.io.pe.eq(self.place.pe),
                        self.io.address.eq(self.place.address),
                        left.eq(self.length),
                    ]
                    m.next = "CHECK"
            with m.State("CHECK"):
                m.d.sync += cut.eq(self.abort)
                m.next = "RUN"
                with m.If(~self._readable(m, end) | (left == 0)):
                    m.d.comb += self.refused.eq(1)
                    m.next = "IDLE"
            with m.State("RUN"):
                with m.If(self.abort):
                    m.d.sync += cut.eq(1)
                with m.If(issue):
                    m.d.sync += [left.eq(left - 1), lane.eq(lane + 1)]
                    with m.If(~results):
                        m.d.sync += self.io.address.eq(self.io.address + 1)
                    with m.Elif(last_pe):
                        m.d.sync += [self.io.pe.eq(0), self.io.address.eq(self.io.address + 1)]
                    with m.Else():
                        m.d.sync += self.io.pe.eq(self.io.pe + 1)
                    with m.If(unit.last):
                        m.next = "DRAIN"
            with m.State("DRAIN"):
                with m.If(self.o.tvalid & self.o.tready & self.o.tlast):
                    m.next = "IDLE"

        # Answers, a fixed number of cycles later.
        answer = unit
        for k in range(latency):
            following = Signal(unit_layout, name=f"unit_{k + 1}")
            m.d.sync += following.eq(answer)
            answer = following
        below = Signal(WORD_BITS - ACTIVATION_BITS)
        gathered = Signal(WORD_BITS)
        value = self.io.data[:ACTIVATION_BITS]
        with m.Switch(answer.lane):
            for k in range(_LANES):
                with m.Case(k):
                    m.d.comb += gathered.eq(Cat(below[: k * ACTIVATION_BITS], value))
                    if k < _LANES - 1:
                        with m.If(answer.valid):
                            m.d.sync += below.word_select(k, ACTIVATION_BITS).eq(value)
        m.d.comb += [
            queue.i.valid.eq(answer.valid & answer.ends),
            queue.i.payload.data.eq(Mux(answer.whole, self.io.data, gathered)),
            queue.i.payload.lane.eq(Mux(answer.whole, _LANES - 1, answer.lane)),
            queue.i.payload.last.eq(answer.last),
        ]

        beat = queue.o.payload
        bytes_per_lane = ACTIVATION_BITS // 8
        m.d.comb += [
            self.o.tvalid.eq(queue.o.valid),
            queue.o.ready.eq(self.o.tready),
            self.o.tdata.eq(beat.data),
            self.o.tlast.eq(beat.last),
        ]
        for k in range(_LANES):
            m.d.comb += self.o.tkeep.word_select(k, bytes_per_lane).eq(
                Mux(k <= beat.lane, (1 << bytes_per_lane) - 1, 0)
            )
        return m

    def _readable(self, m, end):
        """Whether the units from ``io`` up to but without ``end`` can be read back."""
        readable = Signal()
        with m.If(self.io.pe < self.config.n_pe):
            with m.Switch(self.io.target):
                for target, depth in self._depths.items():
                    with m.Case(target):
                        m.d.comb += readable.eq(end <= depth)
        return readable
