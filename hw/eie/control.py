"""Central control: runs all passes of a network back to back without the host."""

from __future__ import annotations

from amaranth.hdl import Const, Module, Mux, Signal
from amaranth.lib import data, enum, wiring
from amaranth.lib.wiring import In, Out

from ..bus.layout import WORD_BITS, struct_layout
from ..memory import Sram
from .config import CODEBOOK_WORDS, POINTERS_PER_RECORD, EieConfig
from .format import PASS, PASS_WORDS
from .tokens import pass_slot_layout, used_bits

__all__ = ["Control", "DescriptorCheck", "PassWrite"]

CYCLE_BITS = 32


class _State(enum.Enum):
    EMPTY = 0  # no program, or one with a bad descriptor
    FETCH = 1  # reading the descriptor of pass ``number``
    CHECK = 2  # it is here, and is being checked
    VERIFY = 3  # it has been checked
    READY = 4  # it is here, to be shown when all PEs have turned into the pass before
    LAST = 5  # the end has been shown


class PassWrite(wiring.Signature):
    """A write of one word of the pass memory; pass k is in ``PASS_WORDS`` words, low word first."""

    def __init__(self) -> None:
        super().__init__({"valid": Out(1), "address": Out(20), "data": Out(WORD_BITS)})


class DescriptorCheck(wiring.Component):
    """
    Whether a pass stays inside the memories and files of a configuration. Combinational.

    Parameters
    ----------
    config : :class:`EieConfig`

    Members
    -------
    descriptor : ``In(struct_layout(PASS))``
    slots : ``In(16)``
        ceil(columns / n_pe).
    ok : ``Out(1)``
    """

    def __init__(self, config: EieConfig):
        self.config = config
        super().__init__({"descriptor": In(struct_layout(PASS)), "slots": In(16), "ok": Out(1)})

    def elaborate(self, platform):
        m = Module()
        config = self.config
        d = self.descriptor
        bias_words = (d.bias_rows + 1)[1:]
        source_end = self.slots + Mux(d.src_sram, d.src_base, 0)
        target_end = Mux(d.split, 1, d.drain_rows) + Mux(d.dst_sram, d.dst_base, 0)
        groups = config.group_max.bit_length() - 1
        pointers = Signal(20)
        m.d.comb += pointers.eq(d.columns + 1)
        with m.If(d.group != 0):
            records = (d.columns + (Const(1) << d.group) - 1) >> d.group
            m.d.comb += pointers.eq(records * POINTERS_PER_RECORD)
        m.d.comb += self.ok.eq(
            (d.bias_rows <= config.file_depth)
            & (d.drain_rows <= config.file_depth)
            & (d.columns != 0)
            & (d.ptr_base + pointers <= config.ptr_depth)
            & (d.group <= groups)
            & ((d.group == 0) | (d.ptr_base[:3] == 0))
            & (~d.split | (config.is_wide & d.dst_sram & (d.drain_rows <= config.n_pe)))
            & (d.spmat_base + bias_words + CODEBOOK_WORDS <= config.spmat_depth)
            & (d.entry_base <= config.spmat_depth)
            & (source_end <= Mux(d.src_sram, config.act_depth, config.file_depth))
            & (target_end <= Mux(d.dst_sram, config.act_depth, config.file_depth))
        )
        return m


