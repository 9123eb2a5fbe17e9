"""Loads networks from the input stream, and lets nothing wrong through."""

from __future__ import annotations

from amaranth.hdl import Module, Signal
from amaranth.lib import wiring
from amaranth.lib.wiring import In, Out

from ..bus.axi import AxiStream
from ..bus.frame import FrameReader
from ..bus.layout import SECTION, WORD_BITS, pack, struct_layout
from .config import PipelineConfig
from .format import (
    ERROR_FLAGS,
    NETWORK,
    NETWORK_WORDS,
    SectionKind,
    memories,
    network_fields,
)
from .streams import LoadWrite

__all__ = ["Loader"]

_CONFIG_FIELDS = ("fingerprint", "units")
"""Fields of NETWORK that say which machine the frame is for; the others say what a frame is."""


class Loader(wiring.Component):
    """
    Loads network frames (see :mod:`hw.cnn.format`).

    A frame is NETWORK and then one section for each memory of the pipeline, in the order of
    :func:`hw.cnn.format.memories`, each from address 0 on and as long as the memory. So every
    chunk of every memory is written exactly once. Each section is checked before the first of its
    words is written, so that nothing is ever written elsewhere; the first fault raises an error and
    the rest of the frame is dropped. A frame takes no more words than it has, whatever they say,
    and the next one is judged for itself.

    Errors: CRC (a section's CRC), FORMAT (magic, version, ``reserved``, number or order of
    sections, address or length of NETWORK, place of TLAST), CONFIG (``fingerprint``, ``units``) and
    RANGE (address or length of a memory's section).

    ``loaded`` falls one cycle after the first word of a frame, and rises one cycle after the last
    word of one that has come in whole and right; by then the last write has been made.

    Throughput: a word a cycle, and a cycle more for each section. ``i.tready`` depends on
    ``enable``, on no other input.

    Parameters
    ----------
    config : :class:`PipelineConfig`

    Members
    -------
    i : ``In(AxiStream(64))``
    enable : ``In(1)``
        Whether a frame may begin; a frame that has begun goes on.
    load : ``Out(LoadWrite())``
    loaded : ``Out(1)``
    loading : ``Out(1)``
        A frame has begun and not ended.
    errors : ``Out(ERROR_FLAGS)``
        Each high for one cycle when the error is found.
    """

    def __init__(self, config: PipelineConfig):
        self.config = config
        self._memories = memories(config)
        super().__init__(
            {
                "i": In(AxiStream(WORD_BITS)),
                "enable": In(1),
                "load": Out(LoadWrite()),
                "loaded": Out(1),
                "loading": Out(1),
                "errors": Out(ERROR_FLAGS),
            }
        )

    def elaborate(self, platform):
        m = Module()
        m.submodules.reader = reader = FrameReader()
        wiring.connect(m, wiring.flipped(self.i), reader.i)
        headers = self._headers()
        place = Signal(range(len(headers)))
        fault = Signal(ERROR_FLAGS)
        m.d.comb += [
            reader.enable.eq(self.enable),
            reader.word.ready.eq(1),
            reader.settled.eq(1),
            reader.refuse.eq(fault.as_value().any()),
            self.loading.eq(reader.active),
            self.errors.eq(fault),
            self.errors.crc.eq(reader.crc_error),
            self.errors.format.eq(reader.format_error | fault.format),
        ]

        with m.If(reader.starts):
            m.d.sync += [place.eq(0), self.loaded.eq(0)]
        with m.If(reader.section):
            self._check_header(m, reader.header, self._expected(m, headers, place), place, fault)
        index = Signal(range(max(NETWORK_WORDS, *(memory.chunks for memory in self._memories))))
        with m.If(reader.section):
            m.d.sync += index.eq(0)
        with m.Elif(reader.word.valid):
            m.d.sync += index.eq(index + 1)

        wrong = self._check_network(m, reader, index)
        whole = place == len(headers) - 1
        with m.If(reader.done):
            m.d.sync += place.eq(place + 1)
            m.d.comb += [
                fault.format.eq((whole != reader.last) | (reader.first & wrong["format"])),
                fault.config.eq(reader.first & wrong["config"]),
            ]
            with m.If(whole & reader.last):
                m.d.sync += self.loaded.eq(1)

        m.d.sync += [
            self.load.valid.eq(reader.word.valid & ~reader.first),
            self.load.unit.eq(reader.header.unit),
            self.load.parameters.eq(reader.header.kind == SectionKind.PARAMETERS),
            self.load.address.eq(index),
            self.load.data.eq(reader.word.payload),
        ]
        return m

    def _headers(self) -> list[int]:
        """The headers that a frame's sections have."""
        network = {"kind": SectionKind.NETWORK, "length": NETWORK_WORDS}
        rest = [
            {"kind": memory.kind, "unit": memory.unit, "length": memory.chunks}
            for memory in self._memories
        ]
        return [pack(SECTION, header) for header in (network, *rest)]

    def _expected(self, m, headers, place):
        """The header of the section at ``place``."""
        expected = Signal(struct_layout(SECTION))
        with m.Switch(place):
            for number, header in enumerate(headers):
                with m.Case(number):
                    m.d.comb += expected.eq(header)
        return expected

    def _check_header(self, m, header, expected, place, fault):
        """What is wrong with a section that begins."""
        misplaced = (header.address != expected.address) | (header.length != expected.length)
        with m.If((header.kind != expected.kind) | (header.unit != expected.unit)):
            m.d.comb += fault.format.eq(1)
        with m.Elif(misplaced):
            m.d.comb += [fault.format.eq(place == 0), fault.range.eq(place != 0)]

    def _check_network(self, m, reader, index):
        """Whether the words of NETWORK, those that came, make it another format or machine."""
        network = struct_layout(NETWORK)
        fields = network_fields(self.config)
        wrong = {name: Signal(name=f"wrong_{name}") for name in ("format", "config")}
        with m.If(reader.starts):
            m.d.sync += [signal.eq(0) for signal in wrong.values()]
        for name, field in network:
            number, start = divmod(field.offset, WORD_BITS)
            value = reader.word.payload[start : start + field.width]
            differs = value != fields.get(name, 0)
            with m.If(reader.first & reader.word.valid & (index == number) & differs):
                m.d.sync += wrong["config" if name in _CONFIG_FIELDS else "format"].eq(1)
        return wrong
