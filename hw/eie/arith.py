"""Arithmetic: codebook lookup, row accumulation, multiplication, accumulation."""

from __future__ import annotations

from amaranth.hdl import Cat, Module, Mux, Signal, signed, unsigned
from amaranth.lib import data, stream, wiring
from amaranth.lib.memory import Memory
from amaranth.lib.wiring import In, Out

from ..memory import Sram
from ..pipeline import delay
from .activation import AccumulatorAccess
from .config import ACCUMULATOR_BITS, ACTIVATION_BITS, CODEBOOK_WORDS, WORD_BITS, EieConfig
from .format import ENTRY, struct_layout
from .tokens import OpKind, drained_layout, work_layout

__all__ = ["Arithmetic", "Multiplier"]


class Multiplier(wiring.Component):
    """
    Signed 16 x 16 bit multiplier: ``product`` is a * b, modulo 2**32, ``stages`` cycles after the
    operands; or, where ``literal`` is set, the operands themselves as one word, b in the upper
    half. One product a cycle; nothing stalls.

    With two stages and more the first forms the products with both halves of b, the second adds
    them; further stages only delay.

    Parameters
    ----------
    stages : :class:`int`
        Pipeline stages, at least 1.

    Members
    -------
    a, b : ``In(signed(16))``
    literal : ``In(1)``
    product : ``Out(signed(32))``
    """

    def __init__(self, stages: int):
        if not isinstance(stages, int) or stages < 1:
            raise ValueError(f"Multiplier stages must be a positive integer, not {stages!r}")
        self.stages = stages
        super().__init__(
            {
                "a": In(signed(ACTIVATION_BITS)),
                "b": In(signed(ACTIVATION_BITS)),
                "literal": In(1),
                "product": Out(signed(ACCUMULATOR_BITS)),
            }
        )

    def elaborate(self, platform):
        m = Module()
        half = ACTIVATION_BITS // 2
        word = Cat(self.a, self.b)
        low = Signal(signed(ACTIVATION_BITS + half))
        high = Signal(signed(ACTIVATION_BITS + half))
        m.d.comb += low.eq(Mux(self.literal, word[:half], self.a * self.b[:half]))
        m.d.comb += high.eq(Mux(self.literal, word[half:], self.a * self.b[half:].as_signed()))
        if self.stages > 1:
            first_low, first_high = Signal.like(low), Signal.like(high)
            m.d.sync += [first_low.eq(low), first_high.eq(high)]
            low, high = first_low, first_high
        product = Signal.like(self.product)
        m.d.sync += product.eq(low + (high << half))
        for k in range(2, self.stages):
            delayed = Signal.like(product, name=f"product_{k}")
            m.d.sync += delayed.eq(product)
            product = delayed
        m.d.comb += self.product.eq(product)
        return m


