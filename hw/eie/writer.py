"""From words of the input stream to writes on the I/O bus."""

from __future__ import annotations

from amaranth.hdl import Cat, Module, Mux, Signal
from amaranth.lib import stream, wiring
from amaranth.lib.wiring import In, Out

from ..bus.layout import SECTION, WORD_BITS, struct_layout
from .config import ACTIVATION_BITS, POINTER_BITS, EieConfig
from .format import NETWORK, IoTarget, SectionKind
from .iobus import IoWrite

__all__ = ["SectionWriter"]


class SectionWriter(wiring.Component):
    """
    Writes the payload of a POINTERS, SPMAT or ACTIVATIONS section to the array; takes and drops
    that of any other. Section and network must have been checked: the writer writes where the
    header says.

    Pointers go out in pairs, to a wide array a word at a time; bits of ``io.data`` that a target
    does not have are zero, in a lean array anything. Activation i goes to PE i mod
    ``n_pe``, slot i div ``n_pe``, and zeros follow the last one up to a multiple of ``n_pe``.

    Latency: a write is on ``io`` one cycle after its word is first on ``i``. Throughput: SPMAT a
    word a cycle; POINTERS a word in two cycles
    (in one, to a wide array); ACTIVATIONS a word in four cycles, and up to
    ``n_pe`` - 1 cycles for the zeros, in which ``settled`` is low. ``i.ready`` does not depend on
    ``i``, only on ``hold`` and registers.

    Parameters
    ----------
    config : :class:`EieConfig`

    Members
    -------
    section : ``In(1)``
        A section begins; its first word comes a cycle later or after that.
    cancel : ``In(1)``
        The section is over, come what may: no zeros are written after its last word.
    header : ``In(struct_layout(SECTION))``
        Header of the section, steady from ``section`` on.
    network : ``In(struct_layout(NETWORK))``
        Where activations go, and their range.
    hold : ``In(1)``
        Nothing is written in the next cycle.
    i : ``In(stream.Signature(64))``
        Payload.
    io : ``Out(IoWrite())``
    settled : ``Out(1)``
        Low while zeros are being written. The write of the last word may still be on ``io``.
    surplus : ``Out(1)``
        High with the last word of ACTIVATIONS if what follows the last activation is not zero.
    outside : ``Out(1)``
        High for one cycle for each activation below ``in_min`` or above ``in_max``.
    """

    def __init__(self, config: EieConfig):
        self.config = config
        super().__init__(
            {
                "section": In(1),
                "cancel": In(1),
                "header": In(struct_layout(SECTION)),
                "network": In(struct_layout(NETWORK)),
                "hold": In(1),
                "i": In(stream.Signature(WORD_BITS)),
                "io": Out(IoWrite()),
                "settled": Out(1),
                "surplus": Out(1),
                "outside": Out(1),
            }
        )

    def elaborate(self, platform):
        m = Module()
        header, network, io = self.header, self.network, self.io
        lanes = WORD_BITS // ACTIVATION_BITS
        lane = Signal(range(lanes))
        address = Signal.like(io.address)
        pe = Signal(self.config.pe_bits) if self.config.lean else Signal.like(io.pe)
        left = Signal.like(network.inputs)  # activations to come

        write = Signal()
        m.d.comb += self.settled.eq(1)
        m.d.sync += [io.valid.eq(write), io.pe.eq(pe), io.address.eq(address)]

        with m.Switch(header.kind):
            with m.Case(SectionKind.SPMAT):
                m.d.comb += [self.i.ready.eq(~self.hold), write.eq(self.i.valid & ~self.hold)]
                m.d.sync += [io.target.eq(IoTarget.SPMAT), io.data.eq(self.i.payload)]
                with m.If(write):
                    m.d.sync += address.eq(address + 1)
            with m.Case(SectionKind.POINTERS):
                pair = self.i.payload.word_select(lane[0], 2 * POINTER_BITS)
                whole = self.config.is_wide
                if self.config.lean:
                    pair = Cat(pair, self.i.payload[len(pair) :])
                m.d.comb += [
                    self.i.ready.eq((whole | lane[0]) & ~self.hold),
                    write.eq(self.i.valid & ~self.hold),
                ]
                m.d.sync += [
                    io.target.eq(IoTarget.POINTERS),
                    io.data.eq(self.i.payload if whole else pair),
                ]
                with m.If(write):
                    m.d.sync += [address.eq(address + 1), lane.eq(lane + 1)]
            with m.Case(SectionKind.ACTIVATIONS):
                value = self.i.payload.word_select(lane, ACTIVATION_BITS)
                above = (self.i.payload >> ACTIVATION_BITS) >> (lane << 4)
                stored = value
                if self.config.lean:
                    others = [self.i.payload.word_select(k, ACTIVATION_BITS) for k in range(lanes)]
                    above = Cat((other != 0) & (lane < k) for k, other in enumerate(others))
                    stored = Cat(value, self.i.payload[len(value) :])
                fill, take = Signal(), Signal()
                m.d.comb += [
                    fill.eq((left == 0) & (pe != 0) & ~self.section),
                    take.eq((left != 0) & self.i.valid & ~self.hold),
                    write.eq((fill & ~self.hold) | take),
                    self.i.ready.eq(((lane == lanes - 1) | (left == 1)) & ~self.hold),
                    self.settled.eq(~fill),
                    self.surplus.eq(take & (left == 1) & (above != 0)),
                    self.outside.eq(
                        take
                        & (
                            (value.as_signed() < network.in_min.as_signed())
                            | (value.as_signed() > network.in_max.as_signed())
                        )
                    ),
                ]
                m.d.sync += [
                    io.target.eq(
                        Mux(network.in_sram, IoTarget.ACTIVATION_SRAM, IoTarget.SOURCE_FILE)
                    ),
                    io.data.eq(Mux(fill, 0, stored)),
                ]
                with m.If(write):
                    m.d.sync += pe.eq(pe + 1)
                    with m.If(pe == self.config.n_pe - 1):
                        m.d.sync += [pe.eq(0), address.eq(address + 1)]
                with m.If(take):
                    m.d.sync += [lane.eq(lane + 1), left.eq(left - 1)]
            with m.Default():
                m.d.comb += self.i.ready.eq(1)

        with m.If(self.section):
            m.d.sync += [lane.eq(0), address.eq(header.address), pe.eq(header.unit), left.eq(0)]
            if self.config.is_wide:
                with m.If(header.kind == SectionKind.POINTERS):
                    m.d.sync += address.eq(header.address >> 1)
            with m.If(header.kind == SectionKind.ACTIVATIONS):
                m.d.sync += [
                    address.eq(Mux(network.in_sram, network.in_base, 0)),
                    pe.eq(0),
                    left.eq(network.inputs),
                ]
        with m.Elif(self.cancel):
            m.d.sync += [pe.eq(0), left.eq(0)]
        return m
