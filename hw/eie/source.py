"""The source of a PE's activations: turns the file and the SRAM behind it into tokens."""

from __future__ import annotations

from amaranth.hdl import Cat, Module, Mux, Signal, unsigned
from amaranth.lib import data, stream, wiring
from amaranth.lib.wiring import In, Out

from ..memory import SramAccess
from ..pipeline import delay
from .activation import SlotWrite
from .config import ACTIVATION_BITS, EieConfig
from .tokens import ShownPass, pass_slot_layout, token_layout

__all__ = ["ActivationSource"]


class ActivationSource(wiring.Component):
    """
    Sends this PE's non-zero activations of every pass, then an ``end`` mark.

    Where the pass reads the source file, an activation is sent as soon as it is in the file, even
    while the drain of the pass before goes on. Where it reads the activation SRAM, the file is
    filled from there after the drain, a window of ``file_depth`` slots at a time and one slot a
    cycle, each window when the one before has been sent; the file must be empty before.

    An activation comes from the file without delay. A window's reads start two cycles after
    ``turned``, or after the last activation of the window before was accepted or its last slot
    was written to the file, whichever was later; so does the ``end`` mark after the last window.
    A slot is written ``sram_latency`` cycles after its read.

    Parameters
    ----------
    config : :class:`EieConfig`

    Members
    -------
    index : ``In(max(pe_bits, 1))``
        Number of the PE, constant.
    slots : ``In(ArrayLayout(pass_slot_layout(config), 2))``
    turned : ``In(1)``
        Pulse: the drain before the next pass is complete.
    file : ``In(stream.Signature({"slot", "value"}))``
        The source file, with ``file_pending`` and ``file_enable`` as its own ``pending`` and
        ``enable``.
    refill : ``Out(SlotWrite(config))``
    sram : ``Out(SramAccess(act_depth, 16))``
        Read only.
    o : ``Out(stream.Signature(token_layout(config)))``
    passes : ``Out(2)``
        Passes this PE has turned into, modulo 4, the end of an inference counted as one.
    """

    def __init__(self, config: EieConfig):
        self.config = config
        item = data.StructLayout({"slot": config.slot_bits, "value": unsigned(ACTIVATION_BITS)})
        super().__init__(
            {
                "index": In(max(config.pe_bits, 1)),
                "slots": In(data.ArrayLayout(pass_slot_layout(config), 2)),
                "turned": In(1),
                "file": In(stream.Signature(item)),
                "file_enable": Out(1),
                "file_pending": In(1),
                "refill": Out(SlotWrite(config)),
                "sram": Out(SramAccess(config.act_depth, ACTIVATION_BITS)),
                "o": Out(stream.Signature(token_layout(config))),
                "passes": Out(2),
            }
        )

    def elaborate(self, platform):
        m = Module()
        config = self.config
        ticket = Signal(2)
        current = ShownPass(self.slots, ticket[0])

        window = Signal(len(current.slots))
        left = Signal(len(current.slots))
        count = Signal(range(config.file_depth))
        column = Cat(self.index[: config.pe_bits], self.file.payload.slot, window)

        m.d.comb += [
            self.o.payload.column.eq(current.ptr_base + column),
            self.o.payload.value.eq(self.file.payload.value),
            self.sram.addr.eq(current.src_base + Cat(count, window)),
        ]

        # Refill: reads of the SRAM on their way to the file.
        reading = Signal()
        arrived, slot = reading, count
        under_way = reading
        for stage in range(config.sram_latency):
            arrived, slot = delay(m, arrived, slot, 1, f"arriving_{stage}")
            under_way = under_way | arrived
        m.d.comb += [
            self.sram.en.eq(reading),
            self.refill.valid.eq(arrived),
            self.refill.slot.eq(slot),
            self.refill.value.eq(self.sram.rdata),
        ]

        sending, ending = Signal(), Signal()
        m.d.comb += [
            self.file_enable.eq(sending),
            self.file.ready.eq(sending & self.o.ready),
            self.o.valid.eq(ending | (sending & self.file.valid)),
            self.o.payload.end.eq(ending),
        ]

        with m.FSM():
            with m.State("TURNING"):
                m.d.comb += sending.eq(current.valid & (current.ticket == ticket) & ~current.halt)
                with m.If(self.turned):
                    m.d.sync += self.passes.eq(ticket + 1)
                    with m.If(current.halt):
                        m.d.sync += ticket.eq(ticket + 1)
                    with m.Else():
                        m.next = "SEND"
                        with m.If(current.src_sram):
                            m.d.sync += [window.eq(-1), left.eq(current.slots)]
            with m.State("SEND"):
                m.d.comb += sending.eq(1)
                with m.If(~self.file_pending & ~under_way):
                    with m.If(left == 0):
                        m.next = "END"
                    with m.Else():
                        m.d.sync += window.eq(window + 1)
                        m.next = "REFILL"
            with m.State("REFILL"):
                whole = left > config.file_depth
                m.d.comb += [sending.eq(1), reading.eq(1)]
                m.d.sync += count.eq(count + 1)
                with m.If(count == Mux(whole, config.file_depth - 1, left - 1)):
                    m.d.sync += [count.eq(0), left.eq(Mux(whole, left - config.file_depth, 0))]
                    m.next = "SEND"
            with m.State("END"):
                m.d.comb += ending.eq(1)
                with m.If(self.o.ready):
                    m.d.sync += [ticket.eq(ticket + 1), window.eq(0)]
                    m.next = "TURNING"
        return m
