"""Frames of the input stream: cut into sections, lengths and CRCs checked."""

from __future__ import annotations

from amaranth.hdl import Module, Signal
from amaranth.lib import stream, wiring
from amaranth.lib.crc import catalog
from amaranth.lib.wiring import In, Out

from .axi import AxiStream
from .layout import SECTION, WORD_BITS, struct_layout

__all__ = ["FrameReader"]


class FrameReader(wiring.Component):
    """
    Cuts a frame into sections and checks each section's length, CRC-32 and the place of TLAST.

    A frame is any number of sections back to back; a section is a header, as many payload words
    as the header says, and a word that must equal the CRC-32 of header and payload, zero-extended.
    TLAST belongs on the CRC word of a frame's last section. After an error, and from the cycle in
    which ``refuse`` is high, the words up to TLAST are taken and dropped, in every cycle one;
    so a frame never takes more than its own words, whatever its headers say.

    Latency: a payload word is on ``word`` in the cycle in which it is on ``i``; ``section`` comes
    one cycle after its header was taken, ``done`` in the cycle in which the CRC word is.
    Throughput: a word a cycle, and one cycle without for each section. ``i.tready`` depends on
    ``word.ready``, ``settled`` and ``enable``, on no other input.

    With ``serial`` the CRC takes a byte a cycle: a header or payload word is taken, and on
    ``word``, in the eighth cycle in which it is offered, for a frame's first word with ``enable``.

    Parameters
    ----------
    serial : :class:`bool`

    Members
    -------
    i : ``In(AxiStream(64))``
    enable : ``In(1)``
        Whether a new frame may begin. Without effect on a frame that has begun.
    active : ``Out(1)``
        A frame has begun and its TLAST has not come.
    starts : ``Out(1)``
        The first word of a frame is being taken.
    header : ``Out(struct_layout(SECTION))``
        Header of the section at hand.
    first : ``Out(1)``
        The section is the frame's first.
    section : ``Out(1)``
        High for one cycle for each section, before its payload: ``header`` is new.
    word : ``Out(stream.Signature(64))``
        Payload. The CRC of its section is not known yet.
    settled : ``In(1)``
        Low holds back the section's CRC word.
    refuse : ``In(1)``
        The sink finds a fault in the frame, at any time while ``active``.
    done : ``Out(1)``
        The section is complete and its CRC right.
    last : ``Out(1)``
        With ``done``: TLAST came with it.
    crc_error : ``Out(1)``
        High for one cycle if a section's CRC is wrong.
    format_error : ``Out(1)``
        High for one cycle if TLAST came anywhere but on a CRC word.
    """

    def __init__(self, *, serial: bool = False):
        self.serial = serial
        super().__init__(
            {
                "i": In(AxiStream(WORD_BITS)),
                "enable": In(1),
                "active": Out(1),
                "starts": Out(1),
                "header": Out(struct_layout(SECTION)),
                "first": Out(1),
                "section": Out(1),
                "word": Out(stream.Signature(WORD_BITS)),
                "settled": In(1),
                "refuse": In(1),
                "done": Out(1),
                "last": Out(1),
                "crc_error": Out(1),
                "format_error": Out(1),
            }
        )

    def elaborate(self, platform):
        m = Module()
        width = 8 if self.serial else WORD_BITS
        m.submodules.crc = crc = catalog.CRC32_ISO_HDLC(data_width=width).create()
        left = Signal.like(self.header.length)
        taken = Signal()
        last = WORD_BITS // width - 1
        part = Signal(range(last + 1))
        m.d.comb += [
            taken.eq(self.i.tvalid & self.i.tready),
            crc.data.eq(self.i.tdata.word_select(part, width) if self.serial else self.i.tdata),
            self.word.payload.eq(self.i.tdata),
            self.last.eq(self.i.tlast),
        ]

        with m.FSM(name="frame") as fsm:
            m.d.comb += self.active.eq(~fsm.ongoing("IDLE"))

            def whole(offered):
                """``offered``, once all but the last part of the word has been in the CRC."""
                return offered & (part == last) if self.serial else offered

            def feed(offered=1):
                """Put the word into the CRC, as it is taken or part by part."""
                if not self.serial:
                    m.d.comb += crc.valid.eq(taken)
                    return
                m.d.comb += crc.valid.eq(taken | (self.i.tvalid & offered & (part != last)))
                with m.If(crc.valid):
                    m.d.sync += part.eq(part + 1)

            def take_header(first, offered=1):
                m.d.comb += crc.start.eq(part == 0 if self.serial else 1)
                feed(offered)
                with m.If(taken):
                    m.d.sync += [self.header.eq(self.i.tdata), self.first.eq(first)]
                    with m.If(self.i.tlast):
                        m.d.comb += self.format_error.eq(1)
                        m.next = "IDLE"
                    with m.Else():
                        m.next = "SECTION"

            def drop():
                """Leave the frame: now if its last word is being taken, else with its TLAST."""
                with m.If(taken & self.i.tlast):
                    m.next = "IDLE"
                with m.Else():
                    m.next = "DROP"

            with m.State("IDLE"):
                m.d.comb += [self.i.tready.eq(whole(self.enable)), self.starts.eq(taken)]
                take_header(first=1, offered=self.enable)
            with m.State("HEADER"):
                m.d.comb += self.i.tready.eq(whole(1))
                take_header(first=0)
                with m.If(self.refuse):
                    drop()
            with m.State("SECTION"):
                m.d.comb += self.section.eq(1)
                m.d.sync += left.eq(self.header.length)
                m.next = "PAYLOAD"
                with m.If(self.header.length == 0):
                    m.next = "CRC"
                with m.If(self.refuse):
                    drop()
            with m.State("PAYLOAD"):
                m.d.comb += [
                    self.word.valid.eq(whole(self.i.tvalid)),
                    self.i.tready.eq(whole(self.word.ready)),
                ]
                feed()
                with m.If(taken):
                    m.d.sync += left.eq(left - 1)
                    with m.If(self.i.tlast):
                        m.d.comb += self.format_error.eq(1)
                        m.next = "IDLE"
                    with m.Elif(left == 1):
                        m.next = "CRC"
                with m.If(self.refuse):
                    drop()
            with m.State("CRC"):
                right = Signal()
                m.d.comb += [
                    right.eq(self.i.tdata == crc.crc),
                    self.i.tready.eq(self.settled),
                    self.done.eq(taken & right),
                    self.crc_error.eq(taken & ~right),
                ]
                with m.If(taken):
                    m.next = "HEADER"
                    with m.If(self.i.tlast):
                        m.next = "IDLE"
                with m.If((taken & ~right) | self.refuse):
                    drop()
            with m.State("DROP"):
                m.d.comb += self.i.tready.eq(1)
                if self.serial:
                    m.d.sync += part.eq(0)
                with m.If(taken & self.i.tlast):
                    m.next = "IDLE"
        return m