class Control(wiring.Component):
    """
    Central control unit in compute mode (section IV, "Central Control Unit").

    Holds the pass descriptors. ``check`` makes it verify all of them, in ``sram_latency + 5``
    cycles each; after that the first waits, fetched, for ``start``, two cycles after which the
    array sees it. Every next pass is shown as soon as all PEs have turned into the one before.
    The inference ends when all PEs have drained the last pass, or when it has taken ``watchdog``
    cycles, or on ``abort``; the latter two flush the array.

    Parameters
    ----------
    config : :class:`EieConfig`

    Members
    -------
    pass_write : ``In(PassWrite())``
        Only while no inference runs.
    passes : ``In(16)``
        Number of passes, 1 to ``max_passes``; stable while ``checked``.
    check, invalidate, start, abort : ``In(1)``
        Pulses. ``start`` is obeyed while ``checked`` and not ``busy``.
    checking : ``Out(1)``
        High from the cycle after ``check`` until ``checked`` or ``descriptor_error``.
    checked : ``Out(1)``
        All descriptors are good. Low from ``check`` or ``invalidate`` on.
    descriptor_error : ``Out(1)``
        Pulse: one of them is not.
    watchdog : ``In(32)``
    busy : ``Out(1)``
    begin, done, expired : ``Out(1)``
        Pulses: an inference begins, has ended, was stopped by the watchdog.
    cycles : ``Out(32)``
        Cycles from ``start`` to the last result stored of the inference, running or last.
    pass_select : ``In(16)``
    pass_cycles : ``Out(32)``
        ``cycles`` at which the selected pass had been drained in all PEs; ``sram_latency`` cycles
        after ``pass_select``, while not ``busy``. Zero in a lean array.
    slots : ``Out(ArrayLayout(pass_slot_layout(config), 2))``
    turned : ``In(ArrayLayout(2, n_pe))``
    flush : ``Out(1)``
    """

    def __init__(self, config: EieConfig):
        self.config = config
        super().__init__(
            {
                "pass_write": In(PassWrite()),
                "passes": In(16),
                "check": In(1),
                "invalidate": In(1),
                "checking": Out(1),
                "checked": Out(1),
                "descriptor_error": Out(1),
                "start": In(1),
                "abort": In(1),
                "watchdog": In(32),
                "busy": Out(1),
                "begin": Out(1),
                "done": Out(1),
                "expired": Out(1),
                "cycles": Out(CYCLE_BITS),
                "pass_select": In(16),
                "pass_cycles": Out(CYCLE_BITS),
                "slots": Out(data.ArrayLayout(pass_slot_layout(config), 2)),
                "turned": In(data.ArrayLayout(2, config.n_pe)),
                "flush": Out(1),
            }
        )

    def elaborate(self, platform):
        m = Module()
        config = self.config
        state = Signal(_State)
        number = Signal(16)
        stop = Signal()

        descriptor = Signal(struct_layout(PASS))
        fetched = self._fetch(m, (state == _State.FETCH) & ~stop, number, descriptor)
        slots = Signal(16)
        m.d.comb += slots.eq((descriptor.columns + (config.n_pe - 1)) >> config.pe_bits)
        m.submodules.descriptor_check = descriptor_check = DescriptorCheck(config)
        m.d.comb += [
            descriptor_check.descriptor.eq(descriptor),
            descriptor_check.slots.eq(slots),
        ]
        good = Signal()
        m.d.sync += good.eq(descriptor_check.ok)

        # Whether all PEs have turned into the pass shown last; late by what is on the way.
        ticket = Signal(2)
        show, all_turned = Signal(), Signal()
        arrived = Signal(config.n_pe)
        m.d.comb += [arrived[k].eq(self.turned[k] == ticket) for k in range(config.n_pe)]
        m.d.sync += all_turned.eq(arrived.all() & ~show)

        halting = Signal()
        m.d.comb += halting.eq(number == self.passes)
        with m.Switch(state):
            with m.Case(_State.FETCH):
                with m.If(fetched):
                    m.d.sync += state.eq(Mux(self.checking, _State.CHECK, _State.READY))
            with m.Case(_State.CHECK):
                m.d.sync += state.eq(_State.VERIFY)
            with m.Case(_State.VERIFY):
                m.d.sync += [number.eq(number + 1), state.eq(_State.FETCH)]
                with m.If(~good):
                    m.d.comb += self.descriptor_error.eq(1)
                    m.d.sync += [self.checking.eq(0), state.eq(_State.EMPTY)]
                with m.Elif(number + 1 == self.passes):
                    m.d.sync += [self.checking.eq(0), self.checked.eq(1), number.eq(0)]
            with m.Case(_State.READY):
                with m.If(self.busy & all_turned):
                    m.d.comb += show.eq(1)
                    m.d.sync += [ticket.eq(ticket + 1), number.eq(number + 1)]
                    with m.If(halting):
                        m.d.sync += state.eq(_State.LAST)
                    with m.Elif(number + 1 != self.passes):
                        m.d.sync += state.eq(_State.FETCH)
            with m.Case(_State.LAST):
                with m.If(all_turned):
                    m.d.comb += self.done.eq(1)
                    m.d.sync += [self.busy.eq(0), number.eq(0), state.eq(_State.FETCH)]

        with m.If(show):
            slot = self.slots[ticket[0]]
            m.d.sync += [
                slot.valid.eq(1),
                slot.halt.eq(halting),
                slot.ticket.eq(ticket),
                slot.slots.eq(slots),
                slot.descriptor.eq(descriptor),
            ]
            if config.lean:
                used = used_bits(config)
                m.d.sync += [
                    slot.slots.eq(slots & used["slots"]),
                    *(slot.descriptor[name].eq(descriptor[name] & used[name]) for name, _ in PASS),
                ]
            with m.If(halting):
                m.d.sync += slot.descriptor.bias_rows.eq(0)

        m.d.comb += self.begin.eq(self.start & self.checked & ~self.busy)
        with m.If(self.begin):
            m.d.sync += self.busy.eq(1)

        # From outside: stop an inference, check a new program, forget the program.
        m.d.comb += [
            self.expired.eq(self.busy & ~self.done & (self.cycles + 1 >= self.watchdog)),
            stop.eq(self.expired | self.abort),
            self.flush.eq(stop),
        ]
        with m.If(stop):
            m.d.sync += [self.busy.eq(0), number.eq(0), ticket.eq(0)]
            m.d.sync += [self.slots[k].valid.eq(0) for k in range(2)]
            with m.If(self.checked):
                m.d.sync += state.eq(_State.FETCH)
        with m.If(self.check | self.invalidate):
            m.d.sync += [
                self.checked.eq(0),
                self.checking.eq(self.check),
                number.eq(0),
                state.eq(Mux(self.check, _State.FETCH, _State.EMPTY)),
            ]

        self._count(m, number, all_turned)
        return m

    def _fetch(self, m, enable, number, descriptor):
        """Reads the descriptor of pass ``number`` while ``enable`` is high; gives a signal that is
        high in the cycle before it is there, in a lean array in the first cycle in which it is."""
        latency = self.config.sram_latency
        m.submodules.memory = memory = Sram(PASS_WORDS * self.config.max_passes, WORD_BITS, latency)
        steps = latency + PASS_WORDS + self.config.lean
        step = Signal(range(steps))
        last = step == steps - 1
        port = memory.port
        if self.config.lean:
            m.d.comb += port.wdata.eq(self.pass_write.data)
        with m.If(self.pass_write.valid):
            m.d.comb += [
                port.en.eq(1),
                port.write.eq(1),
                port.addr.eq(self.pass_write.address),
            ]
            if not self.config.lean:
                m.d.comb += port.wdata.eq(self.pass_write.data)
        with m.Else():
            m.d.comb += [
                port.en.eq(enable & (step < PASS_WORDS)),
                port.addr.eq(PASS_WORDS * number + step),
            ]
        with m.If(enable & ~last):
            m.d.sync += step.eq(step + 1)
        with m.Else():
            m.d.sync += step.eq(0)
        for word in range(PASS_WORDS):
            with m.If(step == latency + word):
                bits = descriptor.as_value()[WORD_BITS * word : WORD_BITS * (word + 1)]
                m.d.sync += bits.eq(port.rdata)
        return enable & last

    def _count(self, m, number, all_turned):
        """Cycles of the inference, and the cycle at which each pass had been drained."""
        config = self.config
        with m.If(self.begin):
            m.d.sync += self.cycles.eq(0)
        with m.Elif(self.busy):
            m.d.sync += self.cycles.eq(self.cycles + 1)

        if config.lean:
            return
        m.submodules.times = times = Sram(config.max_passes, CYCLE_BITS, config.sram_latency)
        already = Signal()
        m.d.sync += already.eq(all_turned)
        with m.If(self.busy):
            m.d.comb += [
                times.port.en.eq(all_turned & ~already & (number >= 2)),
                times.port.write.eq(1),
                times.port.addr.eq(number - 2),
                times.port.wdata.eq(self.cycles),
            ]
        with m.Else():
            m.d.comb += [times.port.en.eq(1), times.port.addr.eq(self.pass_select)]
        m.d.comb += self.pass_cycles.eq(times.port.rdata)