class Arithmetic(wiring.Component):
    """
    Works on one operation a cycle, in order, without stalls (section IV, "Arithmetic Unit"):

    - ENTRY: row += zeros + 1 (from -1 at a column's first entry), accumulator[row] +=
      codebook[index] * value modulo 2**32;
    - TURN: the accumulator of ``row`` goes out where ``drain`` is set, and is replaced by the bias
      where ``load`` is set;
    - CODEBOOK: four codebook values are stored.

    Codebook lookup and row accumulation take one cycle, the multiplication ``mul_stages``, the
    addition one; the accumulator is read in the multiplier's last cycle, and of two neighbouring
    operations on one row the later one takes the sum of the earlier by a bypass. A drained
    accumulator goes out ``1 + mul_stages`` cycles after its operation came in.

    Parameters
    ----------
    config : :class:`EieConfig`

    Members
    -------
    i : ``In(stream.Signature(work_layout(config), always_ready=True))``
    acc : ``Out(AccumulatorAccess(config))``
        The accumulator file.
    o : ``Out(stream.Signature(drained_layout(config, signed(32)), always_ready=True))``
        Drained accumulators and the ``last`` mark of each turn.
    entry, padding : ``Out(1)``
        An entry came in; it had codebook index 0.
    error : ``Out(1)``
        Pulse, a cycle after an entry whose row was beyond the accumulator file; the row is taken
        modulo ``file_depth``.
    """

    def __init__(self, config: EieConfig):
        self.config = config
        super().__init__(
            {
                "i": In(stream.Signature(work_layout(config), always_ready=True)),
                "acc": Out(AccumulatorAccess(config)),
                "o": Out(
                    stream.Signature(
                        drained_layout(config, signed(ACCUMULATOR_BITS)), always_ready=True
                    )
                ),
                "entry": Out(1),
                "padding": Out(1),
                "error": Out(1),
            }
        )

    def elaborate(self, platform):
        m = Module()
        config = self.config
        op, word = self.i.payload.op, self.i.payload.word
        is_entry = self.i.valid & (op.kind == OpKind.ENTRY)
        is_turn = self.i.valid & (op.kind == OpKind.TURN)

        # Lookup: byte and codebook select beside the row.
        entry = Signal(struct_layout(ENTRY))
        m.d.comb += entry.eq(word.word_select(op.part, len(entry.as_value())))
        is_codebook = self.i.valid & (op.kind == OpKind.CODEBOOK)
        if config.lean:
            weight = self._codebook_sram(m, is_codebook, is_entry, entry)
        else:
            weight = self._codebook_file(m, is_codebook, entry)

        row = Signal(config.slot_bits)
        wide_row = Signal(max(config.slot_bits, len(entry.zeros)) + 2)
        m.d.comb += wide_row.eq(entry.zeros + Mux(op.first, 0, row + 1))
        m.d.comb += [
            self.entry.eq(is_entry),
            self.padding.eq(is_entry & (entry.index == 0)),
        ]
        m.d.sync += self.error.eq(is_entry & (wide_row >= config.file_depth))

        m.submodules.multiplier = multiplier = Multiplier(config.mul_stages)
        control_layout = data.StructLayout(
            {
                "write": 1,
                "load": 1,
                "drain": 1,
                "last": 1,
                "slot": 1,
                "row": config.slot_bits,
            }
        )
        control = Signal(control_layout)
        bias = word.word_select(op.part[0], ACCUMULATOR_BITS)
        taken, working = Signal(), Signal()
        m.d.comb += taken.eq(is_entry | is_turn)
        m.d.sync += working.eq(taken)
        with m.If(taken):
            m.d.sync += [
                multiplier.literal.eq(is_turn),
                control.write.eq(is_entry | op.load),
                control.load.eq(is_turn & op.load),
                control.drain.eq(is_turn & op.drain),
                control.last.eq(is_turn & op.last),
                control.slot.eq(op.slot),
            ]
        upper = multiplier.b
        if config.lean:
            upper = Signal(ACTIVATION_BITS)
            m.d.comb += multiplier.b.eq(Mux(multiplier.literal, upper, weight))
        with m.If(is_turn):
            m.d.sync += [
                Cat(multiplier.a, upper).eq(bias),
                control.row.eq(op.row),
            ]
        with m.Elif(is_entry):
            m.d.sync += multiplier.a.eq(op.value)
            if not config.lean:
                m.d.sync += multiplier.b.eq(weight)
            m.d.sync += [
                control.row.eq(wide_row),
                row.eq(wide_row),
            ]

        # Accumulator read, in the multiplier's last cycle.
        reads, reading = delay(m, working, control, config.mul_stages - 1, "control")
        adds, adding = delay(m, reads, reading, 1, "adding")
        operand = Signal(signed(ACCUMULATOR_BITS))
        m.d.comb += self.acc.read_row.eq(reading.row)
        with m.If(reads):
            m.d.sync += operand.eq(self.acc.read_data)

        # Addition and write, with the bypass.
        bypass = Signal()
        written = Signal(signed(ACCUMULATOR_BITS))
        old = Mux(bypass, written, operand)
        total = Signal(signed(ACCUMULATOR_BITS))
        m.d.comb += total.eq(Mux(adding.load, 0, old) + multiplier.product)
        writes = adds & adding.write
        m.d.sync += bypass.eq(writes & (adding.row == reading.row))
        with m.If(writes):
            m.d.sync += written.eq(total)
        m.d.comb += [
            self.acc.write_en.eq(writes),
            self.acc.write_row.eq(adding.row),
            self.acc.write_data.eq(total),
            self.o.valid.eq(adds & (adding.drain | adding.last)),
            self.o.payload.drain.eq(adding.drain),
            self.o.payload.last.eq(adding.last),
            self.o.payload.slot.eq(adding.slot),
            self.o.payload.row.eq(adding.row),
            self.o.payload.value.eq(old),
        ]
        return m

    def _codebook_file(self, m, is_stored, entry):
        """The codebook in flip-flops; gives the entry's weight in the same cycle."""
        m.submodules.codebook = codebook = Memory(
            shape=unsigned(WORD_BITS), depth=CODEBOOK_WORDS, init=[]
        )
        store = codebook.write_port()
        quarter = codebook.read_port(domain="comb")
        m.d.comb += [
            store.en.eq(is_stored),
            store.addr.eq(self.i.payload.op.part),
            store.data.eq(self.i.payload.word),
            quarter.addr.eq(entry.index[2:]),
        ]
        return quarter.data.word_select(entry.index[:2], ACTIVATION_BITS)

    def _codebook_sram(self, m, is_stored, is_read, entry):
        """The codebook in SRAM; gives the entry's weight in the next cycle."""
        m.submodules.codebook = codebook = Sram(CODEBOOK_WORDS, WORD_BITS, 1)
        port, index = codebook.port, Signal(2)
        m.d.comb += [
            port.en.eq(is_stored | is_read),
            port.write.eq(is_stored),
            port.addr.eq(Mux(is_stored, self.i.payload.op.part, entry.index[2:])),
            port.wdata.eq(self.i.payload.word),
        ]
        m.d.sync += index.eq(entry.index[:2])
        return port.rdata.word_select(index, ACTIVATION_BITS)
