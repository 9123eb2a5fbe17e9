"""Which column, and so which activation, each of the next entries of a group belongs to."""

from __future__ import annotations

from amaranth.hdl import Cat, Module, Mux, Signal
from amaranth.lib import data, wiring
from amaranth.lib.wiring import In, Out

from ..config import POINTER_BITS, EieConfig
from .tokens import END_BITS, lane_layout, span_layout

__all__ = ["LaneSelect"]


class LaneSelect(wiring.Component):
    """
    Lane l gets the activation of entry ``offset`` + l of a group. Combinational: entry e belongs
    to the column whose end is the first above e.

    Parameters
    ----------
    config : :class:`EieConfig`

    Members
    -------
    span : ``In(span_layout(config))``
    offset : ``In(16)``
        Entries of the group that have been issued.
    left : ``In(16)``
        Those that have not.
    lanes : ``Out(ArrayLayout(lane_layout(config), lanes))``
    """

    def __init__(self, config: EieConfig):
        self.config = config
        super().__init__(
            {
                "span": In(span_layout(config)),
                "offset": In(POINTER_BITS),
                "left": In(POINTER_BITS),
                "lanes": Out(data.ArrayLayout(lane_layout(config), config.lanes)),
            }
        )

    def elaborate(self, platform):
        m = Module()
        config, span = self.config, self.span
        ends = [span.ends[k] for k in range(config.group_max - 1)]
        for k, lane in enumerate(self.lanes):
            entry = Signal(END_BITS + 1, name=f"entry_{k}")
            passed = Signal(config.group_max + 1, name=f"passed_{k}")
            borders = Signal(config.group_max, name=f"borders_{k}")
            m.d.comb += [
                entry.eq(self.offset[:END_BITS] + k),
                passed.eq(Cat(1, *(~span.single & (entry >= end) for end in ends))),
                borders.eq(Cat(~span.single & (entry == end) for end in ends)),
                lane.valid.eq(self.left > k),
                lane.first.eq((self.offset + k == 0) | borders.any()),
            ]
            value = 0
            for column in range(config.group_max):
                here = passed[column] & ~passed[column + 1]
                value = value | Mux(here, span.values[column], 0)
            m.d.comb += lane.value.eq(value)
        return m
