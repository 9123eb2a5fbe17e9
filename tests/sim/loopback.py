"""A small machine with the host interface of the harness: it sends back what it was sent."""

from amaranth.hdl import Module, Mux, Signal
from amaranth.lib import memory, wiring
from amaranth.lib.wiring import In, Out

from hw.bus.axi import AxiLite, AxiLiteTarget, AxiStream

DEPTH = 64

CONTROL = 0x00  # writing bit 0 starts
STATUS = 0x04  # READY, LOADING, BUSY, DONE
CYCLES = 0x08  # cycles of the last run
SCRATCH = 0x0C  # read and write
ADDEND = 0x10  # read and write: added to every word sent back
FAULT = 0x14  # read and write: NO_LAST, NO_IRQ, NO_RESULT

READY, LOADING, BUSY, DONE = 1, 2, 4, 8
NO_LAST, NO_IRQ, NO_RESULT = 1, 2, 4


class Loopback(wiring.Component):
    """
    Takes a frame of up to ``DEPTH`` words; when started, sends them back, each plus ADDEND, with
    TLAST on the last; then raises ``irq`` until the next start. FAULT leaves parts of this out.
    """

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
        m.submodules.words = words = memory.Memory(shape=64, depth=DEPTH, init=[])
        write, read = words.write_port(), words.read_port(domain="comb")

        count, sent = Signal(range(DEPTH + 1)), Signal(range(DEPTH + 1))
        ready, loading, busy, done = Signal(), Signal(), Signal(), Signal()
        scratch, addend, cycles = Signal(32), Signal(32), Signal(32)
        no_last, no_irq, no_result = Signal(), Signal(), Signal()
        access, start, last = target.access, Signal(), Signal()
        fault = [no_last, no_irq, no_result]

        m.d.comb += [access.done.eq(1), access.error.eq(1)]
        with m.Switch(access.address):
            with m.Case(CONTROL):
                m.d.comb += access.error.eq(~access.write)
                m.d.comb += start.eq(access.valid & access.write & access.data[0] & ready & ~busy)
            with m.Case(STATUS):
                m.d.comb += access.error.eq(access.write)
                for bit, flag in enumerate((ready, loading, busy, done)):
                    m.d.comb += access.value[bit].eq(flag)
            with m.Case(CYCLES):
                m.d.comb += [access.error.eq(access.write), access.value.eq(cycles)]
            for address, register in ((SCRATCH, scratch), (ADDEND, addend)):
                with m.Case(address):
                    m.d.comb += [access.error.eq(0), access.value.eq(register)]
                    with m.If(access.valid & access.write):
                        m.d.sync += register.eq(access.data)
            with m.Case(FAULT):
                m.d.comb += access.error.eq(~access.write)
                with m.If(access.valid & access.write):
                    m.d.sync += [flag.eq(access.data[bit]) for bit, flag in enumerate(fault)]

        m.d.comb += [
            self.s_axis.tready.eq(~ready & ~busy & (count < DEPTH)),
            write.addr.eq(count),
            write.data.eq(self.s_axis.tdata),
            write.en.eq(self.s_axis.tvalid & self.s_axis.tready),
            read.addr.eq(sent),
            last.eq(sent + 1 == count),
            self.m_axis.tvalid.eq(busy & (sent < count) & ~no_result),
            self.m_axis.tdata.eq(read.data + addend),
            self.m_axis.tkeep.eq(Mux(last, 0x3, 0xFF)),
            self.m_axis.tlast.eq(last & ~no_last),
            self.irq.eq(done),
        ]
        with m.If(write.en):
            m.d.sync += [count.eq(count + 1), loading.eq(~self.s_axis.tlast)]
            m.d.sync += ready.eq(self.s_axis.tlast)
        with m.If(start):
            m.d.sync += [ready.eq(0), busy.eq(1), done.eq(0), sent.eq(0), cycles.eq(0)]
        with m.If(busy):
            m.d.sync += cycles.eq(cycles + 1)
            with m.If(self.m_axis.tvalid & self.m_axis.tready):
                m.d.sync += sent.eq(sent + 1)
            with m.If((sent == count) | no_result):
                m.d.sync += [busy.eq(0), done.eq(~no_irq & ~no_result), count.eq(0)]
        return m
