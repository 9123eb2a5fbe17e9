"""A convolution from pixels to pixels: line buffer, dot products, requantisation."""

from __future__ import annotations

from amaranth.hdl import Module
from amaranth.lib import wiring
from amaranth.lib.wiring import In, Out

from .check import require_index
from .config import ConvConfig, Number
from .multiply import DotProducts
from .requantise import Requantise
from .streams import LoadWrite, beats
from .window import LineBuffer

__all__ = ["ConvStage"]


class ConvStage(wiring.Component):
    """
    A convolution in a stream of frames.

    Latency: a window's first output is on ``o`` ``dot_beats`` + 8 cycles after the last beat of its
    last pixel was taken, + 9 if scaled, + 6 if of 32 bits. If the window before still has outputs
    to give then, it may come later: right behind those, or one cycle after that where
    ``drain_beats`` is more than ``dot_beats``. A window's dot products follow each other in steps
    of the larger of the two.
    Throughput: a frame in :attr:`ConvConfig.cycles`, if its pixels come in time.

    Parameters
    ----------
    config : :class:`ConvConfig`
    index : :class:`int`
        Place of the node in the pipeline, 0 to 255: whose weights and parameters it takes.

    Members
    -------
    load : ``In(LoadWrite())``
    i : ``In(beats(Number.U8, simd))``
    o : ``Out(beats(output, lanes))``
    busy, starved, blocked : ``Out(1)``
        Its multipliers work, wait for pixels, wait until sums have left or for the first weights;
        one of them in every cycle.
    """

    def __init__(self, config: ConvConfig, index: int = 0):
        require_index(index)
        self.config = config
        self.index = index
        super().__init__(
            {
                "load": In(LoadWrite()),
                "i": In(beats(Number.U8, config.simd)),
                "o": Out(beats(config.output, config.lanes)),
                "busy": Out(1),
                "starved": Out(1),
                "blocked": Out(1),
            }
        )

    def elaborate(self, platform):
        m = Module()
        m.submodules.window = window = LineBuffer(self.config)
        m.submodules.dot = dot = DotProducts(self.config, self.index)
        m.submodules.requantise = requantise = Requantise(self.config, self.index)
        wiring.connect(m, wiring.flipped(self.load), dot.load)
        wiring.connect(m, wiring.flipped(self.load), requantise.load)
        wiring.connect(m, wiring.flipped(self.i), window.i)
        wiring.connect(m, window.o, dot.i)
        wiring.connect(m, dot.o, requantise.i)
        wiring.connect(m, requantise.o, wiring.flipped(self.o))
        m.d.comb += [
            self.busy.eq(dot.i.valid & dot.i.ready),
            self.starved.eq(~dot.i.valid),
            self.blocked.eq(dot.i.valid & ~dot.i.ready),
        ]
        return m
