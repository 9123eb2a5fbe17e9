"""EIE with its host side: the top component."""

from __future__ import annotations

from amaranth.hdl import Module, Mux, Signal
from amaranth.lib import wiring
from amaranth.lib.wiring import In, Out

from ..bus.axi import AxiLite, AxiStream
from ..bus.layout import WORD_BITS
from .array import PeArray
from .config import EieConfig
from .control import Control
from .loader import Loader
from .readout import Readout
from .registers import ADDRESS_BITS, Registers

__all__ = ["Eie"]


class Eie(wiring.Component):
    """
    Sparse inference engine behind three AXI ports.

    The host sends a program frame, then for each inference an activation frame and START. When the
    inference has finished, DONE and ``irq`` rise and the results leave as one packet: four to a
    beat, the last beat filled up with zeros and TKEEP low for them. The next activation frame may
    be offered right after START; it is taken when the results have been. (Before START it would
    take the place of the one that is there.) The stream input waits while an inference or a
    read-back is going on, and only then; registers answer at all times.

    A frame with a fault is dropped and sets error bits; START is refused until a whole program has
    arrived, its descriptors have been checked, and so has a whole activation frame for it. An
    inference that takes longer than WATCHDOG cycles is stopped: the WATCHDOG error and ``irq``
    rise, no results are sent, and the machine takes the next activation frame.

    From the activation frame's last word to INPUTS is a cycle, from START to the array working
    two; the first result is offered ``io_read_latency`` + 5 cycles after DONE at the latest, with
    the rest following at four a beat, a beat in four cycles.

    Parameters
    ----------
    config : :class:`EieConfig`

    Members
    -------
    s_axil : ``In(AxiLite(ADDRESS_BITS))``
        Registers, see :class:`hw.eie.format.Register` and :class:`hw.eie.registers.Registers`.
    s_axis : ``In(AxiStream(64))``
        Program and activation frames, see :class:`hw.eie.loader.Loader`.
    m_axis : ``Out(AxiStream(64, keep=True))``
        Results and read-backs, see :class:`hw.eie.readout.Readout`.
    irq : ``Out(1)``
        High while DONE or the WATCHDOG error is set.
    """

    def __init__(self, config: EieConfig):
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
        m.submodules.readout = readout = Readout(self.config)
        m.submodules.control = control = Control(self.config)
        m.submodules.array = array = PeArray(self.config)

        wiring.connect(m, wiring.flipped(self.s_axil), registers.bus)
        wiring.connect(m, wiring.flipped(self.s_axis), loader.i)
        wiring.connect(m, readout.o, wiring.flipped(self.m_axis))
        wiring.connect(m, loader.pass_write, control.pass_write)
        wiring.connect(m, loader.io, array.io_write)

        # A frame must not begin in the cycle in which a START or READ_BACK is carried out.
        m.d.comb += [
            loader.enable.eq(
                ~(control.busy | readout.busy | registers.start | registers.read_back)
            ),
            loader.consume.eq(registers.start),
            array.clear_file.eq(loader.clear_file),
        ]

        # Descriptors are checked once the whole program is here.
        was_valid = Signal()
        m.d.sync += was_valid.eq(loader.program_valid)
        m.d.comb += [
            control.passes.eq(loader.network.passes),
            control.check.eq(loader.program_valid & ~was_valid),
            control.invalidate.eq(~loader.program_valid),
            registers.loaded.eq(loader.program_valid & control.checked),
            registers.inputs.eq(loader.inputs_valid),
            registers.loading.eq(loader.loading | control.check | control.checking),
            registers.passes.eq(loader.network.passes),
        ]

        # Stopping flushes the array, which would spoil reads that are under way: so only when there
        # is something to stop.
        m.d.comb += [
            control.start.eq(registers.start),
            control.abort.eq(registers.abort & control.busy),
            control.watchdog.eq(registers.watchdog),
            control.pass_select.eq(registers.pass_select),
            control.turned.eq(array.turned),
            array.slots.eq(control.slots),
            array.begin.eq(control.begin),
            array.flush.eq(control.flush),
            registers.computing.eq(control.busy),
            registers.done.eq(control.done),
            registers.cycles.eq(control.cycles),
            registers.pass_cycles.eq(control.pass_cycles),
            self.irq.eq(registers.irq),
        ]

        m.d.comb += [
            readout.start_results.eq(control.done),
            readout.start_memory.eq(registers.read_back),
            readout.abort.eq(registers.abort),
            readout.outputs.eq(loader.network.outputs),
            readout.out_base.eq(loader.network.out_base),
            readout.place.eq(registers.place),
            readout.length.eq(registers.length),
            registers.reading.eq(readout.busy),
        ]

        # Counters are read in between whatever else uses the I/O bus: everyone who reads knows in
        # which cycle the answer comes.
        counting = registers.io.valid
        m.d.comb += [
            loader.hold.eq(registers.claim),
            readout.hold.eq(counting),
            array.io_read.valid.eq(counting | readout.io.valid),
            registers.io.data.eq(array.io_read.data),
            readout.io.data.eq(array.io_read.data),
        ]
        for field in ("target", "pe", "address"):
            m.d.comb += getattr(array.io_read, field).eq(
                Mux(counting, getattr(registers.io, field), getattr(readout.io, field))
            )

        if self.config.queue_limit:
            m.d.comb += array.queue_limit.eq(registers.queue_limit)

        m.d.comb += registers.errors.eq(loader.errors)
        m.d.comb += [
            registers.errors.descriptor.eq(control.descriptor_error),
            registers.errors.refused.eq(readout.refused),
            registers.errors.watchdog.eq(control.expired),
            registers.errors.pointer.eq(array.pointer_error),
            registers.errors.row.eq(array.row_error),
        ]
        return m
