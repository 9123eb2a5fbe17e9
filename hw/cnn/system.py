"""A streaming network with its host side: the top component."""

from __future__ import annotations

from amaranth.hdl import Cat, Module, ResetInserter, Signal
from amaranth.lib import wiring
from amaranth.lib.wiring import In, Out

from ..bus.axi import AxiLite, AxiStream
from ..bus.layout import WORD_BITS
from .config import PipelineConfig
from .format import image_words
from .images import ImageReader
from .loader import Loader
from .meter import Meter
from .outlet import Outlet
from .pipeline import Pipeline
from .registers import ADDRESS_BITS, Registers
from .results import Results
from .unpack import Unpack

__all__ = ["Cnn"]

_FLUSH_CYCLES = 4


class Cnn(wiring.Component):
    """
    Streaming network behind three AXI ports.

    The host sends a network frame, then RUN, then images, each a packet, as many as it likes; a
    result is sent for each, in order. The machine waits for nothing but words of images and the
    host's taking of results.

    A network frame with a fault is dropped and sets error bits; RUN is refused until a whole one
    has arrived. Any frame that begins takes the place of the network that was loaded. An image that
    is longer or shorter than images are sets the FRAME error; it and all packets after it are taken
    and dropped until STOP.

    STOP ends a run: images that are on their way are lost, those that are left of a packet on the
    input are taken and dropped. The network stays loaded, so that RUN may follow at once. A result
    that the host has been offered a part of ends with the word :data:`hw.cnn.format.CUT_RESULT`;
    one whose last word is on offer stays. Either comes before those of the next run.

    Parameters
    ----------
    config : :class:`PipelineConfig`

    Members
    -------
    s_axil : ``In(AxiLite(ADDRESS_BITS))``
        Registers, see :class:`hw.cnn.format.Register` and :class:`hw.cnn.registers.Registers`.
    s_axis : ``In(AxiStream(64))``
        While running images, otherwise network frames, see :class:`hw.cnn.loader.Loader`.
    m_axis : ``Out(AxiStream(64, keep=True))``
        Results.
    irq : ``Out(1)``
        High while an error bit is set.
    """

    def __init__(self, config: PipelineConfig):
        self.config = config
        super().__init__(
            {
                "s_axil": In(AxiLite(ADDRESS_BITS)),
                "s_axis": In(AxiStream(WORD_BITS)),
                "m_axis": Out(AxiStream(WORD_BITS, keep=True)),
                "irq": Out(1),
            }
        )

    def elaborate(self, platform):
        m = Module()
        m.submodules.registers = registers = Registers(self.config)
        m.submodules.loader = loader = Loader(self.config)
        m.submodules.reader = reader = ImageReader(image_words(self.config))
        m.submodules.outlet = outlet = Outlet()
        m.submodules.meter = meter = Meter(len(self.config.nodes))
        config = self.config
        unpack = Unpack(config.channels * config.height * config.width)
        pipeline = Pipeline(config)
        results = Results(config.classes)

        # Only a run is flushed: while a network is being loaded there is nothing to stop.
        running, flush = Signal(), Signal(_FLUSH_CYCLES)
        stop = registers.stop & running
        m.d.sync += flush.eq(Cat(stop, flush))
        with m.If(registers.run):
            m.d.sync += running.eq(1)
        with m.If(stop):
            m.d.sync += running.eq(0)
        flushing = flush.any()
        m.submodules.unpack = ResetInserter(flushing)(unpack)
        m.submodules.pipeline = ResetInserter(flushing)(pipeline)
        m.submodules.results = ResetInserter(flushing)(results)

        wiring.connect(m, wiring.flipped(self.s_axil), registers.bus)
        wiring.connect(m, reader.o, unpack.i)
        wiring.connect(m, unpack.o, pipeline.i)
        wiring.connect(m, loader.load, pipeline.load)
        wiring.connect(m, pipeline.o, results.i)
        wiring.connect(m, results.o, outlet.i)
        wiring.connect(m, outlet.o, wiring.flipped(self.m_axis))
        wiring.connect(m, meter.measures, registers.measures)

        # The input changes hands between packets: a frame must not begin in the cycle of a RUN.
        images = running | reader.active
        for port in (loader.i, reader.i):
            m.d.comb += [port.tdata.eq(self.s_axis.tdata), port.tlast.eq(self.s_axis.tlast)]
        with m.If(images):
            m.d.comb += [
                reader.i.tvalid.eq(self.s_axis.tvalid),
                self.s_axis.tready.eq(reader.i.tready),
            ]
        with m.Else():
            m.d.comb += [
                loader.i.tvalid.eq(self.s_axis.tvalid),
                self.s_axis.tready.eq(loader.i.tready),
            ]
        m.d.comb += [
            loader.enable.eq(~(images | flushing | registers.run)),
            reader.enable.eq(running & ~flushing),
            outlet.cut.eq(flushing),
        ]

        m.d.comb += [
            registers.loaded.eq(loader.loaded),
            registers.loading.eq(loader.loading),
            registers.running.eq(running),
            registers.errors.eq(loader.errors),
            registers.errors.frame.eq(reader.fault),
            self.irq.eq(registers.irq),
        ]

        m.d.comb += [
            meter.clear.eq(registers.run),
            meter.running.eq(running),
            meter.first_in.eq(reader.first),
            meter.last_in.eq(reader.last),
            meter.last_out.eq(outlet.last),
            meter.stalls_in.eq(pipeline.i.ready & ~pipeline.i.valid),
            meter.stalls_out.eq(self.m_axis.tvalid & ~self.m_axis.tready),
            meter.busy.eq(pipeline.busy),
            meter.starved.eq(pipeline.starved),
            meter.blocked.eq(pipeline.blocked),
        ]
        return m
