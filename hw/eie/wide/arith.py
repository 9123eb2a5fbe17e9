"""Arithmetic of a wide PE: ``lanes`` codebook lookups, rows and multiplications in every cycle."""

from __future__ import annotations

from amaranth.hdl import Cat, Const, Module, Mux, Signal, signed, unsigned
from amaranth.lib import data, stream, wiring
from amaranth.lib.memory import Memory
from amaranth.lib.wiring import In, Out

from ...bus.layout import WORD_BITS, struct_layout
from ...pipeline import delay
from ..config import ACCUMULATOR_BITS, ACTIVATION_BITS, CODEBOOK_SIZE, EieConfig
from ..format import ENTRY
from .accumulate import Accumulators, AddendCombine
from .multiply import LaneMultiplier
from .rows import RowSum
from .tokens import OpKind, load_lanes, work_layout

__all__ = ["WideArithmetic", "wide_drained_layout"]

PER_WORD = WORD_BITS // ACTIVATION_BITS


def wide_drained_layout(config: EieConfig) -> data.StructLayout:
    """Drained accumulators of ``lanes`` neighbouring rows from ``row`` on; ``drain`` says which of
    them are meant."""
    return data.StructLayout(
        {
            "drain": config.lanes,
            "last": 1,
            "slot": 1,
            "split": 1,
            "row": config.slot_bits,
            "values": data.ArrayLayout(signed(ACCUMULATOR_BITS), config.lanes),
        }
    )


