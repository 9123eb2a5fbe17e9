"""Pooling: the mean over an image, and the largest of each few pixels."""

from __future__ import annotations

from amaranth.hdl import Module, Mux, Signal, unsigned
from amaranth.lib import data, wiring
from amaranth.lib.wiring import In, Out

from ..memory import DualPortSram
from ..stream import OutputRegister
from .arith import round_to_u8
from .check import require_index
from .config import AveragePoolConfig, MaxPoolConfig, Number
from .load import loaded
from .raster import raster
from .streams import LoadWrite, beat, beats

__all__ = ["AVERAGE_PARAMETERS", "AveragePool", "MaxPool"]

AVERAGE_PARAMETERS = data.StructLayout({"shift": 5})
"""What a mean is loaded with: ``shift`` is from 0 to the logarithm of the pixels."""


class AveragePool(wiring.Component):
    """
    Each channel's sum over all pixels, ``clip(sum >> shift)``, rounded half up, to 0 to 255.

    The beats of a frame's result leave two cycles after those of its last pixel came. A beat a
    cycle, from frame to frame too, whatever the size; only beats of a frame's last pixel wait for
    ``o``. ``o`` comes from flip-flops; ``i.ready`` depends on ``o.ready`` of the same cycle.

    Parameters
    ----------
    config : :class:`AveragePoolConfig`
    index : :class:`int`
        Place of the node in the pipeline, 0 to 255.

    Members
    -------
    i : ``In(beats(Number.U8, config.lanes))``
    o : ``Out(beats(Number.U8, config.lanes))``
    load : ``In(LoadWrite())``
        Parameters, as :data:`AVERAGE_PARAMETERS` has them. They outlive a reset.
    """

    def __init__(self, config: AveragePoolConfig, index: int = 0):
        require_index(index)
        self.config = config
        self.index = index
        signature = beats(Number.U8, config.lanes)
        super().__init__({"i": In(signature), "o": Out(signature), "load": In(LoadWrite())})

    def elaborate(self, platform):
        m = Module()
        config = self.config
        groups = config.channels // config.lanes
        layout = data.ArrayLayout(unsigned(config.sum_bits), config.lanes)
        parameters = loaded(m, self.load, self.index, AVERAGE_PARAMETERS)
        m.submodules.sums = sums = OutputRegister(layout)
        m.submodules.results = results = OutputRegister(beat(Number.U8, config.lanes))
        wiring.connect(m, results.o, wiring.flipped(self.o))
        step = self.i.valid & self.i.ready
        pixel, group = raster(m, step, pixel=config.height * config.width, group=groups)
        before, total = _kept(m, layout, groups, step, group.value, group.following, groups == 1)
        m.d.comb += [
            self.i.ready.eq(sums.i.ready | ~pixel.last),
            sums.i.valid.eq(self.i.valid & pixel.last),
            sums.i.payload.eq(total),
            results.i.valid.eq(sums.o.valid),
            sums.o.ready.eq(results.i.ready),
        ]
        for k in range(config.lanes):
            m.d.comb += [
                total[k].eq(Mux(pixel.first, 0, before[k]) + self.i.payload[k]),
                results.i.payload[k].eq(round_to_u8(sums.o.payload[k], parameters.shift)),
            ]
        return m


class MaxPool(wiring.Component):
    """
    Each channel's largest value of each ``size`` x ``size`` pixels.

    A result leaves one cycle after the same channels of its last pixel came. A beat a cycle; only
    beats of such a last pixel wait for ``o``. ``o`` comes from flip-flops; ``i.ready`` depends on
    ``o.ready`` of the same cycle.

    Parameters
    ----------
    config : :class:`MaxPoolConfig`

    Members
    -------
    i : ``In(beats(Number.U8, config.lanes))``
    o : ``Out(beats(Number.U8, config.lanes))``
    """

    def __init__(self, config: MaxPoolConfig):
        self.config = config
        signature = beats(Number.U8, config.lanes)
        super().__init__({"i": In(signature), "o": Out(signature)})

    def elaborate(self, platform):
        m = Module()
        config = self.config
        layout = beat(Number.U8, config.lanes)
        groups = config.channels // config.lanes
        windows = config.width // config.size
        m.submodules.results = results = OutputRegister(layout)
        wiring.connect(m, results.o, wiring.flipped(self.o))
        step = self.i.valid & self.i.ready
        row, window, column, group = raster(
            m, step, row=config.size, window=windows, column=config.size, group=groups
        )
        # Places are those of a row of results; within a window, its channels come again.
        place, following = Signal(range(windows * groups)), Signal(range(windows * groups))
        with m.If(group.last & ~column.last):
            m.d.comb += following.eq(place - (groups - 1))
        with m.Elif(group.last & window.last):
            m.d.comb += following.eq(0)
        with m.Else():
            m.d.comb += following.eq(place + 1)
        with m.If(step):
            m.d.sync += place.eq(following)
        before, largest = _kept(m, layout, windows * groups, step, place, following, groups == 1)
        fresh, complete = row.first & column.first, row.last & column.last
        m.d.comb += [
            self.i.ready.eq(results.i.ready | ~complete),
            results.i.valid.eq(self.i.valid & complete),
            results.i.payload.eq(largest),
        ]
        for k in range(config.lanes):
            came = self.i.payload[k]
            m.d.comb += largest[k].eq(Mux(~fresh & (before[k] > came), before[k], came))
        return m


def _kept(m, layout, depth, step, place, following, again):
    """
    Words that are read and written in turn: what was last written to ``place``, and what is
    written there with ``step``. The read is a step ahead: ``following`` is the place after
    ``place``, and ``again`` whether it can be the same.
    """
    m.submodules.kept = memory = DualPortSram(depth, layout.size, transparent=again)
    write, read = memory.write, memory.read
    kept = Signal(layout)
    m.d.comb += [
        write.en.eq(step),
        write.addr.eq(place),
        write.data.eq(kept),
        read.en.eq(step),
        read.addr.eq(following),
    ]
    return data.View(layout, read.data), kept
