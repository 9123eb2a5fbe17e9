"""Accumulators of a wide PE: every row adds for itself, so that lanes never wait for each other."""

from __future__ import annotations

from amaranth.hdl import Cat, Module, Mux, Signal, signed
from amaranth.lib import data, wiring
from amaranth.lib.wiring import In, Out

from ..config import ACCUMULATOR_BITS, EieConfig

__all__ = ["Accumulators", "AddendCombine", "addend_layout"]


def addend_layout(config: EieConfig) -> data.StructLayout:
    """What a lane adds to a row: ``hits`` has the bit of that row set, or none."""
    return data.StructLayout({"hits": config.file_depth, "value": signed(ACCUMULATOR_BITS)})


class AddendCombine(wiring.Component):
    """
    Adds up the addends of lanes that meet on one row, modulo 2**32: the first such lane keeps the
    sum, the others hit no row, so that no row is hit twice. Latency two cycles for ``rows``, which
    are decoded on the way, one for ``values``, which come a cycle later; one operation a cycle.

    Parameters
    ----------
    config : :class:`EieConfig`

    Members
    -------
    valid : ``In(lanes)``
    rows : ``In(ArrayLayout(slot_bits, lanes))``
    values : ``In(ArrayLayout(signed(32), lanes))``
        Of the rows that came in the cycle before.
    o : ``Out(ArrayLayout(addend_layout(config), lanes))``
    """

    def __init__(self, config: EieConfig):
        self.config = config
        lanes = config.lanes
        super().__init__(
            {
                "valid": In(lanes),
                "rows": In(data.ArrayLayout(config.slot_bits, lanes)),
                "values": In(data.ArrayLayout(signed(ACCUMULATOR_BITS), lanes)),
                "o": Out(data.ArrayLayout(addend_layout(config), lanes)),
            }
        )

    def elaborate(self, platform):
        m = Module()
        lanes = self.config.lanes
        depth = self.config.file_depth
        rows = Signal.like(self.rows)
        meets = [Signal(lanes, name=f"meets_{k}") for k in range(lanes)]  # later lanes on my row
        leads, led = Signal(lanes), Signal(lanes)
        m.d.sync += led.eq(leads)
        for k in range(lanes):
            with m.If(self.valid[k]):
                m.d.sync += rows[k].eq(self.rows[k])
            earlier = False
            for other in range(lanes):
                same = (self.rows[k] == self.rows[other]) & self.valid[other]
                if other < k:
                    earlier = earlier | same
                elif other > k:
                    m.d.sync += meets[k][other].eq(same)
            m.d.sync += leads[k].eq(self.valid[k] & ~earlier)
        for k in range(lanes):
            total = self.values[k]
            for other in range(k + 1, lanes):
                total = total + Mux(meets[k][other], self.values[other], 0)
            hits = Signal(depth, name=f"hits_{k}")
            m.d.comb += hits.eq(leads[k] << rows[k])
            with m.If(leads[k] | led[k]):
                m.d.sync += self.o[k].hits.eq(hits)
            with m.If(leads[k]):
                m.d.sync += self.o[k].value.eq(total)
        return m


class Accumulators(wiring.Component):
    """
    ``file_depth`` rows of 32 bits. Up to ``lanes`` different rows add in one cycle, each in an
    adder of its own, or are set; a sum can be read in the next cycle.

    A row keeps the carry out of its lower half, and adds it to the upper half together with the
    next addend, so that no addition is longer than a half. What is read has it added.

    Parameters
    ----------
    config : :class:`EieConfig`

    Members
    -------
    addends : ``In(ArrayLayout(addend_layout(config), lanes))``
        No two of them may hit the same row.
    sets : ``In(file_depth // lanes)``
        Bit k: of the ``lanes`` rows from ``lanes * k`` on, those that are hit are set instead of
        added to.
    reads : ``In(file_depth // lanes)``
        Bit k: ``read`` is the ``lanes`` rows from ``lanes * k`` on. At most one bit is set.
    read : ``Out(ArrayLayout(signed(32), lanes))``
        As they are before this cycle's addition; zeros, where no bit is set.
    """

    def __init__(self, config: EieConfig):
        self.config = config
        lanes = config.lanes
        super().__init__(
            {
                "addends": In(data.ArrayLayout(addend_layout(config), lanes)),
                "sets": In(config.file_depth // lanes),
                "reads": In(config.file_depth // lanes),
                "read": Out(data.ArrayLayout(signed(ACCUMULATOR_BITS), lanes)),
            }
        )

    def elaborate(self, platform):
        m = Module()
        depth, lanes = self.config.file_depth, self.config.lanes
        half = ACCUMULATOR_BITS // 2
        layout = data.StructLayout({"low": half, "carry": 1, "high": half})
        rows = [Signal(layout, name=f"row_{k}") for k in range(depth)]
        for k, row in enumerate(rows):
            hit, value = 0, 0
            for addend in self.addends:
                hit = hit | addend.hits[k]
                value = value | Mux(addend.hits[k], addend.value, 0)
            old = Signal(layout, name=f"old_{k}")
            m.d.comb += old.eq(Mux(self.sets[k // lanes], 0, row.as_value()))
            with m.If(hit):
                m.d.sync += [
                    Cat(row.low, row.carry).eq(old.low + value[:half]),
                    row.high.eq(old.high + value[half:] + old.carry),
                ]
        for k in range(lanes):
            read, chosen = Signal(layout, name=f"read_{k}"), 0
            for group, row in enumerate(rows[k::lanes]):
                chosen = chosen | Mux(self.reads[group], row.as_value(), 0)
            m.d.comb += read.eq(chosen)
            m.d.comb += self.read[k].eq(Cat(read.low, (read.high + read.carry)[:half]))
        return m
