"""The queue of broadcast groups in front of a wide PE, whose activations wait for the pointers."""

from __future__ import annotations

from amaranth.hdl import Module
from amaranth.lib import stream, wiring
from amaranth.lib.wiring import In, Out

from ...stream import Queue
from ..broadcast import flight
from ..config import EieConfig
from ..tokens import token_layout
from .tokens import columns_layout, values_layout

__all__ = ["GroupQueue"]


class GroupQueue(wiring.Component):
    """
    Queue of ``queue_depth`` groups, and those that are on their way when it says so. What the
    pointers are read for leaves by one side; the activations stay until these are there, and leave
    by the other. A group can leave by each side one cycle after it came.

    Parameters
    ----------
    config : :class:`EieConfig`

    Members
    -------
    i : ``In(stream.Signature(token_layout(config)))``
    columns : ``Out(stream.Signature(columns_layout(config)))``
    values : ``Out(stream.Signature(values_layout(config)))``
        To be taken no earlier than the group's column.
    level : ``Out(range(queue_depth + flight + 1))``
        Groups whose activations are here.
    """

    def __init__(self, config: EieConfig):
        self.config = config
        self.depth = config.queue_depth + flight(config)
        super().__init__(
            {
                "i": In(stream.Signature(token_layout(config))),
                "columns": Out(stream.Signature(columns_layout(config))),
                "values": Out(stream.Signature(values_layout(config))),
                "level": Out(range(self.depth + 1)),
            }
        )

    def elaborate(self, platform):
        m = Module()
        m.submodules.column_queue = columns = Queue(columns_layout(self.config), self.depth)
        m.submodules.value_queue = values = Queue(values_layout(self.config), self.depth)
        token = self.i.payload
        taken = self.i.valid & self.i.ready
        m.d.comb += [
            self.i.ready.eq(values.i.ready),
            columns.i.valid.eq(taken),
            columns.i.payload.end.eq(token.end),
            columns.i.payload.single.eq(token.single),
            columns.i.payload.column.eq(token.column),
            values.i.valid.eq(taken),
            values.i.payload.eq(token["values"]),
            self.level.eq(values.level),
        ]
        wiring.connect(m, columns.o, wiring.flipped(self.columns))
        wiring.connect(m, values.o, wiring.flipped(self.values))
        return m
