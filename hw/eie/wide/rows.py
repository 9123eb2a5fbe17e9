"""Rows of several entries at once: a segmented prefix sum of their zero counts."""

from __future__ import annotations

from amaranth.hdl import Cat, Module, Mux, Signal
from amaranth.lib import data, wiring
from amaranth.lib.wiring import In, Out

from ..config import EieConfig
from ..format import ENTRY

__all__ = ["RowSum"]

ZERO_BITS = dict(ENTRY)["zeros"]


class RowSum(wiring.Component):
    """
    The row of each lane's entry: its zeros, and one more than the row of the entry before it,
    unless it is the first of its column. Latency one cycle, one operation a cycle; the row of the
    last entry is carried to the next operation that has entries.

    Parameters
    ----------
    config : :class:`EieConfig`

    Members
    -------
    i : ``In(ArrayLayout({"valid", "first", "zeros"}, lanes))``
        No valid lane follows one that is not.
    rows : ``Out(ArrayLayout(slot_bits, lanes))``
        Modulo ``file_depth``.
    valid : ``Out(lanes)``
    error : ``Out(1)``
        The row of a valid lane is not below ``file_depth``.
    """

    def __init__(self, config: EieConfig):
        self.config = config
        lanes = config.lanes
        lane = data.StructLayout({"valid": 1, "first": 1, "zeros": ZERO_BITS})
        super().__init__(
            {
                "i": In(data.ArrayLayout(lane, lanes)),
                "rows": Out(data.ArrayLayout(config.slot_bits, lanes)),
                "valid": Out(lanes),
                "error": Out(1),
            }
        )

    def elaborate(self, platform):
        m = Module()
        config = self.config
        lanes = [self.i[k] for k in range(config.lanes)]
        width = config.lanes.bit_length() + ZERO_BITS
        # Steps from the row of the entry before, up to here or from the column's first on.
        steps = [Mux(lane.valid, lane.zeros + 1, 0) for lane in lanes]
        cut = [lane.valid & lane.first for lane in lanes]
        reach = 1
        while reach < config.lanes:
            sums = [Signal(width, name=f"sum_{reach}_{k}") for k in range(config.lanes)]
            cuts = [Signal(name=f"cut_{reach}_{k}") for k in range(config.lanes)]
            for k in range(config.lanes):
                whole = k >= reach
                before = Mux(cut[k], 0, steps[k - reach]) if whole else 0
                m.d.comb += [
                    sums[k].eq(steps[k] + before),
                    cuts[k].eq(cut[k] | (cut[k - reach] if whole else 0)),
                ]
            steps, cut, reach = sums, cuts, 2 * reach

        carry = Signal(config.slot_bits)
        beyond = []
        for k, lane in enumerate(lanes):
            row = Signal(max(width, config.slot_bits) + 1, name=f"row_{k}")
            m.d.comb += row.eq(Mux(cut[k], steps[k] - 1, carry + steps[k]))
            beyond.append(lane.valid & (row >= config.file_depth))
            m.d.sync += self.rows[k].eq(row)
        with m.If(lanes[0].valid):
            m.d.sync += carry.eq(row)
        m.d.sync += [
            self.valid.eq(Cat(lane.valid for lane in lanes)),
            self.error.eq(Cat(beyond).any()),
        ]
        return m