class WideArithmetic(wiring.Component):
    """
    Works on one operation a cycle, in order, without stalls. Of an ENTRY operation, every lane does
    what the paper's arithmetic unit does with one entry (:class:`hw.eie.arith.Arithmetic`), and
    lanes that meet on one row are added up before the accumulators.

    Lookup takes one cycle, the multiplication ``mul_stages``, beside it rows are counted and
    compared; equal rows combine in one cycle, accumulation takes one. A drained accumulator goes
    out of a register ``3 + mul_stages`` cycles after its operation came in, with all operations
    before added.

    Parameters
    ----------
    config : :class:`EieConfig`

    Members
    -------
    i : ``In(stream.Signature(work_layout(config), always_ready=True))``
    o : ``Out(stream.Signature(wide_drained_layout(config), always_ready=True))``
        Drained accumulators and the ``last`` mark of each drain.
    entries, padding : ``Out(4)``
        Entries that came in, a cycle later; those that had codebook index 0.
    error : ``Out(1)``
        Pulse, two cycles after an entry whose row was beyond the accumulator file; the row is
        taken modulo ``file_depth``.
    """

    def __init__(self, config: EieConfig):
        self.config = config
        super().__init__(
            {
                "i": In(stream.Signature(work_layout(config), always_ready=True)),
                "o": Out(stream.Signature(wide_drained_layout(config), always_ready=True)),
                "entries": Out(4),
                "padding": Out(4),
                "error": Out(1),
            }
        )

    def elaborate(self, platform):
        m = Module()
        config = self.config
        lanes = config.lanes
        op, words = self.i.payload.op, self.i.payload.words
        is_entry = self.i.valid & (op.kind == OpKind.ENTRY)
        is_load = self.i.valid & (op.kind == OpKind.LOAD)
        is_drain = self.i.valid & (op.kind == OpKind.DRAIN)

        m.submodules.codebook = codebook = Memory(
            shape=unsigned(ACTIVATION_BITS), depth=CODEBOOK_SIZE, init=[]
        )
        for k in range(2 * PER_WORD):
            store = codebook.write_port()
            m.d.comb += [
                store.en.eq(self.i.valid & (op.kind == OpKind.CODEBOOK)),
                store.addr.eq(Cat(Const(k, 3), op.row[0])),
                store.data.eq(words.as_value().word_select(k, ACTIVATION_BITS)),
            ]

        m.submodules.row_sum = rows = RowSum(config)
        m.submodules.combine = combine = AddendCombine(config)
        m.submodules.accumulators = accumulators = Accumulators(config)

        window = Signal(8 * lanes)
        m.d.comb += window.eq(words.as_value().bit_select(op.shift << 3, 8 * lanes))
        padding = Signal(lanes)
        for k, lane in enumerate(op.lanes):
            entry = Signal(struct_layout(ENTRY), name=f"entry_{k}")
            lookup = codebook.read_port(domain="comb")
            literal = k < load_lanes(config)
            multiplier = LaneMultiplier(config.mul_stages, literal=literal)
            m.submodules[f"multiplier_{k}"] = multiplier
            works = is_entry & lane.valid
            m.d.comb += [
                entry.eq(window.word_select(k, 8)),
                lookup.addr.eq(entry.index),
                combine.values[k].eq(multiplier.product),
            ]
            m.d.sync += [
                multiplier.valid.eq(works),
                rows.i[k].zeros.eq(entry.zeros),
                rows.i[k].first.eq(lane.first),
                rows.i[k].valid.eq(works),
                padding[k].eq(works & (entry.index == 0)),
            ]
            with m.If(works):
                m.d.sync += [multiplier.a.eq(lane.value), multiplier.b.eq(lookup.data)]
            if literal:
                loads = is_load & lane.valid
                bias = words.as_value().word_select(k, ACCUMULATOR_BITS)
                m.d.sync += [multiplier.valid.eq(works | loads), multiplier.literal.eq(loads)]
                with m.If(loads):
                    m.d.sync += Cat(multiplier.a, multiplier.b).eq(bias)
        m.d.comb += [
            self.entries.eq(sum(lane.valid for lane in rows.i)),
            self.padding.eq(sum(padding)),
            self.error.eq(rows.error),
        ]

        # Beside the multipliers: what is not the value of an entry.
        control_layout = data.StructLayout(
            {
                "load": 1,
                "drain": 1,
                "last": 1,
                "slot": 1,
                "split": 1,
                "row": config.slot_bits,
                "lanes": lanes,
            }
        )
        control = Signal(control_layout)
        m.d.comb += [
            control.load.eq(is_load),
            control.drain.eq(is_drain),
            control.last.eq(op.last),
            control.slot.eq(op.slot),
            control.split.eq(op.split),
            control.row.eq(op.row),
            control.lanes.eq(Cat(lane.valid for lane in op.lanes)),
        ]
        turning = is_load | is_drain

        # Rows are ready when the first stage of the multipliers is.
        turns, placed = delay(m, turning, control, 2, "placed")
        targets = Signal.like(combine.rows)
        valid = Signal(lanes)
        for k in range(lanes):
            with m.If(turns & placed.load):
                m.d.comb += [targets[k].eq(placed.row + k), valid[k].eq(placed.lanes[k])]
            with m.Else():
                m.d.comb += [targets[k].eq(rows.rows[k]), valid[k].eq(rows.valid[k])]
        waits = config.mul_stages - 2
        some = valid.any()
        met, rows_there = delay(m, some, Cat(targets, valid), waits, "targets")
        targets, valid = (
            rows_there[: len(targets.as_value())],
            rows_there[len(targets.as_value()) :],
        )
        m.d.comb += [combine.rows.eq(targets), combine.valid.eq(Mux(met, valid, 0))]
        comes, coming = delay(m, turns, placed, waits + 1, "coming")
        turned, adding = delay(m, comes, coming, 1, "adding")
        groups = config.file_depth // lanes
        group = Const(1, groups) << coming.row[lanes.bit_length() - 1 :]
        m.d.sync += [
            accumulators.sets.eq(Mux(comes & coming.load, group, 0)),
            accumulators.reads.eq(Mux(comes & coming.drain, group, 0)),
        ]
        drained = Signal(wide_drained_layout(config))
        m.d.comb += [
            accumulators.addends.eq(combine.o),
            drained.drain.eq(adding.lanes),
            drained.last.eq(adding.last),
            drained.slot.eq(adding.slot),
            drained.split.eq(adding.split),
            drained.row.eq(adding.row),
            drained.values.eq(accumulators.read),
        ]
        drains, drained = delay(m, turned & adding.drain, drained, 1, "drained")
        m.d.comb += [
            self.o.valid.eq(drains),
            self.o.payload.eq(drained),
        ]
        return m
