"""Detection of non-zero groups in the activations that a block of PEs has at one time."""

from __future__ import annotations

from amaranth.hdl import Array, Cat, Const, Module, Mux, Signal, unsigned
from amaranth.lib import data, stream, wiring
from amaranth.lib.wiring import In, Out

from ..config import ACTIVATION_BITS, POINTERS_PER_RECORD, EieConfig
from ..lnzd import lowest_set
from ..tokens import ShownPass, pass_slot_layout, registered_slots, token_layout
from .tokens import slots_layout

__all__ = ["VectorBlock"]


class VectorBlock(wiring.Component):
    """
    Takes one transfer from each of ``block`` neighbouring PEs: ``group_max`` neighbouring columns.
    Splits them into the groups of the pass, and sends those in which any activation is not zero,
    the lowest first, one a cycle; then, after the last columns of the pass, an ``end`` mark.

    A group is sent a cycle after its columns were there. The next columns are taken in the cycle in
    which the last group of those before leaves, or in the next where there is none.

    Parameters
    ----------
    config : :class:`EieConfig`
    number : :class:`int`
        Of the block: its first PE is number ``number * block``.

    Members
    -------
    slots : ``In(ArrayLayout(pass_slot_layout(config), 2))``
    i : ``In(stream.Signature(slots_layout(config))).array(block)``
    o : ``Out(stream.Signature(token_layout(config)))``
    """

    def __init__(self, config: EieConfig, number: int):
        if not isinstance(number, int) or not 0 <= number < config.blocks:
            raise ValueError(
                f"Block must be an integer from 0 to {config.blocks - 1}, not {number!r}"
            )
        self.config = config
        self.number = number
        super().__init__(
            {
                "slots": In(data.ArrayLayout(pass_slot_layout(config), 2)),
                "i": In(stream.Signature(slots_layout(config))).array(config.block),
                "o": Out(stream.Signature(token_layout(config))),
            }
        )

    def elaborate(self, platform):
        m = Module()
        config = self.config
        size = config.group_max
        size_bits = size.bit_length() - 1

        ticket = Signal(2)
        current = ShownPass(registered_slots(m, self.slots), ticket[0])
        mine, shown = Signal(), Signal()
        m.d.comb += [
            mine.eq(current.valid & (current.ticket == ticket)),
            shown.eq(mine & ~current.halt),
        ]
        with m.If(mine & current.halt):
            m.d.sync += ticket.eq(ticket + 1)

        # Columns that are here, as a vector: that of slot s of all PEs before any of slot s + 1.
        arrived = [transfer.payload[k] for k in range(config.fetch) for transfer in self.i]
        vector = Signal(data.ArrayLayout(unsigned(ACTIVATION_BITS), size))
        pending = Signal(size)  # groups of it that are to be sent
        first = Signal(16)  # slots of the pass before it
        complete = Signal()  # the pass's last vector has been taken

        group = Signal(range(max(size_bits + 1, 2)))
        m.d.comb += group.eq(current.group)
        active = Signal(size)
        m.d.comb += active.eq(Cat(value != 0 for value in arrived))
        found = Signal(size)
        with m.Switch(group):
            for bits in range(size_bits + 1):
                with m.Case(bits):
                    width = 1 << bits
                    m.d.comb += found.eq(
                        Cat(active[k : k + width].any() for k in range(0, size, width))
                    )

        lowest = lowest_set(pending) if size > 1 else Const(0, 0)
        remaining = Signal(size)
        leaves, takes = Signal(), Signal()
        m.d.comb += [
            leaves.eq(pending.any() & self.o.ready),
            remaining.eq(Mux(leaves, pending & (pending - 1), pending)),
            takes.eq(
                shown
                & ~complete
                & (remaining == 0)
                & Cat(transfer.valid for transfer in self.i).all()
            ),
        ]
        m.d.comb += [transfer.ready.eq(takes) for transfer in self.i]
        taken = Signal(16)  # slots taken of the pass
        m.d.sync += pending.eq(remaining)
        with m.If(takes):
            m.d.sync += [
                pending.eq(found),
                vector.eq(Cat(arrived)),
                first.eq(taken),
                taken.eq(taken + config.fetch),
                complete.eq(taken + config.fetch >= current.slots),
            ]

        # A group's activations come first in the token.
        element = Signal(size_bits + 1)  # its first, in the vector
        m.d.comb += element.eq(lowest << group)
        for k in range(size):
            coarse = k.bit_length()  # groups that reach element k start at multiples of its power
            m.d.comb += self.o.payload.values[k].eq(
                Array(vector[j] for j in range(k, size, 1 << coarse))[element[coarse:]]
            )
        column = Signal(16)
        m.d.comb += column.eq(
            Cat(
                element[:size_bits],
                (first >> (config.fetch.bit_length() - 1)) * config.blocks + self.number,
            )
        )
        record = (column * POINTERS_PER_RECORD) >> group
        m.d.comb += [
            self.o.payload.single.eq(group == 0),
            self.o.payload.column.eq(current.ptr_base + Mux(group == 0, column, record)),
            self.o.payload.end.eq(~pending.any()),
            self.o.valid.eq(pending.any() | complete),
        ]
        with m.If(complete & ~pending.any() & self.o.ready):
            m.d.sync += [ticket.eq(ticket + 1), taken.eq(0), complete.eq(0)]
        return m
