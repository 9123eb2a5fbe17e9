"""A small machine through which packets flow, with the host interface of the harness."""

from amaranth.hdl import Module, Signal
from amaranth.lib import data, wiring
from amaranth.lib.wiring import In, Out

from hw.bus.axi import AxiLite, AxiLiteTarget, AxiStream
from hw.stream import Queue

DEPTH = 4

HELD = 0x00  # read and write: while it is 1, nothing leaves
PAUSE = 0x04  # read and write: cycles between a packet's last word and the next packet


class Relay(wiring.Component):
    """Sends every packet on, a word a cycle, each a cycle after it came at the earliest; it has
    room for ``DEPTH`` words."""

    def __init__(self) -> None:
        super().__init__(
            {
                "s_axil": In(AxiLite(8)),
                "s_axis": In(AxiStream(64)),
                "m_axis": Out(AxiStream(64, keep=True)),
                "irq": Out(1),
            }
        )

    def elaborate(self, platform):
        m = Module()
        m.submodules.target = target = AxiLiteTarget(8)
        wiring.connect(m, wiring.flipped(self.s_axil), target.bus)
        m.submodules.queue = queue = Queue(data.StructLayout({"word": 64, "last": 1}), DEPTH)
        held, pause, left = Signal(), Signal(16), Signal(16)
        access = target.access
        m.d.comb += access.done.eq(1)
        with m.Switch(access.address):
            for address, register in ((HELD, held), (PAUSE, pause)):
                with m.Case(address):
                    m.d.comb += access.value.eq(register)
                    with m.If(access.valid & access.write):
                        m.d.sync += register.eq(access.data)
        leaves = ~held & (left == 0)
        m.d.comb += [
            queue.i.valid.eq(self.s_axis.tvalid),
            queue.i.payload.word.eq(self.s_axis.tdata),
            queue.i.payload.last.eq(self.s_axis.tlast),
            self.s_axis.tready.eq(queue.i.ready),
            self.m_axis.tvalid.eq(queue.o.valid & leaves),
            self.m_axis.tdata.eq(queue.o.payload.word),
            self.m_axis.tlast.eq(queue.o.payload.last),
            self.m_axis.tkeep.eq(0xFF),
            queue.o.ready.eq(self.m_axis.tready & leaves),
        ]
        with m.If(left):
            m.d.sync += left.eq(left - 1)
        with m.If(self.m_axis.tvalid & self.m_axis.tready & self.m_axis.tlast):
            m.d.sync += left.eq(pause)
        return m
