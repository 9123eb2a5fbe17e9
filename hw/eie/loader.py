"""Loads programs and activations from the input stream, and lets nothing wrong through."""

from __future__ import annotations

from amaranth.hdl import Module, Signal
from amaranth.lib import wiring
from amaranth.lib.wiring import In, Out

from ..bus.axi import AxiStream
from ..bus.frame import FrameReader
from ..bus.layout import FRAME_MAGIC, WORD_BITS, struct_layout
from .check import SectionCheck
from .config import EieConfig
from .control import PassWrite
from .flags import ERROR_FLAGS
from .format import FRAME_VERSION, NETWORK, SectionKind
from .iobus import IoWrite
from .writer import SectionWriter

__all__ = ["Loader"]


class Loader(wiring.Component):
    """
    Loads program frames and activation frames (see :mod:`hw.eie.format`).

    A program frame is NETWORK, PASSES, then POINTERS and SPMAT sections in any order and number,
    as many sections in all as NETWORK says. An activation frame is one ACTIVATIONS section, and
    needs a valid program. Each section is checked against the configuration and the network before
    the first of its words is written, so that nothing is ever written outside the program's place;
    the first fault raises an error and the rest of the frame is dropped. A frame takes no more
    words than it has, whatever they say, and the next one is judged for itself.

    Errors: CRC (a section's CRC), FORMAT (magic, version, reserved fields, kind, order, number or
    length of sections, place of TLAST, non-zero filling after the last activation, activations
    without a program), CONFIG (``n_pe``, ``file_depth``), RANGE (number of passes, vectors, PE or
    addresses of a section) and INPUT_RANGE (an activation outside the declared range; it is
    loaded nevertheless).

    A program ceases to be valid with the first section of any frame but an activation frame.
    Activations cease to be valid with the first word of any frame.

    Latency: ``program_valid`` and ``inputs_valid`` rise one cycle after the frame's last word;
    the last write is on ``io`` no later than that. Throughput: SPMAT, PASSES and NETWORK a word a
    cycle, POINTERS a word in two cycles, ACTIVATIONS a word in four cycles and up to ``n_pe`` - 1
    more for the last; a cycle more for each section. ``i.tready`` depends on ``enable`` and
    ``hold``, on no other input.

    Parameters
    ----------
    config : :class:`EieConfig`

    Members
    -------
    i : ``In(AxiStream(64))``
    enable : ``In(1)``
        Whether a frame may begin; a frame that has begun goes on. The array must be idle.
    consume : ``In(1)``
        Ends ``inputs_valid``.
    hold : ``In(1)``
        Nothing is written in the next cycle; delays the frame by no more than that.
    io : ``Out(IoWrite())``
    clear_file : ``Out(1)``
        High for one cycle at the start of each frame that is accepted, two cycles or more before
        its first write.
    pass_write : ``Out(PassWrite())``
    network : ``Out(struct_layout(NETWORK))``
        The program's network, checked if ``program_valid``.
    program_valid : ``Out(1)``
        A program frame has come in whole and right.
    inputs_valid : ``Out(1)``
        So has an activation frame for it.
    loading : ``Out(1)``
        A frame has begun and not ended.
    errors : ``Out(ERROR_FLAGS)``
        Each high for one cycle when the error is found.
    """

    def __init__(self, config: EieConfig):
        self.config = config
        super().__init__(
            {
                "i": In(AxiStream(WORD_BITS)),
                "enable": In(1),
                "consume": In(1),
                "hold": In(1),
                "io": Out(IoWrite()),
                "clear_file": Out(1),
                "pass_write": Out(PassWrite()),
                "network": Out(struct_layout(NETWORK)),
                "program_valid": Out(1),
                "inputs_valid": Out(1),
                "loading": Out(1),
                "errors": Out(ERROR_FLAGS),
            }
        )

    def elaborate(self, platform):
        m = Module()
        m.submodules.reader = reader = FrameReader(serial=self.config.lean)
        m.submodules.check = check = SectionCheck(self.config)
        m.submodules.writer = writer = SectionWriter(self.config)
        wiring.connect(m, wiring.flipped(self.i), reader.i)
        wiring.connect(m, wiring.flipped(self.io), writer.io)

        fault = Signal(ERROR_FLAGS)
        refuse = Signal()
        m.d.comb += [
            refuse.eq(fault.as_value().any()),
            self.errors.eq(fault),
            self.errors.crc.eq(reader.crc_error),
            self.errors.format.eq(reader.format_error | fault.format),
            self.errors.input_range.eq(writer.outside),
            self.loading.eq(reader.active),
            reader.enable.eq(self.enable),
            reader.refuse.eq(refuse),
            reader.settled.eq(writer.settled),
            writer.header.eq(reader.header),
            writer.network.eq(self.network),
            writer.section.eq(reader.section),
            writer.hold.eq(self.hold),
            writer.cancel.eq(refuse | reader.crc_error | reader.format_error),
        ]
        wiring.connect(m, reader.word, writer.i)

        program, sections = Signal(), Signal(16)
        activations = reader.header.kind == SectionKind.ACTIVATIONS
        m.d.comb += [
            check.header.eq(reader.header),
            check.first.eq(reader.first),
            check.second.eq(sections == 1),
            check.network.eq(self.network),
            check.program_valid.eq(self.program_valid),
        ]
        with m.If(reader.section):
            m.d.comb += fault.eq(check.fault)
            with m.If(reader.first):
                m.d.comb += self.clear_file.eq(~refuse)
                m.d.sync += [sections.eq(0), program.eq(~activations)]
                with m.If(~activations):
                    m.d.sync += self.program_valid.eq(0)

        whole = Signal()
        m.d.comb += whole.eq(~program | ((sections != 0) & (sections + 1 == self.network.sections)))
        with m.If(reader.starts | self.consume):
            m.d.sync += self.inputs_valid.eq(0)
        with m.If(reader.done):
            m.d.sync += sections.eq(sections + 1)
            m.d.comb += fault.format.eq(whole != reader.last)
            with m.If(whole & reader.last):
                m.d.sync += [
                    self.program_valid.eq(1),
                    self.inputs_valid.eq(~program),
                ]
        with m.If(writer.surplus):
            m.d.comb += fault.format.eq(1)

        self._store(m, reader)
        return m

    def _store(self, m, reader):
        """Words that stay here: those of NETWORK and PASSES."""
        index = Signal.like(self.pass_write.address)
        taken = reader.word.valid & reader.word.ready
        with m.If(reader.section):
            m.d.sync += index.eq(0)
        with m.Elif(taken):
            m.d.sync += index.eq(index + 1)
        m.d["comb" if self.config.lean else "sync"] += [
            self.pass_write.valid.eq(taken & (reader.header.kind == SectionKind.PASSES)),
            self.pass_write.address.eq(index),
            self.pass_write.data.eq(reader.word.payload),
        ]
        is_network = taken & (reader.header.kind == SectionKind.NETWORK)
        if self.config.lean:
            self._keep_network(m, is_network, index[:2], reader.word.payload)
            return
        with m.If(is_network):
            m.d.sync += (
                self.network.as_value().word_select(index[:2], WORD_BITS).eq(reader.word.payload)
            )

    def _keep_network(self, m, came, index, word):
        """Keeps word ``index`` of NETWORK; of fields that must have one value, whether they do."""
        expected = {
            "magic": FRAME_MAGIC,
            "version": FRAME_VERSION,
            "n_pe": self.config.n_pe,
            "file_depth": self.config.file_depth,
            "reserved": 0,
            "reserved_high": 0,
        }
        for name, field in self.network.shape():
            number, start = divmod(field.offset, WORD_BITS)
            value = word[start : start + field.width]
            kept = self.network[name]
            if name in expected:
                kept, value = Signal(name=f"{name}_differs"), value != expected[name]
                m.d.comb += self.network[name].eq(expected[name] ^ kept)
            with m.If(came & (index == number)):
                m.d.sync += kept.eq(value)
