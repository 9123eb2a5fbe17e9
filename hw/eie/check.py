"""Whether a section of a frame may be loaded."""

from __future__ import annotations

from amaranth.hdl import Module, Mux, Signal
from amaranth.lib import wiring
from amaranth.lib.wiring import In, Out

from ..bus.layout import FRAME_MAGIC, SECTION, WORD_BITS, struct_layout
from .config import ACTIVATION_BITS, EieConfig
from .flags import ERROR_FLAGS
from .format import FRAME_VERSION, NETWORK, NETWORK_WORDS, PASS_WORDS, SectionKind

__all__ = ["SectionCheck"]


class SectionCheck(wiring.Component):
    """
    Judges the header of a section by its place in the frame, and the network that the first
    section of a program frame has brought when the second one comes.

    The first section is NETWORK or ACTIVATIONS, the second PASSES, and all further ones POINTERS
    or SPMAT; FORMAT where kind, length or an address that must be zero differs, CONFIG and RANGE
    as :class:`hw.eie.format.Error` has it.

    Combinational from ``header``, ``first`` and ``second``. ``network`` must have been steady for
    two cycles.

    Parameters
    ----------
    config : :class:`EieConfig`

    Members
    -------
    header : ``In(struct_layout(SECTION))``
    first, second : ``In(1)``
        Place of the section; none for all further ones.
    network : ``In(struct_layout(NETWORK))``
    program_valid : ``In(1)``
        ``network`` belongs to a program, so that activations are welcome.
    fault : ``Out(ERROR_FLAGS)``
        What is wrong; all zero if nothing is.
    """

    def __init__(self, config: EieConfig):
        self.config = config
        super().__init__(
            {
                "header": In(struct_layout(SECTION)),
                "first": In(1),
                "second": In(1),
                "network": In(struct_layout(NETWORK)),
                "program_valid": In(1),
                "fault": Out(ERROR_FLAGS),
            }
        )

    def elaborate(self, platform):
        m = Module()
        self._format, self._config, self._range = Signal(), Signal(), Signal()
        m.d.comb += [
            self.fault.format.eq(self._format),
            self.fault.config.eq(self._config),
            self.fault.range.eq(self._range),
        ]
        words = self._activation_words(m)
        in_end, out_end = self._vector_ends(m)
        with m.If(self.first):
            self._check_first(m, words)
        with m.Elif(self.second):
            self._check_second(m, in_end, out_end)
        with m.Else():
            self._check_memory(m)
        return m

    @property
    def _at_zero(self):
        return (self.header.unit == 0) & (self.header.address == 0)

    def _activation_words(self, m):
        """Words of an activation frame; a cycle after ``network``."""
        lanes = WORD_BITS // ACTIVATION_BITS
        words = Signal(range((1 << 16) // lanes + 1))
        m.d.sync += words.eq((self.network.inputs + lanes - 1) // lanes)
        return words

    def _vector_ends(self, m):
        """Where inputs and outputs end in their memories; two cycles after ``network``."""
        config, network = self.config, self.network
        in_slots, out_slots, in_end, out_end = (Signal(17) for _ in range(4))
        m.d.sync += [
            in_slots.eq((network.inputs + config.n_pe - 1) >> config.pe_bits),
            out_slots.eq((network.outputs + config.n_pe - 1) >> config.pe_bits),
            in_end.eq(in_slots + Mux(network.in_sram, network.in_base, 0)),
            out_end.eq(out_slots + network.out_base),
        ]
        return in_end, out_end

    def _check_first(self, m, words):
        good = Signal()
        m.d.comb += self._format.eq(~good)
        with m.Switch(self.header.kind):
            with m.Case(SectionKind.NETWORK):
                m.d.comb += good.eq(self._at_zero & (self.header.length == NETWORK_WORDS))
            with m.Case(SectionKind.ACTIVATIONS):
                m.d.comb += good.eq(
                    self._at_zero & (self.header.length == words) & self.program_valid
                )

    def _check_second(self, m, in_end, out_end):
        config, header, network = self.config, self.header, self.network
        in_depth = Mux(network.in_sram, config.act_depth, config.file_depth)
        m.d.comb += [
            self._format.eq(
                (network.magic != FRAME_MAGIC)
                | (network.version != FRAME_VERSION)
                | (network.sections < 2)
                | (network.reserved != 0)
                | (network.reserved_high != 0)
                | (header.kind != SectionKind.PASSES)
                | ~self._at_zero
                | (header.length != network.passes * PASS_WORDS)
            ),
            self._config.eq(
                (network.n_pe != config.n_pe) | (network.file_depth != config.file_depth)
            ),
            self._range.eq(
                (network.passes == 0)
                | (network.passes > config.max_passes)
                | (network.inputs == 0)
                | (network.outputs == 0)
                | (in_end > in_depth)
                | (out_end > config.act_depth)
            ),
        ]

    def _check_memory(self, m):
        config, header = self.config, self.header
        with m.If(header.unit >= config.n_pe):
            m.d.comb += self._range.eq(1)
        with m.Switch(header.kind):
            with m.Case(SectionKind.POINTERS):
                m.d.comb += self._format.eq(header.address[0])
                with m.If(header.address + (header.length << 1) > config.ptr_depth // 2):
                    m.d.comb += self._range.eq(1)
            with m.Case(SectionKind.SPMAT):
                with m.If(header.address + header.length > config.spmat_depth):
                    m.d.comb += self._range.eq(1)
            with m.Default():
                m.d.comb += self._format.eq(1)
