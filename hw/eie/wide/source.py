"""Source activations of a wide PE: a banked file, and the SRAM behind it, read in order."""

from __future__ import annotations

from amaranth.hdl import Array, Cat, Const, Module, Mux, Signal, unsigned
from amaranth.lib import data, stream, wiring
from amaranth.lib.memory import Memory
from amaranth.lib.wiring import In, Out

from ...memory import SramAccess
from ..config import ACTIVATION_BITS, EieConfig
from ..tokens import ShownPass, pass_slot_layout
from .tokens import slots_layout

__all__ = ["SlotsWrite", "WideSource"]


class SlotsWrite(wiring.Signature):
    """A write of up to ``lanes`` activations in one cycle: that of lane l, where ``valid`` says so,
    to slot ``row`` + l; ``row`` is a multiple of ``lanes``. Slots are written in rising order."""

    def __init__(self, config: EieConfig):
        super().__init__(
            {
                "valid": Out(config.lanes),
                "row": Out(config.slot_bits),
                "values": Out(data.ArrayLayout(unsigned(ACTIVATION_BITS), config.lanes)),
            }
        )


class WideSource(wiring.Component):
    """
    The source activations of a PE, pass by pass and slot by slot, zeros included: ``fetch`` slots
    at a time (fewer at the end of a pass, filled up with zeros).

    Where the pass reads the source file, ``file_depth`` slots in ``lanes`` banks, slots leave as
    soon as they are written, even while the drain of the pass before goes on. Where it reads the
    activation SRAM, slots come from there through the file, one a cycle, from the drain on. Slots
    written in one cycle can leave in the next; one transfer a cycle. An SRAM slot is written
    ``sram_latency`` cycles after its read, and reads begin a cycle after ``turned``.

    Parameters
    ----------
    config : :class:`EieConfig`

    Members
    -------
    slots : ``In(ArrayLayout(pass_slot_layout(config), 2))``
    turned : ``In(1)``
        Pulse: the drain before the next pass is complete.
    write : ``In(SlotsWrite(config))``
        Not while slots come from the SRAM.
    clear : ``In(1)``
        Forget what is in the file.
    sram : ``Out(SramAccess(act_depth, 16))``
        Read only.
    o : ``Out(stream.Signature(slots_layout(config)))``
    passes : ``Out(2)``
        Passes this PE has turned into, modulo 4, the end of an inference counted as one.
    """

    def __init__(self, config: EieConfig):
        self.config = config
        super().__init__(
            {
                "slots": In(data.ArrayLayout(pass_slot_layout(config), 2)),
                "turned": In(1),
                "write": In(SlotsWrite(config)),
                "clear": In(1),
                "sram": Out(SramAccess(config.act_depth, ACTIVATION_BITS)),
                "o": Out(stream.Signature(slots_layout(config))),
                "passes": Out(2),
            }
        )

    def elaborate(self, platform):
        m = Module()
        config = self.config
        lanes, fetch = config.lanes, config.fetch
        lane_bits = lanes.bit_length() - 1

        # The pass that is being sent.
        ticket = Signal(2)
        current = ShownPass(self.slots, ticket[0])
        shown = Signal()
        m.d.comb += shown.eq(current.valid & (current.ticket == ticket) & ~current.halt)
        with m.If(current.valid & (current.ticket == ticket) & current.halt):
            m.d.sync += ticket.eq(ticket + 1)
        with m.If(self.turned):
            m.d.sync += self.passes.eq(self.passes + 1)

        # Slots of it that have been read from the SRAM, have come to the file, have left.
        read, filled, sent = (Signal(16, name=name) for name in ("read", "filled", "sent"))
        whole = Signal()
        enough = filled - sent >= fetch if fetch > 1 else 1
        taken = Signal()
        m.d.comb += [
            whole.eq(shown & (filled >= current.slots)),
            self.o.valid.eq(shown & (filled != sent) & (enough | whole)),
            taken.eq(self.o.valid & self.o.ready),
        ]

        reading = Signal()
        drained = self.passes == (ticket + 1)[:2]
        m.d.comb += [
            reading.eq(
                shown
                & current.src_sram
                & drained
                & (read < current.slots)
                & (read - sent < config.file_depth)
            ),
            self.sram.en.eq(reading),
            self.sram.addr.eq(current.src_base + read),
        ]
        arriving = reading
        for stage in range(config.sram_latency):
            following = Signal(name=f"arriving_{stage}")
            m.d.sync += following.eq(arriving)
            arriving = following

        valid = Signal(lanes)
        row = Signal(config.slot_bits)
        m.d.comb += [
            valid.eq(Mux(arriving, Const(1, lanes) << filled[:lane_bits], self.write.valid)),
            row.eq(Mux(arriving, filled, self.write.row)),
        ]
        outputs = []
        for k in range(lanes):
            bank = Memory(
                shape=unsigned(ACTIVATION_BITS), depth=config.file_depth // lanes, init=[]
            )
            m.submodules[f"bank_{k}"] = bank
            store, show = bank.write_port(), bank.read_port(domain="comb")
            m.d.comb += [
                store.en.eq(valid[k]),
                store.addr.eq(row[lane_bits:]),
                store.data.eq(Mux(arriving, self.sram.rdata, self.write.values[k])),
                show.addr.eq(sent[lane_bits : config.slot_bits]),
            ]
            outputs.append(show.data)
        turn = sent[fetch.bit_length() - 1 : lane_bits]  # whose banks are next
        for k in range(fetch):
            slot = Array(outputs[k::fetch])[turn]
            there = sent + k < current.slots if k else 1  # the first always is
            m.d.comb += self.o.payload[k].eq(Mux(there, slot, 0))

        with m.If(reading):
            m.d.sync += read.eq(read + 1)
        with m.If(arriving):
            m.d.sync += filled.eq(filled + 1)
        for k in range(lanes):
            with m.If(~arriving & self.write.valid[k]):
                m.d.sync += filled.eq(Cat(Const(k, lane_bits), self.write.row[lane_bits:]) + 1)
        with m.If(taken):
            m.d.sync += sent.eq(sent + fetch)
            with m.If(sent + fetch >= current.slots):
                m.d.sync += [ticket.eq(ticket + 1), read.eq(0), filled.eq(0), sent.eq(0)]
        with m.If(self.clear):
            m.d.sync += [filled.eq(0), sent.eq(0)]
        return m
