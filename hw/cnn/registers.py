"""The host's registers: control, status, errors and counters."""

from __future__ import annotations

from amaranth.hdl import Module, Signal
from amaranth.lib import wiring
from amaranth.lib.wiring import In, Out

from ..bus.axi import AxiLite, AxiLiteTarget, strobe_mask
from .config import PipelineConfig
from .format import ERROR_FLAGS, MACHINE, STATUS_FLAGS, Control, Register
from .meter import Measures

__all__ = ["ADDRESS_BITS", "Registers"]

ADDRESS_BITS = 12
"""Bits of a byte address: the registers have a page of 4 KiB."""


class Registers(wiring.Component):
    """
    The registers of :class:`hw.cnn.format.Register` on AXI4-Lite.

    Answered SLVERR, without effect: addresses without a register, writes to a read-only register,
    reads of CONTROL, reads of UNIT_BUSY, UNIT_STARVED and UNIT_BLOCKED while UNIT_SELECT is the
    place of no node. The low two bits of an address have no effect. A write leaves the bytes alone
    whose strobe is low. Bits beyond a register's fields read as zero.

    RUN is carried out if a network is loaded and none is being loaded; otherwise, or when written
    along with STOP, it sets REFUSED. STOP is always carried out. ``irq``
    is high while a bit of ERROR is set.

    An access is carried out in its first cycle. ``run`` depends on ``loaded`` and ``loading``
    combinationally.

    Parameters
    ----------
    config : :class:`PipelineConfig`

    Members
    -------
    bus : ``In(AxiLite(ADDRESS_BITS))``
    irq : ``Out(1)``
    loaded, loading, running : ``In(1)``
        For STATUS.
    run, stop : ``Out(1)``
        High for one cycle.
    errors : ``In(ERROR_FLAGS)``
        Set their bits in ERROR, even while the host clears them.
    measures : ``In(Measures())``
    """

    def __init__(self, config: PipelineConfig):
        self.config = config
        super().__init__(
            {
                "bus": In(AxiLite(ADDRESS_BITS)),
                "irq": Out(1),
                "loaded": In(1),
                "loading": In(1),
                "running": In(1),
                "run": Out(1),
                "stop": Out(1),
                "errors": In(ERROR_FLAGS),
                "measures": In(Measures()),
            }
        )

    def elaborate(self, platform):
        m = Module()
        m.submodules.target = target = AxiLiteTarget(ADDRESS_BITS)
        wiring.connect(m, wiring.flipped(self.bus), target.bus)
        access, measures = target.access, self.measures

        status, error, raised = Signal(STATUS_FLAGS), Signal(ERROR_FLAGS), Signal(ERROR_FLAGS)
        clear = Signal(ERROR_FLAGS)
        units = len(self.config.nodes)
        m.d.comb += [
            status.loaded.eq(self.loaded),
            status.loading.eq(self.loading),
            status.running.eq(self.running),
            raised.eq(self.errors),
            self.irq.eq(error.as_value().any()),
        ]
        m.d.sync += error.eq((error.as_value() & ~clear.as_value()) | raised.as_value())

        written = access.data & strobe_mask(access)
        m.d.comb += [access.done.eq(1), access.error.eq(1)]
        with m.If(access.valid & access.write):
            with m.Switch(access.address[2:]):
                with m.Case(Register.CONTROL >> 2):
                    m.d.comb += access.error.eq(0)
                    self._control(m, written, raised.refused)
                with m.Case(Register.ERROR >> 2):
                    m.d.comb += [access.error.eq(0), clear.eq(written)]
                with m.Case(Register.UNIT_SELECT >> 2):
                    m.d.comb += access.error.eq(0)
                    with m.If(access.strobe[0]):
                        m.d.sync += measures.unit_select.eq(access.data)
        with m.Elif(access.valid):
            with m.Switch(access.address[2:]):
                for register, value in {
                    Register.ID: MACHINE,
                    Register.CONFIG: units | self.config.classes << 16,
                    Register.STATUS: status,
                    Register.ERROR: error,
                    Register.FRAMES_IN: measures.frames_in,
                    Register.FRAMES_OUT: measures.frames_out,
                    Register.INTERVAL: measures.interval,
                    Register.LATENCY: measures.latency,
                    Register.CYCLES: measures.cycles,
                    Register.STALLS_IN: measures.stalls_in,
                    Register.STALLS_OUT: measures.stalls_out,
                    Register.UNIT_SELECT: measures.unit_select,
                }.items():
                    with m.Case(register >> 2):
                        m.d.comb += [access.error.eq(0), access.value.eq(value)]
                for register, value in {
                    Register.UNIT_BUSY: measures.unit_busy,
                    Register.UNIT_STARVED: measures.unit_starved,
                    Register.UNIT_BLOCKED: measures.unit_blocked,
                }.items():
                    with m.Case(register >> 2):
                        m.d.comb += access.error.eq(measures.unit_select >= units)
                        m.d.comb += access.value.eq(value)
        return m

    def _control(self, m, bits, refused):
        """Acts on a write to CONTROL."""
        wanted = {flag: (bits & flag).any() for flag in Control}
        ready = self.loaded & ~self.loading & ~wanted[Control.STOP]
        m.d.comb += [
            self.stop.eq(wanted[Control.STOP]),
            self.run.eq(wanted[Control.RUN] & ready),
        ]
        with m.If(wanted[Control.RUN] & ~ready):
            m.d.comb += refused.eq(1)
