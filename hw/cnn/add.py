"""The sum that ends a block with a skip."""

from __future__ import annotations

from amaranth.hdl import Module, signed
from amaranth.lib import data, wiring
from amaranth.lib.wiring import In, Out

from ..stream import OutputRegister
from .arith import round_to_u8
from .check import require_index
from .config import AddConfig, Number
from .load import loaded
from .streams import LoadWrite, beat, beats

__all__ = ["ADD_PARAMETERS", "Add"]

ADD_PARAMETERS = data.StructLayout({"lift": 4, "shift": 5})
"""What a sum is loaded with, from bit 0 on: ``lift`` is 0 to 8, ``shift`` 0 to 16."""

_MAX_LIFT = 8


class Add(wiring.Component):
    """
    Adds two streams, channel by channel: ``clip((first + (second << lift)) >> shift)``, rounded
    half up, to 0 to 255.

    Takes a beat of both together. Latency two cycles, one for the sum and one for the rest; a beat
    a cycle. ``o`` comes from flip-flops; an input's ``ready`` depends on the other's ``valid`` and
    on ``o.ready`` of the same cycle.

    Parameters
    ----------
    config : :class:`AddConfig`
    index : :class:`int`
        Place of the node in the pipeline, 0 to 255.

    Members
    -------
    first : ``In(beats(Number.S16, config.lanes))``
    second : ``In(beats(config.second, config.lanes))``
    o : ``Out(beats(Number.U8, config.lanes))``
    load : ``In(LoadWrite())``
        Parameters, as :data:`ADD_PARAMETERS` has them. They outlive a reset.
    """

    def __init__(self, config: AddConfig, index: int = 0):
        require_index(index)
        self.config = config
        self.index = index
        super().__init__(
            {
                "first": In(beats(Number.S16, config.lanes)),
                "second": In(beats(config.second, config.lanes)),
                "o": Out(beats(Number.U8, config.lanes)),
                "load": In(LoadWrite()),
            }
        )

    def elaborate(self, platform):
        m = Module()
        lanes = self.config.lanes
        parameters = loaded(m, self.load, self.index, ADD_PARAMETERS)
        # One bit for the sign of a second summand without one, one for the carry.
        unsigned = not self.config.second.shape.signed
        width = self.config.second.bits + _MAX_LIFT + unsigned + 1
        m.submodules.sums = sums = OutputRegister(data.ArrayLayout(signed(width), lanes))
        m.submodules.results = results = OutputRegister(beat(Number.U8, lanes))
        wiring.connect(m, results.o, wiring.flipped(self.o))
        m.d.comb += [
            sums.i.valid.eq(self.first.valid & self.second.valid),
            self.first.ready.eq(sums.i.ready & self.second.valid),
            self.second.ready.eq(sums.i.ready & self.first.valid),
            results.i.valid.eq(sums.o.valid),
            sums.o.ready.eq(results.i.ready),
        ]
        for k in range(lanes):
            lifted = self.second.payload[k] << parameters.lift
            m.d.comb += [
                sums.i.payload[k].eq(self.first.payload[k] + lifted),
                results.i.payload[k].eq(round_to_u8(sums.o.payload[k], parameters.shift)),
            ]
        return m
