"""Arithmetic: codebook lookup, row accumulation, multiplication, accumulation."""

from __future__ import annotations

from amaranth.hdl import Cat, Const, Module, Mux, Signal, signed, unsigned
from amaranth.lib import data, stream, wiring
from amaranth.lib.memory import Memory
from amaranth.lib.wiring import In, Out

from ..bus.layout import WORD_BITS, struct_layout
from ..memory import Sram
from ..pipeline import delay
from .activation import AccumulatorAccess
from .config import ACCUMULATOR_BITS, ACTIVATION_BITS, CODEBOOK_WORDS, EieConfig
from .format import ENTRY
from .multiply import MagnitudeMultiplier, Multiplier, folded
from .tokens import OpKind, drained_layout, work_layout

__all__ = ["Arithmetic"]


class Arithmetic(wiring.Component):
    """
    Works on one operation a cycle, in order, without stalls (section IV, "Arithmetic Unit"):

    - ENTRY: row += zeros + 1 (from -1 at a column's first entry), accumulator[row] +=
      codebook[index] * value modulo 2**32, where the value is that which came with the column's
      first entry; between entries of a column there is no TURN;
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

        # Lookup: byte and codebook select beside the row. The bit of ``part`` that moves most often
        # chooses last, between the fewest bits.
        entry = Signal(struct_layout(ENTRY))
        chosen = word
        for bit in reversed(op.part):
            chosen = Mux(bit, chosen[len(chosen) // 2 :], chosen[: len(chosen) // 2])
        m.d.comb += entry.eq(chosen)
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

        # Operands. A TURN's bias goes through the multiplier.
        taken, working, turning, loading = Signal(), Signal(), Signal(), Signal()
        marks = Signal(data.StructLayout({"drain": 1, "last": 1, "slot": 1}))
        m.d.comb += taken.eq(is_entry | is_turn)
        m.d.sync += working.eq(taken)
        with m.If(taken):
            m.d.sync += [
                turning.eq(is_turn),
                loading.eq(is_turn & op.load),
                row.eq(Mux(is_turn, op.row, wide_row)),
            ]
        with m.If(is_turn):
            m.d.sync += [marks.drain.eq(op.drain), marks.last.eq(op.last), marks.slot.eq(op.slot)]
        bias = word.word_select(op.part[0], ACCUMULATOR_BITS)
        operands = is_turn, is_entry, op, weight, bias
        multiply = self._multiply_whole if config.dsp else self._multiply
        product, carry = multiply(m, working, turning, *operands)

        # Accumulator read, in the multiplier's last cycle.
        stages = config.mul_stages - 1
        work = Signal(data.StructLayout({"turn": 1, "load": 1, "row": config.slot_bits}))
        m.d.comb += [work.turn.eq(turning), work.load.eq(loading), work.row.eq(row)]
        reads, reading = delay(m, working, work, stages, "reading")
        _, read_marks = delay(m, working & turning, marks, stages, "turning")
        adds, adding = delay(m, reads, reading, 1, "adding")
        _, drained = delay(m, reads & reading.turn, read_marks, 1, "drained")
        operand = Signal(signed(ACCUMULATOR_BITS))
        m.d.comb += self.acc.read_row.eq(reading.row)
        with m.If(reads):
            m.d.sync += operand.eq(self.acc.read_data)

        # Addition and write, with the bypass.
        bypass, again = Signal(), Signal()
        written = Signal(signed(ACCUMULATOR_BITS))
        total = Signal(signed(ACCUMULATOR_BITS))
        writes = adds & (~adding.turn | adding.load)
        m.d.comb += again.eq(writes & reads & (adding.row == reading.row))
        m.d.sync += bypass.eq(again)
        with m.If(again):
            m.d.sync += written.eq(total)
        old = Mux(bypass, written, operand)
        base = Mux(adding.load, 0, old)
        m.d.comb += [
            total.eq((Cat(Const(1, 1), base) + Cat(carry, product))[1:]),
            self.acc.write_en.eq(writes),
            self.acc.write_row.eq(adding.row),
            self.acc.write_data.eq(total),
            self.o.valid.eq(adds & adding.turn & (drained.drain | drained.last)),
            self.o.payload.drain.eq(drained.drain),
            self.o.payload.last.eq(drained.last),
            self.o.payload.slot.eq(drained.slot),
            self.o.payload.row.eq(adding.row),
            self.o.payload.value.eq(Mux(adding.turn, old, 0)),
        ]
        return m

    def _multiply(self, m, working, turning, is_turn, is_entry, op, weight, bias):
        """The product for the addition, and a carry: weights come folded."""
        m.submodules.multiplier = multiplier = MagnitudeMultiplier(self.config.mul_stages)
        m.d.comb += [multiplier.valid.eq(working), multiplier.literal.eq(turning)]
        value = op.value.as_signed()
        with m.If(is_turn):
            m.d.sync += Cat(multiplier.a, multiplier.b).eq(bias)
        with m.Elif(is_entry):
            m.d.sync += multiplier.b.eq(weight)
            with m.If(op.first):
                m.d.sync += [
                    multiplier.a.eq(Mux(value < 0, -value, value)),
                    multiplier.negative.eq(value < 0),
                ]
        return multiplier.product, multiplier.carry

    def _multiply_whole(self, m, working, turning, is_turn, is_entry, op, weight, bias):
        """The same by the multiplier that an FPGA has: weights come as they are, in a lean array a
        cycle after their entry."""
        m.submodules.multiplier = multiplier = Multiplier(self.config.mul_stages)
        m.d.comb += multiplier.literal.eq(turning)
        upper = multiplier.b
        if self.config.lean:
            upper = Signal(ACTIVATION_BITS)
            m.d.comb += multiplier.b.eq(Mux(turning, upper, weight))
        with m.If(is_turn):
            m.d.sync += Cat(multiplier.a, upper).eq(bias)
        with m.Elif(is_entry):
            if not self.config.lean:
                m.d.sync += upper.eq(weight)
            with m.If(op.first):
                m.d.sync += multiplier.a.eq(op.value)
        return multiplier.product, Const(0, 1)

    def _codebook_file(self, m, is_stored, entry):
        """The codebook in flip-flops; gives the entry's weight in the same cycle, folded where it
        meets a magnitude."""
        m.submodules.codebook = codebook = Memory(
            shape=unsigned(WORD_BITS), depth=CODEBOOK_WORDS, init=[]
        )
        store = codebook.write_port()
        quarter = codebook.read_port(domain="comb")
        word = self.i.payload.word
        values = [word.word_select(k, ACTIVATION_BITS) for k in range(4)]
        if not self.config.dsp:
            values = [folded(value) for value in values]
        m.d.comb += [
            store.en.eq(is_stored),
            store.addr.eq(self.i.payload.op.part),
            store.data.eq(Cat(values)),
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
