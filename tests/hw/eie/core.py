"""Central control with its array, without the host side: what bench_array.py tests."""

from amaranth.hdl import Module
from amaranth.lib import wiring
from amaranth.lib.wiring import In, Out

from hw.eie.array import PeArray
from hw.eie.control import Control, PassWrite
from hw.eie.iobus import IoRead, IoWrite


class Core(wiring.Component):
    """Ports of :class:`Control` for the host, and the I/O bus of :class:`PeArray`."""

    def __init__(self, config):
        self.config = config
        super().__init__(
            {
                "pass_write": In(PassWrite()),
                "io_write": In(IoWrite()),
                "io_read": In(IoRead()),
                "clear_file": In(1),
                "passes": In(16),
                "check": In(1),
                "invalidate": In(1),
                "start": In(1),
                "abort": In(1),
                "watchdog": In(32),
                "pass_select": In(16),
                "checked": Out(1),
                "descriptor_error": Out(1),
                "busy": Out(1),
                "done": Out(1),
                "expired": Out(1),
                "cycles": Out(32),
                "pass_cycles": Out(32),
                "pointer_error": Out(1),
                "row_error": Out(1),
            }
        )

    def elaborate(self, platform):
        m = Module()
        m.submodules.control = control = Control(self.config)
        m.submodules.array = array = PeArray(self.config)
        wiring.connect(m, wiring.flipped(self.pass_write), control.pass_write)
        wiring.connect(m, wiring.flipped(self.io_write), array.io_write)
        wiring.connect(m, wiring.flipped(self.io_read), array.io_read)
        inputs = ("passes", "check", "invalidate", "start", "abort", "watchdog", "pass_select")
        outputs = ("checked", "descriptor_error", "busy", "done", "expired", "cycles")
        for name in inputs:
            m.d.comb += getattr(control, name).eq(getattr(self, name))
        for name in (*outputs, "pass_cycles"):
            m.d.comb += getattr(self, name).eq(getattr(control, name))
        m.d.comb += [
            array.slots.eq(control.slots),
            control.turned.eq(array.turned),
            array.begin.eq(control.begin),
            array.flush.eq(control.flush),
            array.clear_file.eq(self.clear_file),
            self.pointer_error.eq(array.pointer_error),
            self.row_error.eq(array.row_error),
        ]
        return m
